Feature: Authentication
  Who calls.

  Scenario: Basic
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: basic, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint:
              uri: http://services.test/basic
              authentication: {basic: {username: ada, password: lovelace}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {authenticated: true, user: ada}
    """

  Scenario: Basic with the wrong password
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: basic-with-the-wrong-password, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint:
              uri: http://services.test/basic
              authentication: {basic: {username: ada, password: wrong}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'communication' error at '/do/0/call'
    And the workflow error should have a 'status' property with value:
    """yaml
    401
    """

  Scenario: Basic from the input
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: basic-from-the-input, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint:
              uri: http://services.test/basic
              authentication: {basic: {username: '${ .user }', password: '${ .word }'}}
    """
    And given the workflow input is:
    """yaml
    {user: ada, word: lovelace}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {authenticated: true, user: ada}
    """

  Scenario: Bearer
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: bearer, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint:
              uri: http://services.test/bearer
              authentication: {bearer: {token: open-sesame}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {authenticated: true}
    """

  Scenario: Digest
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: digest, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint:
              uri: http://services.test/digest
              authentication: {digest: {username: ada, password: lovelace}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {authenticated: true}
    """

  Scenario: Digest with the wrong password
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: digest-with-the-wrong-password, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint:
              uri: http://services.test/digest
              authentication: {digest: {username: ada, password: wrong}}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'communication' error at '/do/0/call'
    And the workflow error should have a 'status' property with value:
    """yaml
    401
    """

  Scenario: By a name
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: by-a-name, version: '1.0.0'}
    use:
      authentications:
        door: {bearer: {token: open-sesame}}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint:
              uri: http://services.test/bearer
              authentication: {use: door}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {authenticated: true}
    """

  Scenario: By a name that there is not is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: by-a-name-that-there-is-not-is-refused, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint:
              uri: http://services.test/bearer
              authentication: {use: door}
    """
    When the workflow is executed
    Then the definition should be refused at line 9

  Scenario: Properties from a secret
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: properties-from-a-secret, version: '1.0.0'}
    use: {secrets: [basicDoor]}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint:
              uri: http://services.test/basic
              authentication: {basic: {use: basicDoor}}
    """
    And given the secrets:
    """yaml
    basicDoor: '{"username": "ada", "password": "lovelace"}'
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {authenticated: true, user: ada}
    """

  Scenario: A token from a secret
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-token-from-a-secret, version: '1.0.0'}
    use: {secrets: [doorToken]}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint:
              uri: http://services.test/bearer
              authentication: {bearer: {token: '${ $secrets.doorToken }'}}
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

  Scenario: A digest from a secret
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-digest-from-a-secret, version: '1.0.0'}
    use: {secrets: [digestWord]}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint:
              uri: http://services.test/digest
              authentication: {digest: {username: ada, password: '${ $secrets.digestWord }'}}
    """
    And given the secrets:
    """yaml
    {digestWord: lovelace}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {authenticated: true}
    """

  Scenario: The definition can see who calls
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-definition-can-see-who-calls, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint:
              uri: http://services.test/bearer
              authentication: {bearer: {token: open-sesame}}
          output: {as: '{scheme: $authorization.scheme}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {scheme: Bearer}
    """
