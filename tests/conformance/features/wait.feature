Feature: Wait
  Time that passes.

  Scenario: Written out
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: written-out, version: '1.0.0'}
    do:
      - pause: {wait: {seconds: 1, milliseconds: 500}}
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
    And the workflow should take 'PT1.5S'

  Scenario: As ISO 8601
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: as-iso-8601, version: '1.0.0'}
    do:
      - pause: {wait: PT0.5S}
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
    And the workflow should take 'PT0.5S'

  Scenario: Computed
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: computed, version: '1.0.0'}
    do:
      - pause: {wait: '${ .pause }'}
    """
    And given the workflow input is:
    """yaml
    {pause: PT0.4S}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {pause: PT0.4S}
    """
    And the workflow should take 'PT0.4S'

  Scenario: The output is the input, shaped like any
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-output-is-the-input-shaped-like-any, version: '1.0.0'}
    do:
      - pause:
          input: {from: .inner}
          wait: {milliseconds: 10}
          output: {as: '{waited: .}'}
    """
    And given the workflow input is:
    """yaml
    {inner: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {waited: 1}
    """

  Scenario: No time at all
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: no-time-at-all, version: '1.0.0'}
    do:
      - pause: {wait: {seconds: 0}}
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

  Scenario: A computed time that is none
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-computed-time-that-is-none, version: '1.0.0'}
    do:
      - pause: {wait: '${ .pause }'}
    """
    And given the workflow input is:
    """yaml
    {pause: soon}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/pause'

  Scenario: A year is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-year-is-refused, version: '1.0.0'}
    do:
      - pause: {wait: P1Y}
    """
    When the workflow is executed
    Then the definition should be refused at line 3

  Scenario: Cancelled while it waits
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: cancelled-while-it-waits, version: '1.0.0'}
    do:
      - before: {set: {a: 1}}
      - long: {wait: {hours: 1}}
      - after: {set: {after: true}}
    """
    When the workflow is cancelled while it waits
    Then the workflow should cancel
    And before should complete
    And after should not run

  Scenario: A cancellation is not caught
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-cancellation-is-not-caught, version: '1.0.0'}
    do:
      - guarded:
          try:
            - long: {wait: {hours: 1}}
          catch:
            do:
              - handled: {set: {handled: true}}
      - after: {set: {after: true}}
    """
    When the workflow is cancelled while it waits
    Then the workflow should cancel
    And handled should not run
    And after should not run

  Scenario: Cancelled in branches and loops
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: cancelled-in-branches-and-loops, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - a:
                  for: {in: '[1, 2]'}
                  do:
                    - long: {wait: {hours: 1}}
              - b:
                  do:
                    - longer: {wait: {hours: 2}}
      - after: {set: {after: true}}
    """
    When the workflow is cancelled while it waits
    Then the workflow should cancel
    And long should run 1 times
    And after should not run
