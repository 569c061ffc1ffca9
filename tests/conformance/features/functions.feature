Feature: Functions
  Tasks that others call by a name.

  Scenario: A function of the document
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-function-of-the-document, version: '1.0.0'}
    use:
      functions:
        double: {set: {doubled: '${ .n * 2 }'}}
    do:
      - one: {call: double, with: {n: '${ .start }'}}
      - two: {call: double, with: {n: '${ .doubled }'}}
    """
    And given the workflow input is:
    """yaml
    {start: 3}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {doubled: 12}
    """

  Scenario: with is the input of the function
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: with-is-the-input-of-the-function, version: '1.0.0'}
    use:
      functions:
        look: {set: {seen: '${ . }', input: '${ $input }'}}
    do:
      - one: {call: look, with: {a: 1, b: '${ .n }'}}
    """
    And given the workflow input is:
    """yaml
    {n: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {seen: {a: 1, b: 2}, input: {a: 1, b: 2}}
    """

  Scenario: A function with a schema
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-function-with-a-schema, version: '1.0.0'}
    use:
      functions:
        double:
          input: {schema: {document: {type: object, required: [n], properties: {n: {type: integer}}}}}
          set: {doubled: '${ .n * 2 }'}
    do:
      - one: {call: double, with: {n: text}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'validation' error

  Scenario: A function that calls another one
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-function-that-calls-another-one, version: '1.0.0'}
    use:
      functions:
        add: {set: {n: '${ .n + 1 }'}}
        adds: {do: [{first: {call: add, with: {n: '${ .n }'}}}, {second: {call: add, with: {n: '${ .n }'}}}]}
    do:
      - one: {call: adds, with: {n: 1}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 3}
    """

  Scenario: A function that calls a service
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-function-that-calls-a-service, version: '1.0.0'}
    use:
      functions:
        get: {call: http, with: {method: get, endpoint: 'http://services.test/echo/{id}'}, output: {as: '{path}'}}
    do:
      - loop:
          for: {each: id, in: '[1, 2]'}
          do:
            - one: {call: get, with: {id: '${ $id }'}, output: {as: '{paths: (($input.paths // []) + [.path])}'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {paths: [/echo/1, /echo/2]}
    """

  Scenario: The output of a function is shaped by its caller too
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-output-of-a-function-is-shaped-by-its-caller-too, version: '1.0.0'}
    use:
      functions:
        double: {set: {doubled: '${ .n * 2 }'}, output: {as: '{twice: .doubled}'}}
    do:
      - one: {call: double, with: {n: 2}, output: {as: '{result: .twice}'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {result: 4}
    """

  Scenario: A function that there is not is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-function-that-there-is-not-is-refused, version: '1.0.0'}
    do:
      - one: {call: nothing, with: {n: 1}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3
