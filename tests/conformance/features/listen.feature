Feature: Listen
  Events that come in. Those of a scenario are sent in their order as soon as it runs.

  Scenario: One
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: one, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              one: {with: {type: com.test.a}}
    """
    And given the events:
    """yaml
    - {type: com.test.a, data: {n: 1}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{n: 1}]
    """

  Scenario: Others are left alone
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: others-are-left-alone, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              one: {with: {type: com.test.a}}
    """
    And given the events:
    """yaml
    - {type: com.test.b, data: {n: 1}}
    - {type: com.test.a.more, data: {n: 2}}
    - {type: com.test.a, data: {n: 3}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{n: 3}]
    """

  Scenario: All, in the order of their arrival
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: all-in-the-order-of-their-arrival, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              all:
              - {with: {type: com.test.a}}
              - {with: {type: com.test.b}}
    """
    And given the events:
    """yaml
    - {type: com.test.b, data: b}
    - {type: com.test.b, data: again}
    - {type: com.test.a, data: a}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [b, a]
    """

  Scenario: Any: the first one
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: any-the-first-one, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              any:
              - {with: {type: com.test.a}}
              - {with: {type: com.test.b}}
    """
    And given the events:
    """yaml
    - {type: com.test.c, data: 0}
    - {type: com.test.b, data: 1}
    - {type: com.test.a, data: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [1]
    """

  Scenario: Any event at all
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: any-event-at-all, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              any: []
    """
    And given the events:
    """yaml
    - {type: whatever, data: {n: 1}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{n: 1}]
    """

  Scenario: Until a condition holds
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: until-a-condition-holds, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              any: [{with: {type: com.test.a}}]
              until: ( . | length ) == 2 or .[-1] == 9
    """
    And given the events:
    """yaml
    - {type: com.test.a, data: 1}
    - {type: com.test.b, data: 9}
    - {type: com.test.a, data: 2}
    - {type: com.test.a, data: 3}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [1, 2]
    """

  Scenario: Until another event
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: until-another-event, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              any: [{with: {type: com.test.a}}]
              until:
                one: {with: {type: com.test.stop}}
    """
    And given the events:
    """yaml
    - {type: com.test.a, data: 1}
    - {type: com.test.a, data: 2}
    - {type: com.test.stop, data: stop}
    - {type: com.test.a, data: 3}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [1, 2]
    """

  Scenario: Until all of several events
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: until-all-of-several-events, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              any: [{with: {type: com.test.a}}]
              until:
                all:
                - {with: {type: com.test.x}}
                - {with: {type: com.test.y}}
    """
    And given the events:
    """yaml
    - {type: com.test.a, data: 1}
    - {type: com.test.y}
    - {type: com.test.a, data: 2}
    - {type: com.test.x}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [1, 2]
    """

  Scenario: By more than the type
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: by-more-than-the-type, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              one: {with: {type: com.test.a, source: 'https://here.test', subject: pets, priority: high}}
    """
    And given the events:
    """yaml
    - {type: com.test.a, source: 'https://there.test', subject: pets, priority: high, data: 1}
    - {type: com.test.a, source: 'https://here.test', subject: cars, priority: high, data: 2}
    - {type: com.test.a, source: 'https://here.test', subject: pets, data: 3}
    - {type: com.test.a, source: 'https://here.test', subject: pets, priority: high, data: 4}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [4]
    """

  Scenario: By a pattern
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: by-a-pattern, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              one: {with: {type: 'com\.test\.(pets|cats)\..*'}}
    """
    And given the events:
    """yaml
    - {type: com.test.dogs.sold, data: 1}
    - {type: com.test.cats.sold, data: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [2]
    """

  Scenario: By an expression on the data
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: by-an-expression-on-the-data, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              one: {with: {type: com.test.vitals, data: '${ .temperature > 38 }'}}
    """
    And given the events:
    """yaml
    - {type: com.test.vitals, data: {temperature: 37}}
    - {type: com.test.vitals, data: {temperature: 39}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{temperature: 39}]
    """

  Scenario: By an expression that computes a value
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: by-an-expression-that-computes-a-value, version: '1.0.0'}
    do:
      - hear:
          listen: {to: {one: {with: {type: '${ "com.test." + .kind }'}}}}
    """
    And given the workflow input is:
    """yaml
    {kind: b}
    """
    And given the events:
    """yaml
    - {type: com.test.a, data: 1}
    - {type: com.test.b, data: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [2]
    """

  Scenario: The first event decides what must agree
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-first-event-decides-what-must-agree, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              all:
              - with: {type: com.test.a}
                correlate: {room: {from: .data.room}}
              - with: {type: com.test.b}
                correlate: {room: {from: .data.room}}
    """
    And given the events:
    """yaml
    - {type: com.test.a, data: {room: 1, a: 1}}
    - {type: com.test.b, data: {room: 2, b: 1}}
    - {type: com.test.b, data: {room: 1, b: 2}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{room: 1, a: 1}, {room: 1, b: 2}]
    """

  Scenario: What must agree is expected
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: what-must-agree-is-expected, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              one:
                with: {type: com.test.a}
                correlate: {room: {from: .data.room, expect: '${ .room }'}}
    """
    And given the workflow input is:
    """yaml
    {room: 2}
    """
    And given the events:
    """yaml
    - {type: com.test.a, data: {room: 1}}
    - {type: com.test.a, data: {room: 2}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{room: 2}]
    """

  Scenario: Attributes can be correlated too
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: attributes-can-be-correlated-too, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              one:
                with: {type: com.test.a}
                correlate: {room: {from: .roomid, expect: north}}
    """
    And given the events:
    """yaml
    - {type: com.test.a, roomid: south, data: 1}
    - {type: com.test.a, roomid: north, data: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [2]
    """

  Scenario: The whole event
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-whole-event, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              one: {with: {type: com.test.a}}
            read: envelope
    """
    And given the events:
    """yaml
    - {type: com.test.a, data: {n: 1}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{specversion: '1.0', id: event-0, source: 'https://events.test', type: com.test.a, data: {n: 1}}]
    """

  Scenario: The data, said or not
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-data-said-or-not, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              one: {with: {type: com.test.a}}
            read: data
    """
    And given the events:
    """yaml
    - {type: com.test.a, data: {n: 1}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{n: 1}]
    """

  Scenario: Tasks for each event
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: tasks-for-each-event, version: '1.0.0'}
    do:
      - hear:
          listen: {to: {any: [], until: '( . | length ) == 3'}}
          foreach:
            item: word
            at: place
            do:
              - shout: {set: {text: '${ "\($place):\($word | ascii_upcase)" }'}}
    """
    And given the events:
    """yaml
    - {type: x, data: a}
    - {type: x, data: b}
    - {type: x, data: c}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{text: '0:A'}, {text: '1:B'}, {text: '2:C'}]
    """
    And shout should run 3 times

  Scenario: Tasks for each event, one after the other
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: tasks-for-each-event-one-after-the-other, version: '1.0.0'}
    do:
      - hear:
          listen: {to: {any: [], until: '( . | length ) == 2'}}
          foreach:
            do:
              - pause: {wait: {milliseconds: 100}}
              - note: {set: {item: '${ $item }'}, export: {as: '{order: (($context.order // []) + ["\($index):\($input | type)", .item])}'}}
      - look: {set: '${ $context }'}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    And given the events:
    """yaml
    - {type: x, data: 1}
    - {type: x, data: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {order: ['0:object', 1, '1:object', 2]}
    """
    And the workflow should take 'PT0.2S'

  Scenario: output.as and export.as of foreach
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: output-as-and-export-as-of-foreach, version: '1.0.0'}
    do:
      - hear:
          listen: {to: {any: [], until: '( . | length ) == 2'}}
          foreach:
            do:
              - double: {set: {n: '${ $item * 2 }'}}
            output: {as: .n}
            export: {as: '{sum: (($context.sum // 0) + .)}'}
      - look: {set: {list: '${ . }', sum: '${ $context.sum }'}}
    """
    And given the events:
    """yaml
    - {type: x, data: 1}
    - {type: x, data: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {list: [2, 4], sum: 6}
    """

  Scenario: An event that comes before anybody listens is not lost
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-event-that-comes-before-anybody-listens-is-not-lost, version: '1.0.0'}
    do:
      - pause: {wait: {milliseconds: 500}}
      - hear: {listen: {to: {one: {with: {type: com.test.a}}}}}
    """
    And given the events:
    """yaml
    - {type: com.test.a, data: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [1]
    """

  Scenario: What is consumed is gone
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: what-is-consumed-is-gone, version: '1.0.0'}
    do:
      - first: {listen: {to: {one: {with: {type: com.test.a}}}}, export: {as: '{first: .[0]}'}}
      - second: {listen: {to: {one: {with: {type: com.test.a}}}}}
      - look: {set: {first: '${ $context.first }', second: '${ .[0] }'}}
    """
    And given the events:
    """yaml
    - {type: com.test.a, data: 1}
    - {type: com.test.a, data: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {first: 1, second: 2}
    """

  Scenario: What nobody consumed waits for the next
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: what-nobody-consumed-waits-for-the-next, version: '1.0.0'}
    do:
      - b: {listen: {to: {one: {with: {type: com.test.b}}}}, output: {as: '{b: .[0]}'}}
      - a: {listen: {to: {one: {with: {type: com.test.a}}}}, output: {as: '$input + {a: .[0]}'}}
    """
    And given the events:
    """yaml
    - {type: com.test.a, data: 1}
    - {type: com.test.b, data: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {b: 2, a: 1}
    """

  Scenario: Nothing comes in time
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: nothing-comes-in-time, version: '1.0.0'}
    do:
      - guarded:
          try:
            - hear:
                listen: {to: {one: {with: {type: com.test.a}}}}
                timeout: {after: {milliseconds: 300}}
          catch:
            errors: {with: {status: 408}}
            do:
              - silence: {set: {heard: nothing}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {heard: nothing}
    """
    And the workflow should take 'PT0.3S'

  Scenario: In a loop
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: in-a-loop, version: '1.0.0'}
    do:
      - loop:
          for: {each: name, in: '["x", "y"]'}
          do:
            - hear:
                listen: {to: {one: {with: {type: '${ "com.test." + $name }'}}}}
                output: {as: '{heard: (($input.heard // []) + .)}'}
    """
    And given the events:
    """yaml
    - {type: com.test.y, data: 2}
    - {type: com.test.x, data: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {heard: [1, 2]}
    """

  Scenario: Side by side
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: side-by-side, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - a: {listen: {to: {one: {with: {type: com.test.a}}}}}
              - b: {listen: {to: {one: {with: {type: com.test.b}}}}}
    """
    And given the events:
    """yaml
    - {type: com.test.b, data: 2}
    - {type: com.test.a, data: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [[1], [2]]
    """

  Scenario: A listener is cancelled
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-listener-is-cancelled, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              one: {with: {type: com.test.a}}

      - after: {set: {after: true}}
    """
    When the workflow is cancelled while it waits
    Then the workflow should cancel
    And after should not run

  Scenario: any and until of two kinds at once is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: any-and-until-of-two-kinds-at-once-is-refused, version: '1.0.0'}
    do:
      - hear:
          listen:
            to:
              any: []
              until: {any: [], until: '${ true }'}
    """
    When the workflow is executed
    Then the definition should be refused
