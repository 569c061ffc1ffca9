Feature: Switch
  Cases, defaults, and where the flow goes.

  Scenario: The first case that matches decides
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-first-case-that-matches-decides, version: '1.0.0'}
    do:
      - choose:
          switch:
            - small: {when: .n < 10, then: first}
            - smaller: {when: .n < 100, then: second}
      - second: {set: {chosen: second}, then: end}
      - first: {set: {chosen: first}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {chosen: first}
    """
    And second should not run

  Scenario: A default is a default wherever it stands
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-default-is-a-default-wherever-it-stands, version: '1.0.0'}
    do:
      - choose:
          switch:
            - otherwise: {then: second}
            - match: {when: .n == 1, then: first}
      - second: {set: {chosen: second}, then: end}
      - first: {set: {chosen: first}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {chosen: first}
    """

  Scenario: The output of a switch is its input, shaped like any
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-output-of-a-switch-is-its-input-shaped-like-any, version: '1.0.0'}
    do:
      - choose:
          input: {from: .inner}
          switch:
            - match: {when: .n == 1, then: continue}
          output: {as: '{switched: .}'}
      - look: {set: '${ . }'}
    """
    And given the workflow input is:
    """yaml
    {inner: {n: 1}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {switched: {n: 1}}
    """

  Scenario: continue in a case goes on in spite of the directive of the task
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: continue-in-a-case-goes-on-in-spite-of-the-directive-of-the, version: '1.0.0'}
    do:
      - choose:
          switch:
            - match: {when: .n == 1, then: continue}
          then: end
      - next: {set: {next: true}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {next: true}
    """

  Scenario: Without a match the flow goes on
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: without-a-match-the-flow-goes-on, version: '1.0.0'}
    do:
      - choose:
          switch:
            - match: {when: .n == 2, then: end}
      - next: {set: {next: '${ .n }'}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {next: 1}
    """

  Scenario: exit in a case
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: exit-in-a-case, version: '1.0.0'}
    do:
      - outer:
          do:
            - choose:
                switch:
                  - match: {when: .n == 1, then: exit}
            - skipped: {set: {skipped: true}}
      - after: {set: {after: '${ .n }'}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {after: 1}
    """
    And skipped should not run

  Scenario: A case that cannot be decided is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-case-that-cannot-be-decided-is-an-error, version: '1.0.0'}
    do:
      - choose:
          switch:
            - match: {when: .a.b == 1, then: end}
    """
    And given the workflow input is:
    """yaml
    {a: 1}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/choose'
