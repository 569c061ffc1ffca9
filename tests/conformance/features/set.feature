Feature: Set
  Scenario: A set replaces the whole output
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: set-replaces, version: '1.0.0'}
    do:
      - first: {set: {a: 1, b: 2}}
      - second: {set: {a: '${ .b }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    a: 2
    """
