Feature: Emit
  Events that go out.

  Scenario: What is not given is generated
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: what-is-not-given-is-generated, version: '1.0.0'}
    do:
      - tell: {emit: {event: {with: {type: com.test.told.v1}}}}
      - look:
          set:
            specversion: ${ .specversion }
            type: ${ .type }
            source: ${ .source }
            id: ${ (.id | type) + " " + (.id | length > 0 | tostring) }
            time: ${ .time | type }
            data: ${ has("data") }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {specversion: '1.0', type: com.test.told.v1, source: /tests/what-is-not-given-is-generated/1.0.0, id: string true, time: string, data: false}
    """

  Scenario: What is given stays
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: what-is-given-stays, version: '1.0.0'}
    do:
      - tell:
          emit:
            event:
              with:
                id: mine
                source: https://tests.test/here
                type: com.test.told.v1
                time: '2024-02-29T12:00:00Z'
                subject: pets/1
                datacontenttype: application/json
                priority: high
                data: {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    specversion: '1.0'
    id: mine
    source: https://tests.test/here
    type: com.test.told.v1
    time: '2024-02-29T12:00:00Z'
    subject: pets/1
    datacontenttype: application/json
    priority: high
    data: {n: 1}
    """

  Scenario: Members are expressions where they are marked
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: members-are-expressions-where-they-are-marked, version: '1.0.0'}
    do:
      - tell:
          emit:
            event:
              with:
                source: ${ "https://tests.test/" + .who }
                type: ${ "com.test." + .what }
                data: ${ . }
    """
    And given the workflow input is:
    """yaml
    {who: ada, what: greeted}
    """
    When the workflow is executed
    Then the workflow output should have a 'source' property with value:
    """yaml
    https://tests.test/ada
    """
    And the workflow output should have a 'type' property with value:
    """yaml
    com.test.greeted
    """
    And the workflow output should have a 'data' property with value:
    """yaml
    {who: ada, what: greeted}
    """

  Scenario: Each event has an id of its own
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: each-event-has-an-id-of-its-own, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '[1, 2, 3]'}
          do:
            - tell:
                emit: {event: {with: {type: com.test.counted, data: '${ $n }'}}}
                export: {as: '{ids: (($context.ids // []) + [$output.id])}'}
      - look: {set: {different: '${ $context.ids | unique | length }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {different: 3}
    """

  Scenario: Data of any kind
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: data-of-any-kind, version: '1.0.0'}
    do:
      - text: {emit: {event: {with: {type: com.test.told, data: text}}}, output: {as: '[.data]'}}
      - list: {emit: {event: {with: {type: com.test.told, data: [1, '${ .[0] }']}}}, output: {as: .data}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [1, text]
    """

  Scenario: An event goes on like any output
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-event-goes-on-like-any-output, version: '1.0.0'}
    do:
      - tell:
          emit: {event: {with: {type: com.test.told, data: {n: 1}}}}
          output: {as: .data}
          export: {as: '{told: .n}'}
      - look: {set: {n: '${ .n }', told: '${ $context.told }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 1, told: 1}
    """
