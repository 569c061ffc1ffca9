Feature: Data flow
  What tasks see, what they hand on, and what stays in between.

  Scenario: input.from as an object evaluates its members
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: input-from-as-an-object-evaluates-its-members, version: '1.0.0'}
    do:
      - pick:
          input:
            from:
              id: ${ .user.id }
              fixed: plain text
              list: ['${ .user.name }', 2, {deep: '${ .user.id + 1 }'}]
          set: ${ . }
    """
    And given the workflow input is:
    """yaml
    {user: {id: 7, name: ada}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {id: 7, fixed: plain text, list: [ada, 2, {deep: 8}]}
    """

  Scenario: A definition sees the transformed input and can reach the raw one
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-definition-sees-the-transformed-input-and-can-reach-the-ra, version: '1.0.0'}
    do:
      - look:
          input: {from: .inner}
          set:
            dot: ${ . }
            input: ${ $input }
            raw: ${ $task.input }
    """
    And given the workflow input is:
    """yaml
    {inner: {n: 1}, outer: true}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {dot: {n: 1}, input: {n: 1}, raw: {inner: {n: 1}, outer: true}}
    """

  Scenario: output.as reads the raw output beside the input
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: output-as-reads-the-raw-output-beside-the-input, version: '1.0.0'}
    do:
      - first:
          set: {a: 1}
          output: {as: '{raw: ., given: $input.n}'}
    """
    And given the workflow input is:
    """yaml
    {n: 5}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {raw: {a: 1}, given: 5}
    """

  Scenario: output.as as an object
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: output-as-as-an-object, version: '1.0.0'}
    do:
      - first:
          set: {price: 2, count: 3}
          output: {as: {total: '${ .price * .count }', unit: EUR}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {total: 6, unit: EUR}
    """

  Scenario: export replaces the context and leaves the output alone
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: export-replaces-the-context-and-leaves-the-output-alone, version: '1.0.0'}
    do:
      - one:
          set: {x: 1}
          export: {as: '{first: .x}'}
      - two:
          set: {x: 2}
          export: {as: '{second: .x, before: $context}'}
      - three:
          set: {output: '${ . }', context: '${ $context }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {output: {x: 2}, context: {second: 2, before: {first: 1}}}
    """

  Scenario: export sees the transformed output
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: export-sees-the-transformed-output, version: '1.0.0'}
    do:
      - one:
          set: {x: {y: 1}}
          output: {as: .x}
          export: {as: '{dot: ., same: ($output == .), input: $input}'}
      - two: {set: '${ $context }'}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {dot: {y: 1}, same: true, input: {n: 1}}
    """

  Scenario: export as an object keeps what its expressions take along
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: export-as-an-object-keeps-what-its-expressions-take-along, version: '1.0.0'}
    do:
      - one:
          set: {x: 1}
          export: {as: {a: '${ .x }'}}
      - two:
          set: {x: 2}
          export: {as: '$context + {b: .x}'}
      - three: {set: '${ $context }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {a: 1, b: 2}
    """

  Scenario: The context is null before the first export
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-context-is-null-before-the-first-export, version: '1.0.0'}
    do:
      - look: {set: {context: '${ $context }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {context: null}
    """

  Scenario: Workflow input and output are transformed
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: workflow-input-and-output-are-transformed, version: '1.0.0'}
    input: {from: .order}
    do:
      - bill: {set: {total: '${ .price * .count }', raw: '${ $workflow.input.order.price }'}}
    output: {as: '{sum: .total, raw}'}
    """
    And given the workflow input is:
    """yaml
    {order: {price: 3, count: 4}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {sum: 12, raw: 3}
    """

  Scenario: The workflow output can be an object of expressions
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-workflow-output-can-be-an-object-of-expressions, version: '1.0.0'}
    do:
      - one: {set: {a: [1, 2, 3]}}
    output:
      as:
        last: ${ .a[-1] }
        all: ${ .a }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {last: 3, all: [1, 2, 3]}
    """

  Scenario: A nested list starts from the transformed input of its task
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-nested-list-starts-from-the-transformed-input-of-its-task, version: '1.0.0'}
    do:
      - outer:
          input: {from: .inner}
          do:
            - look: {set: {seen: '${ . }'}}
    """
    And given the workflow input is:
    """yaml
    {inner: {n: 1}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {seen: {n: 1}}
    """

  Scenario: The output of a list is its last, shaped by the task around it
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-output-of-a-list-is-its-last-shaped-by-the-task-around-i, version: '1.0.0'}
    do:
      - outer:
          do:
            - one: {set: {a: 1}}
            - two: {set: {a: '${ .a + 1 }'}}
          output: {as: '{outer: .a}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {outer: 2}
    """

  Scenario: Values that are no objects flow
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: values-that-are-no-objects-flow, version: '1.0.0'}
    do:
      - number: {set: '${ .n + 1 }'}
      - list: {set: '${ [., .] }'}
      - text: {set: '${ map(tostring) | join("-") }'}
    """
    And given the workflow input is:
    """yaml
    {n: 3}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    4-4
    """

  Scenario: null, false and empty values are values
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: null-false-and-empty-values-are-values, version: '1.0.0'}
    do:
      - all: {set: {a: null, b: false, c: '', d: [], e: {}, f: 0, g: '${ .missing }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {a: null, b: false, c: '', d: [], e: {}, f: 0, g: null}
    """

  Scenario: set replaces the output and does not merge
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: set-replaces-the-output-and-does-not-merge, version: '1.0.0'}
    do:
      - one: {set: {a: 1, b: 2}}
      - two: {set: {c: '${ .a }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {c: 1}
    """

  Scenario: $task describes the task that runs
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: task-describes-the-task-that-runs, version: '1.0.0'}
    do:
      - outer:
          do:
            - look:
                metadata: {owner: ada}
                set:
                  name: ${ $task.name }
                  reference: ${ $task.reference }
                  owner: ${ $task.definition.metadata.owner }
                  started: ${ ($task.startedAt.iso8601 | type) + " " + ($task.startedAt.epoch.seconds | type) }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {name: look, reference: /do/0/outer/do/0/look, owner: ada, started: string number}
    """

  Scenario: $task has the raw output where it is transformed
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: task-has-the-raw-output-where-it-is-transformed, version: '1.0.0'}
    do:
      - one:
          set: {a: 1}
          output: {as: '{raw: $task.output}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {raw: {a: 1}}
    """

  Scenario: $workflow and $runtime describe the run
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: describes-itself, version: '2.1.0'}
    do:
      - look:
          set:
            name: ${ $workflow.definition.document.name }
            version: ${ $workflow.definition.document.version }
            input: ${ $workflow.input.n }
            id: ${ $workflow.id | type }
            started: ${ $workflow.startedAt.epoch.milliseconds | type }
            runtime: ${ ($runtime.name | type) + " " + ($runtime.version | type) }
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {name: describes-itself, version: 2.1.0, input: 1, id: string, started: number, runtime: string string}
    """

  Scenario: A false condition hands the raw input on and leaves the rest out
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-false-condition-hands-the-raw-input-on-and-leaves-the-rest, version: '1.0.0'}
    do:
      - skipped:
          if: .n > 5
          input: {from: .inner}
          set: {never: true}
          output: {as: '{shaped: true}'}
          export: {as: '{exported: true}'}
      - look: {set: {input: '${ . }', context: '${ $context }'}}
    """
    And given the workflow input is:
    """yaml
    {n: 1, inner: {}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {input: {n: 1, inner: {}}, context: null}
    """

  Scenario: A condition looks at the raw input
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-condition-looks-at-the-raw-input, version: '1.0.0'}
    do:
      - taken:
          if: ${ .flag }
          input: {from: .other}
          set: {ran: '${ . }'}
    """
    And given the workflow input is:
    """yaml
    {flag: true, other: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {ran: 1}
    """

  # So the specification's own example reads: the error ends the workflow, its absence does not.
  Scenario: The directive of a skipped task is skipped with it
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-directive-of-a-skipped-task-is-skipped-with-it, version: '1.0.0'}
    do:
      - skipped:
          if: .never
          set: {a: 1}
          then: end
      - reached: {set: {n: '${ .n + 1 }'}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 2}
    """
    And reached should run last

  Scenario: A condition that is neither true nor false is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-condition-that-is-neither-true-nor-false-is-an-error, version: '1.0.0'}
    do:
      - asks:
          if: .n
          set: {a: 1}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/asks'

  Scenario: Conditions hold for composite tasks
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: conditions-hold-for-composite-tasks, version: '1.0.0'}
    do:
      - loop:
          if: .items != null
          for: {in: .items}
          do:
            - never: {set: {a: 1}}
      - after: {set: {seen: '${ . }'}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {seen: {n: 1}}
    """
    And never should not run
