Feature: Secrets
  Values that only calls see.

  Scenario: A secret within a text
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-secret-within-a-text, version: '1.0.0'}
    use: {secrets: [doorToken]}
    do:
      - call: {call: http, with: {method: get, endpoint: 'http://services.test/bearer', headers: {authorization: '${ "Bearer " + $secrets.doorToken }'}}}
    """
    And given the secrets:
    """yaml
    {doorToken: open-sesame}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {authenticated: true}
    """

  Scenario: A secret within an interpolated text
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-secret-within-an-interpolated-text, version: '1.0.0'}
    use: {secrets: [doorToken]}
    do:
      - call: {call: http, with: {method: get, endpoint: 'http://services.test/bearer', headers: {authorization: '${ "Bearer \($secrets.doorToken)" }'}}}
    """
    And given the secrets:
    """yaml
    {doorToken: open-sesame}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {authenticated: true}
    """

  Scenario: A secret in an encoding
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-secret-in-an-encoding, version: '1.0.0'}
    use: {secrets: [basicWord]}
    do:
      - call: {call: http, with: {method: get, endpoint: 'http://services.test/basic', headers: {authorization: '${ "Basic " + ("ada:" + $secrets.basicWord | @base64) }'}}}
    """
    And given the secrets:
    """yaml
    {basicWord: lovelace}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {authenticated: true, user: ada}
    """

  Scenario: A secret that travels through data first
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-secret-that-travels-through-data-first, version: '1.0.0'}
    use: {secrets: [doorToken]}
    do:
      - keep: {set: {token: '${ $secrets.doorToken }'}}
      - call: {call: http, with: {method: get, endpoint: 'http://services.test/bearer', headers: {authorization: '${ "Bearer " + .token }'}}}
    """
    And given the secrets:
    """yaml
    {doorToken: open-sesame}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {authenticated: true}
    """

  Scenario: A secret that nobody has
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-secret-that-nobody-has, version: '1.0.0'}
    use: {secrets: [nobodyHasIt]}
    do:
      - call: {call: http, with: {method: get, endpoint: 'http://services.test/bearer', headers: {authorization: '${ "Bearer " + $secrets.nobodyHasIt }'}}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'authorization' error at '/do/0/call'

  Scenario: A secret that comes back stays one and can be used again
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-secret-that-comes-back-stays-one-and-can-be-used-again, version: '1.0.0'}
    use: {secrets: [doorToken]}
    do:
      - tell:
          call: http
          with: {method: post, endpoint: 'http://services.test/echo', body: {told: '${ $secrets.doorToken }'}}
          output: {as: .body}
      - use: {call: http, with: {method: get, endpoint: 'http://services.test/bearer', headers: {authorization: '${ "Bearer " + .told }'}}}
    """
    And given the secrets:
    """yaml
    {doorToken: open-sesame}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {authenticated: true}
    """

  Scenario: A secret that is not declared is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-secret-that-is-not-declared-is-refused, version: '1.0.0'}
    do:
      - one: {set: {x: '${ $secrets.notDeclared }'}}
    """
    When the workflow is executed
    Then the definition should be refused at line 3
