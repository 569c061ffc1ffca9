Feature: Extensions
  Tasks around tasks.

  Scenario: A task before each of a kind
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-task-before-each-of-a-kind, version: '1.0.0'}
    use:
      extensions:
        - log:
            extend: set
            before:
              - note: {wait: {milliseconds: 1}, export: {as: '{log: (($context.log // []) + ["before"])}'}}
    do:
      - one: {set: {a: 1}}
      - two: {set: {b: '${ .a }'}}
      - look: {wait: {milliseconds: 1}, output: {as: '{b, log: $context.log}'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {b: 1, log: [before, before]}
    """
    And note should run 2 times

  Scenario: A task after each of a kind
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-task-after-each-of-a-kind, version: '1.0.0'}
    use:
      extensions:
        - log:
            extend: raise
            after:
              - note: {wait: {milliseconds: 1}, export: {as: '{log: (($context.log // []) + ["after"])}'}}
        - log2:
            extend: set
            after:
              - note2: {wait: {milliseconds: 1}, export: {as: '{log: (($context.log // []) + ["after set"])}'}}
    do:
      - one: {set: {a: 1}}
      - look: {wait: {milliseconds: 1}, output: {as: '{a, log: $context.log}'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {a: 1, log: [after set]}
    """
    And note should not run
    And note2 should run 1 times

  Scenario: exit before a task takes its place
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: exit-before-a-task-takes-its-place, version: '1.0.0'}
    use:
      extensions:
        - mock:
            extend: call
            before:
              - answer: {set: {mocked: true}, then: exit}
    do:
      - call: {call: http, with: {method: get, endpoint: 'http://services.test/status/500'}}
      - look: {set: {seen: '${ . }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {seen: {mocked: true}}
    """

  Scenario: What takes its place is shaped like its own output
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: what-takes-its-place-is-shaped-like-its-own-output, version: '1.0.0'}
    use:
      extensions:
        - mock:
            extend: call
            before:
              - answer: {set: {n: 1}, then: exit}
    do:
      - call: {call: http, with: {method: get, endpoint: 'http://services.test/status/500'}, output: {as: '{shaped: .n}'}, export: {as: '{kept: .shaped}'}}
      - look: {set: {shaped: '${ .shaped }', kept: '${ $context.kept }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {shaped: 1, kept: 1}
    """

  Scenario: when decides by the task that is extended
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: when-decides-by-the-task-that-is-extended, version: '1.0.0'}
    use:
      extensions:
        - mock:
            extend: call
            when: ($task.with.endpoint | tostring | contains("mocked"))
            before:
              - answer: {set: {path: mocked}, then: exit}
    do:
      - real: {call: http, with: {method: get, endpoint: 'http://services.test/echo/real'}, output: {as: '{first: .path}'}}
      - fake: {call: http, with: {method: get, endpoint: 'http://mocked.test/'}, output: {as: '{first: $input.first, second: .path}'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {first: /echo/real, second: mocked}
    """
    And answer should run 1 times

  Scenario: all extends every kind and not itself
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: all-extends-every-kind-and-not-itself, version: '1.0.0'}
    use:
      extensions:
        - count:
            extend: all
            before:
              - note: {set: {ignored: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
    do:
      - one: {set: {a: 1}}
      - pause: {wait: {milliseconds: 1}}
      - choose: {switch: [{go: {then: continue}}]}
      - look: {set: {n: '${ $context.n }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 4}
    """
    And note should run 4 times

  Scenario: composite extends lists of tasks
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: composite-extends-lists-of-tasks, version: '1.0.0'}
    use:
      extensions:
        - count:
            extend: composite
            before:
              - note: {wait: {milliseconds: 1}, export: {as: '{n: (($context.n // 0) + 1)}'}}
    do:
      - outer:
          do:
            - one: {set: {a: 1}}
      - look: {set: {n: '${ $context.n }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 1}
    """

  Scenario: Several extensions come in their order
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: several-extensions-come-in-their-order, version: '1.0.0'}
    use:
      extensions:
        - first:
            extend: set
            before:
              - noteFirst: {wait: {milliseconds: 1}, export: {as: '{log: (($context.log // []) + ["first"])}'}}
        - second:
            extend: all
            before:
              - noteSecond: {wait: {milliseconds: 1}, export: {as: '{log: (($context.log // []) + ["second"])}'}}
    do:
      - one: {set: {log: '${ $context.log }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {log: [first, second]}
    """
    And noteFirst should run before noteSecond

  Scenario: A fault of an extension is a fault of the task
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-fault-of-an-extension-is-a-fault-of-the-task, version: '1.0.0'}
    use:
      extensions:
        - check:
            extend: set
            before:
              - refuse: {raise: {error: {type: 'https://tests.test/errors/x', status: 403}}}
    do:
      - guarded:
          try:
            - one: {set: {a: 1}}
          catch:
            errors: {with: {status: 403}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 1}
    """
