Feature: Retry
  Policies: how often, how long, and after how much time. Attempts are counted in the context.

  Scenario: Until it works
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: until-it-works, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 2
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {limit: {attempt: {count: 5}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {attempts: 3}
    """
    And count should run 3 times

  Scenario: The count is of all attempts
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-count-is-of-all-attempts, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 9
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {limit: {attempt: {count: 3}}}
    """
    When the workflow is executed
    Then the workflow should fault
    And count should run 3 times
    And the workflow error should have a 'status' property with value:
    """yaml
    503
    """

  Scenario: When they are used up the handler runs
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: when-they-are-used-up-the-handler-runs, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 9
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {limit: {attempt: {count: 2}}}
            do:
              - handled: {set: {attempts: '${ $context.n }', status: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {attempts: 2, status: 503}
    """

  Scenario: A constant delay
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-constant-delay, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 3
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {delay: {milliseconds: 200}, backoff: {constant: {}}, limit: {attempt: {count: 5}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {attempts: 4}
    """
    And the workflow should take 'PT0.6S'

  Scenario: A linear back-off
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-linear-back-off, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 3
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {delay: {milliseconds: 100}, backoff: {linear: {}}, limit: {attempt: {count: 5}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {attempts: 4}
    """
    And the workflow should take 'PT0.6S'

  Scenario: An exponential back-off
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-exponential-back-off, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 3
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {delay: {milliseconds: 100}, backoff: {exponential: {}}, limit: {attempt: {count: 5}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {attempts: 4}
    """
    And the workflow should take 'PT0.7S'

  Scenario: A delay as ISO 8601
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-delay-as-iso-8601, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 2
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {delay: PT0.25S, limit: {attempt: {count: 5}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {attempts: 3}
    """
    And the workflow should take 'PT0.5S'

  Scenario: Jitter adds to the delay
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: jitter-adds-to-the-delay, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 2
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {delay: {milliseconds: 100}, jitter: {from: {milliseconds: 50}, to: {milliseconds: 100}}, limit: {attempt: {count: 5}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {attempts: 3}
    """
    And the workflow should take 'PT0.3S' or more

  Scenario: A policy by its name
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-policy-by-its-name, version: '1.0.0'}
    use:
      retries:
        patient: {delay: {milliseconds: 100}, limit: {attempt: {count: 4}}}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 2
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: patient
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {attempts: 3}
    """
    And the workflow should take 'PT0.2S'

  Scenario: retry.when decides
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: retry-when-decides, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 2
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {when: '$error.status == 500', limit: {attempt: {count: 5}}}
    """
    When the workflow is executed
    Then the workflow should fault
    And count should run 1 times

  Scenario: retry.when allows
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: retry-when-allows, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 2
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {when: '$error.status == 503', limit: {attempt: {count: 5}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {attempts: 3}
    """

  Scenario: retry.exceptWhen decides
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: retry-exceptwhen-decides, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 2
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {exceptWhen: '$error.status == 503', limit: {attempt: {count: 5}}}
    """
    When the workflow is executed
    Then the workflow should fault
    And count should run 1 times

  Scenario: What is not caught is not tried again
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: what-is-not-caught-is-not-tried-again, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 2
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            errors: {with: {status: 500}}
            retry: {limit: {attempt: {count: 5}}}
    """
    When the workflow is executed
    Then the workflow should fault
    And count should run 1 times

  # At 0 and 4 s; the next one would be at 8 s. Seconds, since durable timers on a busy machine come late.
  Scenario: A limit of the whole time
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-limit-of-the-whole-time, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - maybe:
                if: $context.n <= 99
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {delay: {seconds: 4}, limit: {duration: {seconds: 7}}}
    """
    When the workflow is executed
    Then the workflow should fault
    And the workflow error should have a 'status' property with value:
    """yaml
    503
    """
    And count should run 2 times

  Scenario: A limit of one attempt
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-limit-of-one-attempt, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count: {set: {tried: true}, export: {as: '{n: (($context.n // 0) + 1)}'}}
            - slow:
                if: $context.n < 3
                wait: {hours: 1}
            - done: {set: {attempts: '${ $context.n }'}}
          catch:
            retry: {limit: {attempt: {count: 5, duration: {milliseconds: 200}}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {attempts: 3}
    """
    And the workflow should take 'PT0.4S'

  Scenario: An attempt begins with the input of the try
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-attempt-begins-with-the-input-of-the-try, version: '1.0.0'}
    do:
      - guarded:
          try:
            - add: {set: {n: '${ .n + 1 }'}, export: {as: '{tries: (($context.tries // 0) + 1)}'}}
            - maybe:
                if: $context.tries < 3
                raise: {error: {type: 'https://tests.test/errors/a', status: 503}}
          catch:
            retry: {limit: {attempt: {count: 5}}}
    """
    And given the workflow input is:
    """yaml
    {n: 0}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 1}
    """

  Scenario: A service that comes back
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-service-that-comes-back, version: '1.0.0'}
    do:
      - guarded:
          try:
            - get: {call: http, with: {method: get, endpoint: 'http://services.test/flaky/2/comes-back'}}
          catch:
            errors: {with: {type: 'https://serverlessworkflow.io/spec/1.0.0/errors/communication', status: 503}}
            retry: {delay: {milliseconds: 10}, backoff: {exponential: {}}, limit: {attempt: {count: 5}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {attempt: 3}
    """

  Scenario: A service that does not come back
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-service-that-does-not-come-back, version: '1.0.0'}
    do:
      - guarded:
          try:
            - post: {call: http, with: {method: post, endpoint: 'http://services.test/flaky/9/stays-away', body: {}}}
          catch:
            retry: {limit: {attempt: {count: 3}}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'communication' error at '/do/0/guarded/try/0/post'
    And the workflow error should have a 'status' property with value:
    """yaml
    503
    """
    And post should run 3 times

  Scenario: A retry in a loop counts anew in each iteration
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-retry-in-a-loop-counts-anew-in-each-iteration, version: '1.0.0'}
    do:
      - loop:
          for: {each: name, in: '["x", "y"]'}
          do:
            - guarded:
                try:
                  - get:
                      call: http
                      with: {method: get, endpoint: '${ "http://services.test/flaky/1/each-" + $name }'}
                      output: {as: '{attempts: (($input.attempts // []) + [.attempt])}'}
                catch:
                  retry: {limit: {attempt: {count: 2}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {attempts: [2, 2]}
    """
