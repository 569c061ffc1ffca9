Feature: Depth
  Constructs within each other.

  Scenario: A jump in a handler
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-jump-in-a-handler, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 400}}}
          catch:
            do:
              - one: {set: {seen: [1]}, then: three}
              - two: {set: {seen: '${ .seen + [2] }'}, then: exit}
              - three: {set: {seen: '${ .seen + [3] }'}, then: two}
      - after: {set: {seen: '${ .seen + ["after"] }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {seen: [1, 3, 2, after]}
    """

  Scenario: catch.then within a loop
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: catch-then-within-a-loop, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '[1, 2, 3]'}
          do:
            - keep: {set: {seen: '${ .seen // [] }', fail: '${ $n == 2 }'}}
            - guarded:
                try:
                  - maybe: {if: .fail, raise: {error: {type: 'https://tests.test/errors/a', status: 400}}}
                catch: {then: failed}
            - fine: {set: {seen: '${ .seen + ["fine \($n)"] }'}, then: exit}
            - failed: {set: {seen: '${ .seen + ["failed \($n)"] }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {seen: [fine 1, failed 2, fine 3]}
    """

  Scenario: Filters that are computed
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: filters-that-are-computed, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418}}}
          catch:
            errors: {with: {status: '${ .status }', type: '${ "https://tests.test/errors/" + .kind }'}}
            do:
              - handled: {set: {handled: true}}
    """
    And given the workflow input is:
    """yaml
    {status: 418, kind: a}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {handled: true}
    """

  Scenario: A condition of a catch that cannot be decided is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-condition-of-a-catch-that-cannot-be-decided-is-an-error, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418}}}
          catch:
            when: $error.status
            do:
              - handled: {set: {handled: true}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/guarded'
    And handled should not run

  Scenario: Retries within retries
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: retries-within-retries, version: '1.0.0'}
    do:
      - outer:
          try:
            - inner:
                try:
                  - count: {set: {n: 1}, export: {as: '{n: (($context.n // 0) + 1)}'}}
                  - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 503}}}
                catch: {retry: {limit: {attempt: {count: 2}}}}
          catch:
            retry: {limit: {attempt: {count: 3}}}
            do:
              - handled: {set: {tries: '${ $context.n }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {tries: 6}
    """
    And count should run 6 times

  Scenario: A retry, then catch.then
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-retry-then-catch-then, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 503}}}
          catch:
            retry: {delay: {milliseconds: 50}, limit: {attempt: {count: 2}}}
            then: failed
      - fine: {set: {fine: true}, then: end}
      - failed: {set: {failed: true}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {failed: true}
    """
    And fails should run 2 times
    And fine should not run

  # At 0 and 4 s; the next one would be at 8 s. Seconds, since durable timers on a busy machine come late.
  Scenario: A timeout around retries
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-timeout-around-retries, version: '1.0.0'}
    do:
      - guarded:
          timeout: {after: {seconds: 7}}
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 503}}}
          catch: {retry: {delay: {seconds: 4}, limit: {attempt: {count: 99}}}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'timeout' error at '/do/0/guarded'
    And fails should run 2 times
    And the workflow should take 'PT7S'

  Scenario: Loops in branches in loops
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: loops-in-branches-in-loops, version: '1.0.0'}
    do:
      - rounds:
          for: {each: round, in: '[1, 2]'}
          do:
            - both:
                fork:
                  branches:
                    - a:
                        for: {each: n, in: '[10, 20]'}
                        do:
                          - add: {set: {sum: '${ (.sum // 0) + $n * $round }'}}
                    - b: {set: '${ $round }'}
                output: {as: '{sums: (($input.sums // []) + [[.[0].sum, .[1]]]), sum: 0}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {sums: [[30, 1], [60, 2]], sum: 0}
    """
    And add should run 4 times

  Scenario: Inner names hide outer ones
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: inner-names-hide-outer-ones, version: '1.0.0'}
    do:
      - outer:
          for: {each: x, in: '[1]'}
          do:
            - inner:
                for: {each: x, in: '[2]'}
                do:
                  - one: {set: {inner: '${ $x }'}}
            - two: {set: {inner: '${ .inner }', outer: '${ $x }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {inner: 2, outer: 1}
    """

  Scenario: The error of an outer handler in an inner one
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-error-of-an-outer-handler-in-an-inner-one, version: '1.0.0'}
    do:
      - outer:
          try:
            - first: {raise: {error: {type: 'https://tests.test/errors/a', status: 401}}}
          catch:
            as: outer
            do:
              - inner:
                  try:
                    - second: {raise: {error: {type: 'https://tests.test/errors/b', status: 402}}}
                  catch:
                    as: inner
                    do:
                      - both: {set: '${ [$outer.status, $inner.status] }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [401, 402]
    """

  Scenario: exit in a branch ends the list of the branch
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: exit-in-a-branch-ends-the-list-of-the-branch, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - a:
                  do:
                    - one: {set: {a: 1}, then: exit}
                    - two: {set: {a: 2}}
              - b: {set: {b: 1}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{a: 1}, {b: 1}]
    """

  Scenario: end in the deepest place
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: end-in-the-deepest-place, version: '1.0.0'}
    do:
      - a:
          try:
            - b:
                for: {each: n, in: '[1, 2]'}
                do:
                  - c:
                      do:
                        - d:
                            fork:
                              branches:
                                - e:
                                    do:
                                      - f: {set: {n: '${ $n }'}, then: end}
          catch: {}
          output: {as: '{shaped: true}'}
          export: {as: '{exported: true}'}
      - after: {set: {after: true}}
    output: {as: '{n, context: $context}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 1, context: null}
    """
    And after should not run

  Scenario: The same name in different lists
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-same-name-in-different-lists, version: '1.0.0'}
    do:
      - one:
          do:
            - two: {set: {a: 1}}
      - two: {set: {b: '${ .a }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {b: 1}
    """

  Scenario: The context everywhere
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-context-everywhere, version: '1.0.0'}
    do:
      - keep: {set: {n: 2}, export: {as: .}}
      - use:
          if: $context.n == 2
          input: {from: '{from: $context.n}'}
          set: {from: '${ .from }', in: '${ $context.n }'}
          output: {as: '. + {out: $context.n}'}
          export: {as: '$context + {kept: $output.out}'}
    output: {as: '. + {context: $context}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {from: 2, in: 2, out: 2, context: {n: 2, kept: 2}}
    """

  Scenario: An error of an export is an error of its task
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-error-of-an-export-is-an-error-of-its-task, version: '1.0.0'}
    do:
      - one: {set: {n: 1}, export: {as: .n.m}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/one'

  Scenario: An error of the workflow output
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-error-of-the-workflow-output, version: '1.0.0'}
    do:
      - one: {set: {n: 1}}
    output: {as: .n.m}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error

  Scenario: A fault in a handler of a loop leaves the loop
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-fault-in-a-handler-of-a-loop-leaves-the-loop, version: '1.0.0'}
    do:
      - guarded:
          try:
            - loop:
                for: {each: n, in: '[1, 2, 3]'}
                do:
                  - check: {if: $n == 2, raise: {error: {type: 'https://tests.test/errors/a', status: 400, detail: '${ "at \($n)" }'}}}
          catch:
            do:
              - handled: {set: {detail: '${ $error.detail }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {detail: at 2}
    """
    And check should run 2 times

  Scenario: Many levels
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: many-levels, version: '1.0.0'}
    do:
      - level0:
          do:
          - level1:
              do:
              - level2:
                  do:
                  - level3:
                      do:
                      - level4:
                          do:
                          - level5:
                              do:
                              - level6:
                                  do:
                                  - level7:
                                      do:
                                      - level8:
                                          do:
                                          - level9:
                                              do:
                                              - level10:
                                                  do:
                                                  - level11:
                                                      do:
                                                      - last: {set: {deep: '${ $task.reference | split("/") | length }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {deep: 40}
    """

  Scenario: Tasks of every kind under a condition
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: tasks-of-every-kind-under-a-condition, version: '1.0.0'}
    do:
      - a: {if: .no, wait: {hours: 1}}
      - b: {if: .no, raise: {error: {type: 'https://tests.test/errors/a', status: 400}}}
      - c: {if: .no, call: http, with: {method: get, endpoint: 'http://services.test/status/500'}}
      - d: {if: .no, fork: {branches: [{x: {set: {a: 1}}}]}}
      - e: {if: .no, try: [{y: {set: {a: 1}}}], catch: {}}
      - f: {if: .no, do: [{z: {set: {a: 1}}}]}
      - g: {if: .no, switch: [{w: {then: end}}]}
      - h: {set: {reached: '${ .n }'}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {reached: 1}
    """

  Scenario: Calls side by side keep their places
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: calls-side-by-side-keep-their-places, version: '1.0.0'}
    do:
      - all:
          fork:
            branches:
              - slow: {call: http, with: {method: get, endpoint: 'http://services.test/slow/300'}, output: {as: '"slow"'}}
              - quick: {call: http, with: {method: get, endpoint: 'http://services.test/echo'}, output: {as: '"quick"'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [slow, quick]
    """
