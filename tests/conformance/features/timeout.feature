Feature: Timeout
  What takes too long is interrupted.

  Scenario: A task that takes too long
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-task-that-takes-too-long, version: '1.0.0'}
    do:
      - slow:
          wait: {hours: 1}
          timeout: {after: {milliseconds: 200}}
      - after: {set: {after: true}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'timeout' error at '/do/0/slow'
    And the workflow should take 'PT0.2S'
    And after should not run

  Scenario: A list that takes too long
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-list-that-takes-too-long, version: '1.0.0'}
    do:
      - slow:
          timeout: {after: PT0.3S}
          do:
            - one: {wait: {milliseconds: 200}}
            - two: {wait: {milliseconds: 200}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'timeout' error at '/do/0/slow'
    And two should run last

  Scenario: A timeout by its name
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-timeout-by-its-name, version: '1.0.0'}
    use:
      timeouts:
        short: {after: {milliseconds: 100}}
    do:
      - slow: {wait: {hours: 1}, timeout: short}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'timeout' error at '/do/0/slow'

  Scenario: The workflow takes too long
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-workflow-takes-too-long, version: '1.0.0'}
    timeout: {after: {milliseconds: 300}}
    do:
      - one: {wait: {milliseconds: 100}}
      - two: {wait: {hours: 1}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'timeout' error
    And the workflow should take 'PT0.3S'

  Scenario: A timeout of the workflow by its name
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-timeout-of-the-workflow-by-its-name, version: '1.0.0'}
    use: {timeouts: {short: {after: {milliseconds: 100}}}}
    timeout: short
    do:
      - one: {wait: {hours: 1}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'timeout' error

  Scenario: A timeout of the workflow is not caught within it
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-timeout-of-the-workflow-is-not-caught-within-it, version: '1.0.0'}
    timeout: {after: {milliseconds: 200}}
    do:
      - guarded:
          try:
            - slow: {wait: {hours: 1}}
          catch:
            do:
              - handled: {set: {handled: true}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'timeout' error
    And handled should not run

  Scenario: A timeout is caught like any error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-timeout-is-caught-like-any-error, version: '1.0.0'}
    do:
      - guarded:
          try:
            - slow: {wait: {hours: 1}, timeout: {after: {milliseconds: 100}}}
          catch:
            errors: {with: {type: 'https://open-workflow-specification.org/spec/1.0.0/errors/timeout', status: 408}}
            do:
              - handled: {set: {instance: '${ $error.instance }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {instance: /do/0/guarded/try/0/slow}
    """

  Scenario: In time
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: in-time, version: '1.0.0'}
    do:
      - quick:
          timeout: {after: {minutes: 1}}
          do:
            - pause: {wait: {milliseconds: 50}}
            - one: {set: {a: 1}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {a: 1}
    """

  Scenario: Each run of a task has its own time
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: each-run-of-a-task-has-its-own-time, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '[1, 2, 3]'}
          do:
            - pause: {wait: {seconds: 2}, timeout: {after: {seconds: 5}}}
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
    And the workflow should take 'PT6S'

  Scenario: A time that is computed
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-time-that-is-computed, version: '1.0.0'}
    do:
      - slow: {wait: {hours: 1}, timeout: {after: '${ .limit }'}}
    """
    And given the workflow input is:
    """yaml
    {limit: PT0.2S}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'timeout' error at '/do/0/slow'
    And the workflow should take 'PT0.2S'

  Scenario: A call that takes too long is interrupted in a fork
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-call-that-takes-too-long-is-interrupted-in-a-fork, version: '1.0.0'}
    do:
      - guarded:
          try:
            - both:
                timeout: {after: {milliseconds: 200}}
                fork:
                  branches:
                    - a: {wait: {hours: 1}}
                    - b: {wait: {hours: 2}}
          catch:
            do:
              - handled: {set: {status: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {status: 408}
    """

  Scenario: A time in months is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-time-in-months-is-refused, version: '1.0.0'}
    do:
      - slow: {wait: PT1S, timeout: {after: P1M}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3
