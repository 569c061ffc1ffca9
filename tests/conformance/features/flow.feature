Feature: Flow
  Directives, from any depth.

  Scenario: exit ends its list only
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: exit-ends-its-list-only, version: '1.0.0'}
    do:
      - outer:
          do:
            - one: {set: {a: 1}, then: exit}
            - skipped: {set: {a: 2}}
      - after: {set: {after: '${ .a }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {after: 1}
    """
    And skipped should not run

  Scenario: exit in the root list ends the workflow
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: exit-in-the-root-list-ends-the-workflow, version: '1.0.0'}
    do:
      - one: {set: {a: 1}, then: exit}
      - two: {set: {a: 2}}
    output: {as: '{result: .a}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {result: 1}
    """
    And two should not run

  Scenario: end ends the workflow from a nested list
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: end-ends-the-workflow-from-a-nested-list, version: '1.0.0'}
    do:
      - outer:
          do:
            - inner:
                do:
                  - one: {set: {a: 1}, then: end}
                  - two: {set: {a: 2}}
            - three: {set: {a: 3}}
      - four: {set: {a: 4}}
    output: {as: '{result: .a}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {result: 1}
    """
    And two should not run
    And three should not run
    And four should not run

  Scenario: end ends the workflow from a loop
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: end-ends-the-workflow-from-a-loop, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '[1, 2, 3]'}
          do:
            - check:
                switch:
                  - found: {when: $n == 2, then: stop}
                  - other: {then: exit}
            - stop: {set: {found: '${ $n }'}, then: end}
      - after: {set: {after: true}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {found: 2}
    """
    And check should run 2 times
    And after should not run

  Scenario: exit in the body of a loop ends the iteration
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: exit-in-the-body-of-a-loop-ends-the-iteration, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '[1, 2, 3]'}
          do:
            - add: {set: {sum: '${ (.sum // 0) + $n }'}, then: exit}
            - never: {set: {never: true}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {sum: 6}
    """
    And add should run 3 times
    And never should not run

  Scenario: end ends the workflow from a try and from its handler
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: end-ends-the-workflow-from-a-try-and-from-its-handler, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 400}}}
          catch:
            do:
              - handled: {set: {handled: true}, then: end}
              - never: {set: {never: true}}
      - after: {set: {after: true}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {handled: true}
    """
    And never should not run
    And after should not run

  Scenario: exit in the list of a try
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: exit-in-the-list-of-a-try, version: '1.0.0'}
    do:
      - guarded:
          try:
            - one: {set: {a: 1}, then: exit}
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 400}}}
          catch: {}
      - after: {set: {after: '${ .a }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {after: 1}
    """
    And fails should not run

  Scenario: end ends the workflow from a branch
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: end-ends-the-workflow-from-a-branch, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - ends:
                  do:
                    - one: {set: {ended: true}, then: end}
              - waits:
                  do:
                    - long: {wait: {hours: 1}}
      - after: {set: {after: true}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {ended: true}
    """
    And after should not run

  Scenario: A jump goes back
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-jump-goes-back, version: '1.0.0'}
    do:
      - count: {set: {n: '${ .n + 1 }'}}
      - again:
          switch:
            - more: {when: .n < 3, then: count}
      - done: {set: {counted: '${ .n }'}}
    """
    And given the workflow input is:
    """yaml
    {n: 0}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {counted: 3}
    """
    And count should run 3 times
    And done should run last

  Scenario: A jump leaves out what lies between
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-jump-leaves-out-what-lies-between, version: '1.0.0'}
    do:
      - one: {set: {a: 1}, then: three}
      - two: {set: {a: 2}}
      - three: {set: {b: '${ .a }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {b: 1}
    """
    And two should not run
    And one should run before three

  Scenario: A jump within a nested list
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-jump-within-a-nested-list, version: '1.0.0'}
    do:
      - outer:
          do:
            - one: {set: {a: [1]}, then: three}
            - two: {set: {a: '${ .a + [2] }'}, then: exit}
            - three: {set: {a: '${ .a + [3] }'}, then: two}
      - last: {set: {a: '${ .a }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {a: [1, 3, 2]}
    """
    And three should run before two
    And last should run last

  Scenario: A jump within the body of a loop
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-jump-within-the-body-of-a-loop, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '[1, 2]'}
          do:
            - one: {set: {a: '${ (.a // []) + [$n] }'}, then: three}
            - two: {set: {a: null}}
            - three: {set: {a: '${ .a + [$n * 10] }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {a: [1, 10, 2, 20]}
    """
    And two should not run

  Scenario: continue is what happens anyway
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: continue-is-what-happens-anyway, version: '1.0.0'}
    do:
      - one: {set: {a: 1}, then: continue}
      - two: {set: {b: '${ .a }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {b: 1}
    """

  Scenario: A jump out of the list is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-jump-out-of-the-list-is-refused, version: '1.0.0'}
    do:
      - outer:
          do:
            - one: {set: {a: 1}, then: after}
      - after: {set: {b: 1}}
    """
    When the workflow is executed
    Then the definition should be refused at line 5

  Scenario: A jump to nowhere is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-jump-to-nowhere-is-refused, version: '1.0.0'}
    do:
      - one: {set: {a: 1}, then: nowhere}
    """
    When the workflow is executed
    Then the definition should be refused at line 3
