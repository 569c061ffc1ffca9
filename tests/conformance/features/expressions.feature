Feature: Expressions
  When a text is an expression, what it may yield, and that data never becomes one.

  Scenario: Text around an expression makes it a plain text
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: text-around-an-expression-makes-it-a-plain-text, version: '1.0.0'}
    do:
      - one: {set: {a: 'Hello ${ .name }!', b: '${ "Hello \(.name)!" }'}}
    """
    And given the workflow input is:
    """yaml
    {name: ada}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {a: 'Hello ${ .name }!', b: Hello ada!}
    """

  Scenario: Blanks and lines around and within an expression
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: blanks-and-lines-around-and-within-an-expression, version: '1.0.0'}
    do:
      - one:
          set:
            blanks: '   ${ .n }  '
            tight: '${.n}'
            lines: |
              ${
                .n
                | . + 1
              }
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {blanks: 1, tight: 1, lines: 2}
    """

  Scenario: Data that looks like an expression stays data
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: data-that-looks-like-an-expression-stays-data, version: '1.0.0'}
    do:
      - one: {set: {a: '${ .evil }', list: ['${ .evil }']}}
      - two: {set: {b: '${ .a }', c: '${ .list[0] }'}}
      - three:
          for: {each: text, in: '[.b, .c]'}
          do:
            - keep: {set: {text: '${ $text }', b: '${ .b }'}}
    output: {as: '{text, evil: $workflow.input.evil}'}
    """
    And given the workflow input is:
    """yaml
    {evil: '${ 1 + 1 }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {text: '${ 1 + 1 }', evil: '${ 1 + 1 }'}
    """

  Scenario: Data that looks like an expression stays data in an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: data-that-looks-like-an-expression-stays-data-in-an-error, version: '1.0.0'}
    do:
      - fails:
          raise:
            error: {type: 'https://tests.test/errors/custom', status: 400, title: '${ .evil }', detail: '${ .evil }'}
    """
    And given the workflow input is:
    """yaml
    {evil: '${ 1 + 1 }'}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://tests.test/errors/custom
    status: 400
    title: ${ 1 + 1 }
    detail: ${ 1 + 1 }
    instance: /do/0/fails
    """

  Scenario: Fields that are always expressions need no mark
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: fields-that-are-always-expressions-need-no-mark, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: .list}
          while: $n < 3
          do:
            - add: {set: {list: '${ .list }', sum: '${ (.sum // 0) + $n }'}, output: {as: '{list, sum}'}}
      - choose:
          switch:
            - three: {when: .sum == 3, then: right}
            - other: {then: wrong}
      - wrong: {set: {wrong: true}, then: end}
      - right: {set: {right: '${ .sum }'}}
    """
    And given the workflow input is:
    """yaml
    {list: [1, 2, 3, 4]}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {right: 3}
    """
    And wrong should not run

  Scenario: The marked form is the same in those fields
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-marked-form-is-the-same-in-those-fields, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '${ .list }'}
          while: ${ $n < 3 }
          do:
            - add:
                if: ${ $n != 2 }
                set: {seen: '${ $n }'}
                output: {as: '${ {seen} }'}
                export: {as: '${ . }'}
      - look: {set: '${ $context }'}
    """
    And given the workflow input is:
    """yaml
    {list: [1, 2, 3]}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {seen: 1}
    """

  Scenario: A bare expression elsewhere is a plain text
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-bare-expression-elsewhere-is-a-plain-text, version: '1.0.0'}
    do:
      - one: {set: {a: .n, b: {c: $input}}}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {a: .n, b: {c: $input}}
    """

  Scenario: Loose mode tries each text
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: loose-mode-tries-each-text, version: '1.0.0'}
    evaluate: {language: jq, mode: loose}
    do:
      - one: {set: {sum: .a + .b, marked: '${ .a }', text: 'hello, world!', fails: .a.b.c}}
    """
    And given the workflow input is:
    """yaml
    {a: 1, b: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {sum: 3, marked: 1, text: 'hello, world!', fails: .a.b.c}
    """

  Scenario: Strict mode by its name
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: strict-mode-by-its-name, version: '1.0.0'}
    evaluate: {language: jq, mode: strict}
    do:
      - one: {set: {sum: .a + .b}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {sum: .a + .b}
    """

  Scenario: An expression that fails is an error with a place
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-expression-that-fails-is-an-error-with-a-place, version: '1.0.0'}
    do:
      - good: {set: {a: text}}
      - bad: {set: {x: '${ .a.b }'}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/1/bad'

  Scenario: An expression that yields nothing is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-expression-that-yields-nothing-is-an-error, version: '1.0.0'}
    do:
      - bad: {set: {x: '${ empty }'}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/bad'

  Scenario: An expression that yields more than one value is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-expression-that-yields-more-than-one-value-is-an-error, version: '1.0.0'}
    do:
      - bad: {set: {x: '${ 1, 2 }'}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/bad'

  Scenario: What is no JSON is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: what-is-no-json-is-an-error, version: '1.0.0'}
    do:
      - bad: {set: {x: '${ 1 / 0 }'}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/bad'

  Scenario: error() in an expression is an expression error that can be caught
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: error-in-an-expression-is-an-expression-error-that-can-be-ca, version: '1.0.0'}
    do:
      - guarded:
          try:
            - bad: {set: {x: '${ error("no") }'}}
          catch:
            errors: {with: {type: 'https://open-workflow-specification.org/spec/1.0.0/errors/expression', status: 400}}
            do:
              - handled: {set: {instance: '${ $error.instance }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {instance: /do/0/guarded/try/0/bad}
    """

  Scenario: An expression without end is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-expression-without-end-is-an-error, version: '1.0.0'}
    do:
      - endless: {set: {x: '${ until(false; .) }'}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/endless'

  Scenario: An expression that grows without end is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-expression-that-grows-without-end-is-an-error, version: '1.0.0'}
    do:
      - huge: {set: {x: '${ [limit(100000000; repeat("x"))] | length }'}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/huge'

  Scenario: Recursion without end is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: recursion-without-end-is-an-error, version: '1.0.0'}
    do:
      - deep: {set: {x: '${ [recurse(.; true)] | length }'}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/deep'

  Scenario: The environment of the process is out of reach
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-environment-of-the-process-is-out-of-reach, version: '1.0.0'}
    do:
      - peek: {set: {x: '${ env.HOME }'}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3

  Scenario: The clock of the machine is out of reach
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-clock-of-the-machine-is-out-of-reach, version: '1.0.0'}
    do:
      - peek: {set: {x: '${ now }'}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3

  Scenario: No expression ends the process
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: no-expression-ends-the-process, version: '1.0.0'}
    do:
      - peek: {set: {x: '${ halt }'}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3

  Scenario: Numbers keep their value
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: numbers-keep-their-value, version: '1.0.0'}
    do:
      - one: {set: {big: '${ .big }', text: '${ .big | tostring }', sum: '${ .a + .b }', half: '${ 7 / 2 }', whole: '${ 6 / 2 }', small: 1.5e-7}}
    """
    And given the workflow input is:
    """yaml
    {big: 9007199254740993, a: 0.1, b: 0.2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {big: 9007199254740993, text: '9007199254740993', sum: 0.30000000000000004, half: 3.5, whole: 3, small: 1.5e-7}
    """

  Scenario: Text of every script
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: text-of-every-script, version: '1.0.0'}
    do:
      - one:
          set:
            same: ${ .text }
            length: ${ .text | length }
            member: ${ .["grüße"] }
            日本: 語
            upper: ${ "straße" | ascii_upcase }
    """
    And given the workflow input is:
    """yaml
    {text: 'é🙂漢字', 'grüße': 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {same: 'é🙂漢字', length: 4, member: 1, 日本: 語, upper: STRAßE}
    """

  Scenario: Members keep their order
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: members-keep-their-order, version: '1.0.0'}
    do:
      - one: {set: {zebra: 1, apple: 2, mango: '${ .n }'}}
      - two: {set: {order: '${ keys_unsorted | join(",") }'}}
    """
    And given the workflow input is:
    """yaml
    {n: 3}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {order: 'zebra,apple,mango'}
    """

  Scenario: Large values pass
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: large-values-pass, version: '1.0.0'}
    do:
      - text: {set: {text: '${ [range(20000) | "0123456789"] | add }'}}
      - measure: {set: {length: '${ .text | length }', list: '${ [range(5000)] | length }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {length: 200000, list: 5000}
    """

  Scenario: Names of variables are known before the run
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: names-of-variables-are-known-before-the-run, version: '1.0.0'}
    do:
      - one: {set: {x: '${ $nothing }'}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3

  Scenario: An expression that does not compile is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-expression-that-does-not-compile-is-refused, version: '1.0.0'}
    do:
      - one: {set: {x: '${ .a + }'}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3
