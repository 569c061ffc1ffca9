Feature: Try
  What is caught, what is not, and what happens then.

  Scenario: Caught by type
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: caught-by-type, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {type: 'https://tests.test/errors/a'}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {caught: 418}
    """

  Scenario: Not caught by another type
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: not-caught-by-another-type, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {type: 'https://tests.test/errors/b'}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long, instance: /do/0/guarded/try/0/fails}
    """
    And handled should not run

  Scenario: Caught by status
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: caught-by-status, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {status: 418}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {caught: 418}
    """

  Scenario: Not caught by another status
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: not-caught-by-another-status, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {status: 400}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long, instance: /do/0/guarded/try/0/fails}
    """
    And handled should not run

  Scenario: Caught by title
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: caught-by-title, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {title: short}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {caught: 418}
    """

  Scenario: Not caught by another title
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: not-caught-by-another-title, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {title: Short}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long, instance: /do/0/guarded/try/0/fails}
    """
    And handled should not run

  Scenario: Caught by detail
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: caught-by-detail, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {detail: long}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {caught: 418}
    """

  Scenario: Not caught by another detail
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: not-caught-by-another-detail, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {detail: lon}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long, instance: /do/0/guarded/try/0/fails}
    """
    And handled should not run

  Scenario: Caught by instance
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: caught-by-instance, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {instance: /do/0/guarded/try/0/fails}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {caught: 418}
    """

  Scenario: Not caught by another instance
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: not-caught-by-another-instance, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {instance: /do/0/guarded}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long, instance: /do/0/guarded/try/0/fails}
    """
    And handled should not run

  Scenario: Caught by details, as it was spelt before
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: caught-by-details-as-it-was-spelt-before, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {details: long}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {caught: 418}
    """

  Scenario: All members of the filter must be equal
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: all-members-of-the-filter-must-be-equal, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {type: 'https://tests.test/errors/a', status: 500}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should fault
    And handled should not run

  Scenario: Without a filter everything is caught
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: without-a-filter-everything-is-caught, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {caught: 418}
    """

  Scenario: catch.when decides
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: catch-when-decides, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            when: $error.status > 500
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should fault

  Scenario: catch.when catches
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: catch-when-catches, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            when: $error.status < 500
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {caught: 418}
    """

  Scenario: catch.exceptWhen decides
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: catch-exceptwhen-decides, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            exceptWhen: $error.title == "short"
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should fault

  Scenario: catch.as names the error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: catch-as-names-the-error, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            as: problem
            when: $problem.status == 418
            do:
              - handled: {set: '${ $problem }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long, instance: /do/0/guarded/try/0/fails}
    """

  Scenario: The error is unknown outside of its handler
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-error-is-unknown-outside-of-its-handler, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            do:
              - handled: {set: {caught: '${ $error.status }'}}
      - after: {set: {x: '${ $error }'}}
    """
    When the workflow is executed
    Then the definition should be refused at line 9

  Scenario: Without a handler the input goes on
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: without-a-handler-the-input-goes-on, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418, title: short, detail: long}}}
          catch:
            errors: {with: {status: 418}}
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

  Scenario: The output of a try without an error is that of its list
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-output-of-a-try-without-an-error-is-that-of-its-list, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {set: {fine: true}}
          catch:
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {fine: true}
    """
    And handled should not run

  Scenario: output.as of a try shapes both ends
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: output-as-of-a-try-shapes-both-ends, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 400}}}
          catch:
            do:
              - handled: {set: {a: 1}}
          output: {as: '{shaped: .a}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {shaped: 1}
    """

  Scenario: catch.then says where the error path goes
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: catch-then-says-where-the-error-path-goes, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 400}}}
          catch: {then: failed}
          then: fine
      - fine: {set: {fine: true}, then: end}
      - failed: {set: {failed: true}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {failed: true}
    """
    And fine should not run

  Scenario: catch.then does not touch the other path
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: catch-then-does-not-touch-the-other-path, version: '1.0.0'}
    do:
      - guarded:
          try:
            - works: {set: {a: 1}}
          catch: {then: failed}
      - fine: {set: {fine: true}, then: end}
      - failed: {set: {failed: true}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {fine: true}
    """

  Scenario: catch.then with a handler: end
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: catch-then-with-a-handler-end, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 400}}}
          catch:
            do:
              - handled: {set: {handled: true}}
            then: end
      - after: {set: {after: true}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {handled: true}
    """
    And after should not run

  Scenario: An inner try that does not match leaves it to the outer one
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-inner-try-that-does-not-match-leaves-it-to-the-outer-one, version: '1.0.0'}
    do:
      - outer:
          try:
            - inner:
                try:
                  - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418}}}
                catch:
                  errors: {with: {status: 500}}
                  do:
                    - wrong: {set: {wrong: true}}
          catch:
            do:
              - right: {set: {instance: '${ $error.instance }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {instance: /do/0/outer/try/0/inner/try/0/fails}
    """
    And wrong should not run

  Scenario: A handler may raise again
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-handler-may-raise-again, version: '1.0.0'}
    do:
      - outer:
          try:
            - inner:
                try:
                  - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418}}}
                catch:
                  as: first
                  do:
                    - again: {raise: {error: {type: 'https://tests.test/errors/b', status: 500, detail: '${ "after \($first.status)" }'}}}
          catch:
            do:
              - handled: {set: {detail: '${ $error.detail }', instance: '${ $error.instance }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {detail: after 418, instance: /do/0/outer/try/0/inner/catch/do/0/again}
    """

  Scenario: A handler that raises is not caught by its own try
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-handler-that-raises-is-not-caught-by-its-own-try, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://tests.test/errors/a', status: 418}}}
          catch:
            do:
              - again: {raise: {error: {type: 'https://tests.test/errors/b', status: 500}}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    {type: 'https://tests.test/errors/b', status: 500, instance: /do/0/guarded/catch/do/0/again}
    """

  Scenario: A standard error under the old name
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-standard-error-under-the-old-name, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {set: {x: '${ .a.b }'}}
          catch:
            errors: {with: {type: 'https://serverlessworkflow.io/spec/1.0.0/errors/expression'}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    And given the workflow input is:
    """yaml
    {a: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {caught: 400}
    """

  Scenario: A standard error under the new name
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-standard-error-under-the-new-name, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {set: {x: '${ .a.b }'}}
          catch:
            errors: {with: {type: 'https://open-workflow-specification.org/spec/1.0.0/errors/expression'}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    And given the workflow input is:
    """yaml
    {a: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {caught: 400}
    """

  Scenario: A standard error under the kit's name
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-standard-error-under-the-kit-s-name, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {set: {x: '${ .a.b }'}}
          catch:
            errors: {with: {type: 'https://open-workflow-specification.org/dsl/errors/types/expression'}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    And given the workflow input is:
    """yaml
    {a: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {caught: 400}
    """

  Scenario: A standard error under the kit's old name
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-standard-error-under-the-kit-s-old-name, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {set: {x: '${ .a.b }'}}
          catch:
            errors: {with: {type: 'https://serverlessworkflow.io/dsl/errors/types/expression'}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    And given the workflow input is:
    """yaml
    {a: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {caught: 400}
    """

  Scenario: Types of one's own have no other names
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: types-of-one-s-own-have-no-other-names, version: '1.0.0'}
    do:
      - guarded:
          try:
            - fails: {raise: {error: {type: 'https://serverlessworkflow.io/errors/custom', status: 400}}}
          catch:
            errors: {with: {type: 'https://open-workflow-specification.org/errors/custom'}}
            do:
              - handled: {set: {caught: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should fault

  # The handler begins with the input of the try.
  Scenario: A list of tasks in a try ends at the first error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-list-of-tasks-in-a-try-ends-at-the-first-error, version: '1.0.0'}
    do:
      - guarded:
          try:
            - one: {set: {a: 1}}
            - two: {raise: {error: {type: 'https://tests.test/errors/a', status: 400}}}
            - three: {set: {a: 3}}
          catch:
            do:
              - handled: {set: {a: '${ .a }', n: '${ .n }'}}
    """
    And given the workflow input is:
    """yaml
    {n: 7}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {a: null, n: 7}
    """
    And three should not run

  Scenario: A try in a loop
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-try-in-a-loop, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '[1, 2, 3]'}
          do:
            - guarded:
                try:
                  - maybe:
                      if: $n == 2
                      raise: {error: {type: 'https://tests.test/errors/a', status: 400}}
                  - add: {set: {seen: '${ (.seen // []) + [$n] }'}}
                catch:
                  do:
                    - handled: {set: {seen: '${ (.seen // []) + ["error"] }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {seen: [1, error, 3]}
    """

  Scenario: A fault in a branch is caught around the fork
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-fault-in-a-branch-is-caught-around-the-fork, version: '1.0.0'}
    do:
      - guarded:
          try:
            - both:
                fork:
                  branches:
                    - a: {raise: {error: {type: 'https://tests.test/errors/a', status: 418}}}
                    - b:
                        do:
                          - long: {wait: {hours: 1}}
          catch:
            do:
              - handled: {set: {status: '${ $error.status }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {status: 418}
    """
