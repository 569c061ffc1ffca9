Feature: For
  Loops over lists.

  Scenario: Names of the item and of its position
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: names-of-the-item-and-of-its-position, version: '1.0.0'}
    do:
      - loop:
          for: {each: pet, in: .pets, at: place}
          do:
            - one: {set: {pets: '${ .pets }', seen: '${ (.seen // []) + ["\($place):\($pet)"] }'}}
    output: {as: .seen}
    """
    And given the workflow input is:
    """yaml
    {pets: [cat, dog]}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    ['0:cat', '1:dog']
    """

  Scenario: Default names
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: default-names, version: '1.0.0'}
    do:
      - loop:
          for: {in: '["a", "b"]'}
          do:
            - one: {set: {seen: '${ (.seen // []) + [{item: $item, index: $index}] }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {seen: [{item: a, index: 0}, {item: b, index: 1}]}
    """

  Scenario: while ends the loop before an iteration
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: while-ends-the-loop-before-an-iteration, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '[5, 4, 3, 2]'}
          while: $n > 3 and (.sum // 0) < 100
          do:
            - add: {set: {sum: '${ (.sum // 0) + $n }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {sum: 9}
    """
    And add should run 2 times

  Scenario: Each iteration begins with the output of the one before
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: each-iteration-begins-with-the-output-of-the-one-before, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: .list}
          do:
            - add: {set: {total: '${ (.total // 100) + $n }', saw: '${ keys_unsorted }'}}
    """
    And given the workflow input is:
    """yaml
    {list: [1, 2, 3]}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {total: 106, saw: [total, saw]}
    """

  Scenario: The list is evaluated once
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-list-is-evaluated-once, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: .list}
          do:
            - grow: {set: {list: '${ .list + [$n] }'}}
    """
    And given the workflow input is:
    """yaml
    {list: [1, 2]}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {list: [1, 2, 1, 2]}
    """
    And grow should run 2 times

  Scenario: A loop in a loop
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-loop-in-a-loop, version: '1.0.0'}
    do:
      - rows:
          for: {each: row, in: '[[1, 2], [3]]', at: y}
          do:
            - cells:
                for: {each: cell, in: '$row', at: x}
                do:
                  - one: {set: {cells: '${ (.cells // []) + [[$y, $x, $cell]] }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {cells: [[0, 0, 1], [0, 1, 2], [1, 0, 3]]}
    """
    And one should run 3 times

  Scenario: A list written out
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-list-written-out, version: '1.0.0'}
    do:
      - loop:
          for:
            each: color
            in:
              - {name: red, size: 1}
              - plain
              - 3
          do:
            - one: {set: {seen: '${ (.seen // []) + [$color] }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {seen: [{name: red, size: 1}, plain, 3]}
    """

  Scenario: An empty list leaves the input as it is
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-empty-list-leaves-the-input-as-it-is, version: '1.0.0'}
    do:
      - loop:
          for: {in: '[]'}
          do:
            - never: {set: {never: true}}
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
    And never should not run

  Scenario: What is no list is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: what-is-no-list-is-an-error, version: '1.0.0'}
    do:
      - loop:
          for: {in: .n}
          do:
            - never: {set: {never: true}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/loop'

  Scenario: The variables end with the loop
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-variables-end-with-the-loop, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '[1]'}
          do:
            - one: {set: {n: '${ $n }'}}
      - after: {set: {n: '${ $n }'}}
    """
    When the workflow is executed
    Then the definition should be refused at line 7

  Scenario: output.as shapes the end, export each iteration
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: output-as-shapes-the-end-export-each-iteration, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '[1, 2, 3]'}
          do:
            - one: {set: {n: '${ $n }'}, export: {as: '{ns: (($context.ns // []) + [.n])}'}}
          output: {as: '{last: .n}'}
      - look: {set: {last: '${ .last }', ns: '${ $context.ns }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {last: 3, ns: [1, 2, 3]}
    """

  Scenario: An expression in a loop is evaluated anew each time
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-expression-in-a-loop-is-evaluated-anew-each-time, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '["a", "b"]'}
          do:
            - call:
                call: http
                with: {method: get, endpoint: '${ "http://services.test/echo/" + $n }'}
                output: {as: '{paths: (($input.paths // []) + [.path])}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {paths: [/echo/a, /echo/b]}
    """

  Scenario: A hundred iterations
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-hundred-iterations, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '[range(100)]'}
          do:
            - add: {set: {sum: '${ (.sum // 0) + $n }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {sum: 4950}
    """
    And add should run 100 times
