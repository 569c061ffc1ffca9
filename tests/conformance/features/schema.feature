Feature: Schema
  Shapes of what flows, at every place.

  Scenario: The workflow input that fits
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-workflow-input-that-fits, version: '1.0.0'}
    input: {schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}
    do:
      - one: {set: {ok: true}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {ok: true}
    """

  Scenario: The workflow input that does not fit
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-workflow-input-that-does-not-fit, version: '1.0.0'}
    input: {schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}
    do:
      - one: {set: {ok: true}}
    """
    And given the workflow input is:
    """yaml
    {n: 0}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'validation' error
    And one should not run

  Scenario: A task input that fits
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-task-input-that-fits, version: '1.0.0'}
    do:
      - one: {input: {schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}, set: {ok: true}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {ok: true}
    """

  Scenario: A task input that does not fit
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-task-input-that-does-not-fit, version: '1.0.0'}
    do:
      - one: {input: {schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}, set: {ok: true}}
    """
    And given the workflow input is:
    """yaml
    {n: 0}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'validation' error
    And one should fault

  Scenario: A task output that fits
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-task-output-that-fits, version: '1.0.0'}
    do:
      - one: {set: {n: '${ .value }'}, output: {schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}}
    """
    And given the workflow input is:
    """yaml
    {value: 3}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 3}
    """

  Scenario: A task output that does not fit
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-task-output-that-does-not-fit, version: '1.0.0'}
    do:
      - one: {set: {n: '${ .value }'}, output: {schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}}
    """
    And given the workflow input is:
    """yaml
    {value: text}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'validation' error

  Scenario: A workflow output that fits
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-workflow-output-that-fits, version: '1.0.0'}
    do:
      - one: {set: {n: '${ .value }'}}
    output: {schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}
    """
    And given the workflow input is:
    """yaml
    {value: 3}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 3}
    """

  Scenario: A workflow output that does not fit
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-workflow-output-that-does-not-fit, version: '1.0.0'}
    do:
      - one: {set: {n: '${ .value }'}}
    output: {schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}
    """
    And given the workflow input is:
    """yaml
    {value: text}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'validation' error

  Scenario: A context that fits
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-context-that-fits, version: '1.0.0'}
    do:
      - one: {set: {n: 1}, export: {as: ., schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}}
      - look: {set: '${ $context }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 1}
    """

  Scenario: A context that does not fit
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-context-that-does-not-fit, version: '1.0.0'}
    do:
      - one: {set: {n: 1}, export: {as: '{m: .n}', schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'validation' error at '/do/0/one'

  Scenario: The raw input is looked at, before it is transformed
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-raw-input-is-looked-at-before-it-is-transformed, version: '1.0.0'}
    do:
      - one: {input: {schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}, from: .inner}, set: {got: '${ . }'}}
    """
    And given the workflow input is:
    """yaml
    {n: 1, inner: text}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {got: text}
    """

  Scenario: The transformed output is looked at
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-transformed-output-is-looked-at, version: '1.0.0'}
    do:
      - one: {set: {m: 1}, output: {as: '{n: .m}', schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 1}
    """

  Scenario: A shape that does not fit is caught
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-shape-that-does-not-fit-is-caught, version: '1.0.0'}
    do:
      - guarded:
          try:
            - one: {input: {schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}, set: {ok: true}}
          catch:
            errors: {with: {type: 'https://serverlessworkflow.io/spec/1.0.0/errors/validation', status: 400}}
            do:
              - handled: {set: {instance: '${ $error.instance }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {instance: /do/0/guarded/try/0/one}
    """

  Scenario: The format may be named
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-format-may-be-named, version: '1.0.0'}
    input: {schema: {format: json, document: {type: object, required: [n]}}}
    do:
      - one: {set: {ok: true}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {ok: true}
    """

  Scenario: References within the schema
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: references-within-the-schema, version: '1.0.0'}
    input: {schema: {document: {$defs: {id: {type: string, pattern: '^[a-z]+$'}}, type: object, properties: {id: {$ref: '#/$defs/id'}}}}}
    do:
      - one: {set: {ok: true}}
    """
    And given the workflow input is:
    """yaml
    {id: NO}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'validation' error

  Scenario: What the draft of 2020-12 knows
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: what-the-draft-of-2020-12-knows, version: '1.0.0'}
    input: {schema: {document: {type: object, properties: {list: {type: array, prefixItems: [{type: integer}, {type: string}], items: false}}, unevaluatedProperties: false}}}
    do:
      - one: {set: {ok: true}}
    """
    And given the workflow input is:
    """yaml
    {list: [1, a]}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {ok: true}
    """

  Scenario: A skipped task looks at nothing
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-skipped-task-looks-at-nothing, version: '1.0.0'}
    do:
      - one: {if: .never, input: {schema: {document: {type: object, required: [n], properties: {n: {type: integer, minimum: 1}}}}}, set: {ok: true}}
    """
    And given the workflow input is:
    """yaml
    {x: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {x: 1}
    """

  Scenario: A schema that is none is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-schema-that-is-none-is-refused, version: '1.0.0'}
    input: {schema: {document: {type: nothing}}}
    do:
      - one: {set: {ok: true}}
    """
    When the workflow is executed
    Then the definition should be refused at line 2
