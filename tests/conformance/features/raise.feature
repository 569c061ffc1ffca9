Feature: Raise
  Errors of one's own.

  Scenario: An error by its name
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-error-by-its-name, version: '1.0.0'}
    use:
      errors:
        tooLate: {type: 'https://tests.test/errors/late', status: 410, title: too late, detail: '${ "by \(.hours) hours" }'}
    do:
      - fails: {raise: {error: tooLate}}
    """
    And given the workflow input is:
    """yaml
    {hours: 3}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    {type: 'https://tests.test/errors/late', status: 410, title: too late, detail: by 3 hours, instance: /do/0/fails}
    """

  Scenario: Members of an error are expressions where they are marked
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: members-of-an-error-are-expressions-where-they-are-marked, version: '1.0.0'}
    do:
      - fails:
          raise:
            error:
              type: ${ "https://tests.test/errors/" + .kind }
              status: 402
              title: ${ .kind | ascii_upcase }
              detail: about .kind
    """
    And given the workflow input is:
    """yaml
    {kind: x}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    {type: 'https://tests.test/errors/x', status: 402, title: X, detail: about .kind, instance: /do/0/fails}
    """

  Scenario: The instance is the place in the document
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-instance-is-the-place-in-the-document, version: '1.0.0'}
    do:
      - outer:
          do:
            - loop:
                for: {each: n, in: '[1]'}
                do:
                  - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 400}}}
    """
    When the workflow is executed
    Then the workflow error should have a 'instance' property with value:
    """yaml
    /do/0/outer/do/0/loop/do/0/fails
    """

  Scenario: A fault ends the workflow
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-fault-ends-the-workflow, version: '1.0.0'}
    do:
      - before: {set: {a: 1}}
      - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 400}}}
      - after: {set: {b: 1}}
    """
    When the workflow is executed
    Then the workflow should fault
    And before should complete
    And fails should fault
    And after should not run

  Scenario: An error of a name that there is not is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-error-of-a-name-that-there-is-not-is-refused, version: '1.0.0'}
    do:
      - fails: {raise: {error: nothing}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3
