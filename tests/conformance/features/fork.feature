Feature: Fork
  Branches side by side.

  Scenario: The output has the order of the branches
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-output-has-the-order-of-the-branches, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - slow:
                  do:
                    - pause: {wait: {milliseconds: 300}}
                    - one: {set: {branch: slow}}
              - quick: {set: {branch: quick}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{branch: slow}, {branch: quick}]
    """

  Scenario: Each branch begins with the input of the fork
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: each-branch-begins-with-the-input-of-the-fork, version: '1.0.0'}
    do:
      - both:
          input: {from: .inner}
          fork:
            branches:
              - a: {set: {a: '${ .n + 1 }'}}
              - b: {set: {b: '${ .n + 2 }'}}
    """
    And given the workflow input is:
    """yaml
    {inner: {n: 1}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{a: 2}, {b: 3}]
    """

  Scenario: Of those that compete the first one wins
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: of-those-that-compete-the-first-one-wins, version: '1.0.0'}
    do:
      - race:
          fork:
            compete: true
            branches:
              - slow:
                  do:
                    - long: {wait: {hours: 1}}
                    - never: {set: {winner: slow}}
              - quick:
                  do:
                    - short: {wait: {milliseconds: 100}}
                    - one: {set: {winner: quick}}
      - after: {set: {winner: '${ .winner }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {winner: quick}
    """
    And never should not run

  Scenario: A branch that faults does not win
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-branch-that-faults-does-not-win, version: '1.0.0'}
    do:
      - race:
          fork:
            compete: true
            branches:
              - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 400}}}
              - slow:
                  do:
                    - pause: {wait: {milliseconds: 100}}
                    - one: {set: {winner: slow}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {winner: slow}
    """

  Scenario: A fault of a branch is the fault of the fork
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-fault-of-a-branch-is-the-fault-of-the-fork, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - waits:
                  do:
                    - long: {wait: {hours: 1}}
              - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: no}}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    {type: 'https://tests.test/errors/a', status: 418, title: no, instance: /do/0/both/fork/branches/1/fails}
    """

  Scenario: A fork in a fork
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-fork-in-a-fork, version: '1.0.0'}
    do:
      - outer:
          fork:
            branches:
              - inner:
                  fork:
                    branches:
                      - a: {set: '${ .n }'}
                      - b: {set: '${ .n + 1 }'}
              - c: {set: '${ .n + 2 }'}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [[1, 2], 3]
    """

  Scenario: Loops in branches have their own variables
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: loops-in-branches-have-their-own-variables, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - ups:
                  for: {each: n, in: '[1, 2]'}
                  do:
                    - up: {set: {list: '${ (.list // []) + [$n] }'}}
              - downs:
                  for: {each: n, in: '[2, 1]'}
                  do:
                    - down: {set: {list: '${ (.list // []) + [$n] }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{list: [1, 2]}, {list: [2, 1]}]
    """

  Scenario: Branches share the context
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: branches-share-the-context, version: '1.0.0'}
    do:
      - first: {set: {tried: true}, export: {as: '{seen: []}'}}
      - both:
          fork:
            branches:
              - a: {set: {a: 1}, export: {as: '{seen: ($context.seen + ["a"])}'}}
              - b:
                  do:
                    - pause: {wait: {milliseconds: 100}}
                    - late: {set: {b: 1}, export: {as: '{seen: ($context.seen + ["b"])}'}}
      - look: {set: '${ $context }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {seen: [a, b]}
    """

  Scenario: Waits in branches run side by side
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: waits-in-branches-run-side-by-side, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - a: {wait: {milliseconds: 500}}
              - b: {wait: {milliseconds: 300}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{n: 1}, {n: 1}]
    """
    And the workflow should take 'PT0.5S'
