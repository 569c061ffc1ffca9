Feature: Refused definitions
  What is wrong with a document is told before its first task.

  Scenario: An unknown key of a task
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-unknown-key-of-a-task, version: '1.0.0'}
    do:
      - one: {sett: {a: 1}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3

  Scenario: An unknown key at the top
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-unknown-key-at-the-top, version: '1.0.0'}
    dos: []
    do:
      - one: {set: {a: 1}}
    """
    When the workflow is executed
    Then the definition should be refused at line 2

  Scenario: An unknown key of a call
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-unknown-key-of-a-call, version: '1.0.0'}
    do:
      - one: {call: http, with: {method: get, endpoint: 'http://services.test/', metod: get}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3

  Scenario: No endpoint
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: no-endpoint, version: '1.0.0'}
    do:
      - one: {call: http, with: {method: get}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3

  Scenario: Two tasks in one item
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: two-tasks-in-one-item, version: '1.0.0'}
    do:
      - one: {set: {a: 1}}
        two: {set: {a: 2}}
    """
    When the workflow is executed
    Then the definition should be refused at line 4

  Scenario: Two tasks of one name
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: two-tasks-of-one-name, version: '1.0.0'}
    do:
      - one: {set: {a: 1}}
      - one: {set: {a: 2}}
    """
    When the workflow is executed
    Then the definition should be refused at line 4

  Scenario: A task of two kinds
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-task-of-two-kinds, version: '1.0.0'}
    do:
      - one: {set: {a: 1}, wait: {seconds: 1}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3

  Scenario: A retry policy that there is not
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-retry-policy-that-there-is-not, version: '1.0.0'}
    do:
      - one:
          try: [{a: {set: {a: 1}}}]
          catch: {retry: nothing}
    """
    When the workflow is executed
    Then the definition should be refused at line 5

  Scenario: A timeout that there is not
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-timeout-that-there-is-not, version: '1.0.0'}
    do:
      - one: {set: {a: 1}, timeout: nothing}
    """
    When the workflow is executed
    Then the definition should be refused at line 3

  Scenario: Another major version of the language
    Given a workflow with definition:
    """yaml
    document: {dsl: '2.0.0', namespace: tests, name: a, version: '1.0.0'}
    do:
      - one: {set: {a: 1}}
    """
    When the workflow is executed
    Then the definition should be refused at line 1

  Scenario: A version that is no text
    Given a workflow with definition:
    """yaml
    document: {dsl: 1.0, namespace: tests, name: a, version: '1.0.0'}
    do:
      - one: {set: {a: 1}}
    """
    When the workflow is executed
    Then the definition should be refused at line 1

  Scenario: A name that is none
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: not a name, version: '1.0.0'}
    do:
      - one: {set: {a: 1}}
    """
    When the workflow is executed
    Then the definition should be refused at line 1

  Scenario: No list of tasks
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: no-list-of-tasks, version: '1.0.0'}
    output: {as: .}
    """
    When the workflow is executed
    Then the definition should be refused

  Scenario: A kind of call that is not built
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-kind-of-call-that-is-not-built, version: '1.0.0'}
    do:
      - one: {set: {a: 1}}
      - two: {call: grpc, with: {proto: {endpoint: 'file:///a.proto'}, service: {name: A, host: localhost}, method: b}}
    """
    When the workflow is executed
    Then the definition should be refused at line 4

  Scenario: Not YAML
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: not-yaml, version: '1.0.0'}
    do: [
    """
    When the workflow is executed
    Then the definition should be refused
