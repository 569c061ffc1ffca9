Feature: Run
  Processes, scripts and other workflows.

  Scenario: A command gives what it writes
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-command-gives-what-it-writes, version: '1.0.0'}
    do:
      - sh:
          run:
            shell:
              command: 'printf "%s" hello'
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    hello
    """

  Scenario: Arguments are positional
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: arguments-are-positional, version: '1.0.0'}
    do:
      - sh:
          run:
            shell:
              command: 'printf "%s-%s" "$1" "$2"'
              arguments: ['${ .a }', 'b c; exit 1']
    """
    And given the workflow input is:
    """yaml
    {a: x}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    x-b c; exit 1
    """

  Scenario: An environment of its own
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-environment-of-its-own, version: '1.0.0'}
    do:
      - sh:
          run:
            shell:
              command: 'printf "%s-%s" "$NAME" "${HOME:-none}"'
              environment: {NAME: '${ .name }'}
    """
    And given the workflow input is:
    """yaml
    {name: ada}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    ada-none
    """

  Scenario: Standard input
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: standard-input, version: '1.0.0'}
    do:
      - sh:
          run:
            shell:
              command: 'cat'
              stdin: '${ .text }'
    """
    And given the workflow input is:
    """yaml
    {text: zwei Wörter}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    zwei Wörter
    """

  Scenario: The code
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-code, version: '1.0.0'}
    do:
      - sh:
          run:
            shell:
              command: 'exit 3'
            return: code
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    3
    """

  Scenario: Standard error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: standard-error, version: '1.0.0'}
    do:
      - sh:
          run:
            shell:
              command: 'printf out; printf err >&2'
            return: stderr
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    err
    """

  Scenario: Everything
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: everything, version: '1.0.0'}
    do:
      - sh:
          run:
            shell:
              command: 'printf out; printf err >&2; exit 4'
            return: all
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {code: 4, stdout: out, stderr: err}
    """

  Scenario: Nothing
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: nothing, version: '1.0.0'}
    do:
      - sh:
          run:
            shell:
              command: 'printf out'
            return: none
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    null
    """

  Scenario: Nobody waits for it
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: nobody-waits-for-it, version: '1.0.0'}
    do:
      - sh:
          run:
            shell:
              command: 'sleep 60'
            await: false
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

  Scenario: A command from the input
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-command-from-the-input, version: '1.0.0'}
    do:
      - sh:
          run:
            shell:
              command: '${ "printf " + .word }'
    """
    And given the workflow input is:
    """yaml
    {word: word}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    word
    """

  Scenario: A script gives what it writes
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-script-gives-what-it-writes, version: '1.0.0'}
    do:
      - script:
          run:
            script:
              language: js
              code: |
                const n = [1, 2, 3].reduce((a, b) => a + b);
                console.log('sum', n);
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    "sum 6\n"
    """

  Scenario: A script has arguments and an environment
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-script-has-arguments-and-an-environment, version: '1.0.0'}
    do:
      - script:
          run:
            script:
              language: js
              code: |
                console.log(process.argv[2], process.env.NAME);
              arguments: ['${ .a }']
              environment: {NAME: ada}
    """
    And given the workflow input is:
    """yaml
    {a: x}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    "x ada\n"
    """

  Scenario: A script that throws
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-script-that-throws, version: '1.0.0'}
    do:
      - script:
          run:
            script:
              language: js
              code: |
                throw new Error('no');
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'runtime' error at '/do/0/script'

  Scenario: A script has nothing else
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-script-has-nothing-else, version: '1.0.0'}
    do:
      - script:
          run:
            script:
              language: js
              code: |
                console.log(typeof fetch, typeof WebSocket, typeof process.env.HOME);
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    "undefined undefined undefined\n"
    """

  Scenario: The older name of the language
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-older-name-of-the-language, version: '1.0.0'}
    do:
      - script:
          run:
            script:
              language: javascript
              code: |
                console.log(1 + 1);
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    "2\n"
    """

  Scenario: Python
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: python, version: '1.0.0'}
    do:
      - script:
          run:
            script:
              language: python
              code: |
                import sys, os
                print(sys.argv[1], os.environ['NAME'], sys.stdin.read())
              arguments: [x]
              stdin: in
              environment: {NAME: ada}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    "x ada in\n"
    """

  Scenario: Another workflow
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: another-workflow, version: '1.0.0'}
    do:
      - sub:
          run:
            workflow: {namespace: subs, name: double, version: '1.0.0', input: {n: '${ .n }'}}
    """
    And given another workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: subs, name: double, version: '1.0.0'}
    do:
      - double: {set: {doubled: '${ .n * 2 }'}}
    """
    And given another workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: subs, name: double, version: '1.10.0'}
    do:
      - double: {set: {doubled: '${ .n * 2 }', newest: true}}
    """
    And given the workflow input is:
    """yaml
    {n: 3}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {doubled: 6}
    """

  Scenario: The latest version of another workflow
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-latest-version-of-another-workflow, version: '1.0.0'}
    do:
      - sub:
          run:
            workflow: {namespace: subs, name: double, version: latest, input: {n: 2}}
    """
    And given another workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: subs, name: double, version: '1.0.0'}
    do:
      - double: {set: {doubled: '${ .n * 2 }'}}
    """
    And given another workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: subs, name: double, version: '1.10.0'}
    do:
      - double: {set: {doubled: '${ .n * 2 }', newest: true}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {doubled: 4, newest: true}
    """

  Scenario: Another workflow that fails
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: another-workflow-that-fails, version: '1.0.0'}
    do:
      - guarded:
          try:
            - sub: {run: {workflow: {namespace: subs, name: failing, version: '1.0.0', input: {}}}}
          catch:
            errors: {with: {type: 'https://tests.test/errors/sub', status: 418}}
            do:
              - handled: {set: {title: '${ $error.title }'}}
    """
    And given another workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: subs, name: failing, version: '1.0.0'}
    do:
      - fails: {raise: {error: {type: 'https://tests.test/errors/sub', status: 418, title: from below}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {title: from below}
    """

  Scenario: Nobody waits for another workflow
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: nobody-waits-for-another-workflow, version: '1.0.0'}
    do:
      - sub:
          run:
            workflow: {namespace: subs, name: double, version: '1.0.0', input: {n: 1}}
            await: false
    """
    And given another workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: subs, name: double, version: '1.0.0'}
    do:
      - double: {set: {doubled: '${ .n * 2 }'}}
    """
    And given the workflow input is:
    """yaml
    {n: 3}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 3}
    """

  Scenario: Another workflow that there is not
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: another-workflow-that-there-is-not, version: '1.0.0'}
    do:
      - sub:
          run:
            workflow: {namespace: subs, name: nothing, version: '1.0.0', input: {}}
    """
    When the workflow is executed
    Then the workflow should fault
    And sub should fault
