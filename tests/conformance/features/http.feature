Feature: HTTP
  Calls, what goes out and what comes back.

  Scenario: Content by its type: JSON
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: content-by-its-type-json, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/vendor
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {vendor: true}
    """

  Scenario: Content by its type: text
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: content-by-its-type-text, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/text
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    grüße
    """

  Scenario: Content that is empty
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: content-that-is-empty, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/empty
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    null
    """

  Scenario: Raw content is base64
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: raw-content-is-base64, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/bytes
            output: raw
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    AP8Q
    """

  Scenario: The whole response
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-whole-response, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/vendor
            output: response
          output: {as: "{status: .statusCode, content, method: .request.method, uri: .request.uri, type: .headers[\"content-type\"]}"}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {status: 200, content: {vendor: true}, method: GET, uri: 'http://services.test/vendor', type: application/vnd.test+json}
    """

  Scenario: Headers and query as maps
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: headers-and-query-as-maps, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/echo
            headers: {x-mine: '${ .who }', x-fixed: text}
            query: {q: '${ .who }', n: 1}
          output: {as: '{mine: .headers["x-mine"], fixed: .headers["x-fixed"], query}'}
    """
    And given the workflow input is:
    """yaml
    {who: ada}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {mine: ada, fixed: text, query: {q: ada, n: '1'}}
    """

  Scenario: Headers and query as expressions
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: headers-and-query-as-expressions, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/echo
            headers: ${ .h }
            query: ${ .q }
          output: {as: '{mine: .headers["x-mine"], query}'}
    """
    And given the workflow input is:
    """yaml
    {h: {x-mine: one}, q: {a: b c}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {mine: one, query: {a: b c}}
    """

  Scenario: A list in a query
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-list-in-a-query, version: '1.0.0'}
    do:
      - call:
          call: http
          with: {method: get, endpoint: 'http://services.test/echo', query: {tag: [a, b]}}
          output: {as: .query}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {tag: [a, b]}
    """

  Scenario: A body goes out as JSON
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-body-goes-out-as-json, version: '1.0.0'}
    do:
      - call:
          call: http
          with: {method: post, endpoint: 'http://services.test/echo', body: {n: '${ .n + 1 }', fixed: .n}}
          output: {as: '{method, body, type: .headers["content-type"]}'}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {method: POST, body: {n: 2, fixed: .n}, type: application/json}
    """

  Scenario: The method put
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-method-put, version: '1.0.0'}
    do:
      - call:
          call: http
          with: {method: put, endpoint: 'http://services.test/echo'}
          output: {as: .method}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    PUT
    """

  Scenario: The method patch
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-method-patch, version: '1.0.0'}
    do:
      - call:
          call: http
          with: {method: patch, endpoint: 'http://services.test/echo'}
          output: {as: .method}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    PATCH
    """

  Scenario: The method delete
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-method-delete, version: '1.0.0'}
    do:
      - call:
          call: http
          with: {method: delete, endpoint: 'http://services.test/echo'}
          output: {as: .method}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    DELETE
    """

  Scenario: Members of the input in the address
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: members-of-the-input-in-the-address, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/echo/{first}/x/{second}

          output: {as: .path}
    """
    And given the workflow input is:
    """yaml
    {first: a b/c, second: 7}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    /echo/a%20b%2Fc/x/7
    """

  Scenario: Members of the input in the query of the address
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: members-of-the-input-in-the-query-of-the-address, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/echo?q={q}&r=1

          output: {as: .query}
    """
    And given the workflow input is:
    """yaml
    {q: a&b}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {q: a&b, r: '1'}
    """

  Scenario: A member that is missing leaves nothing
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-member-that-is-missing-leaves-nothing, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/echo/{nothing}/x

          output: {as: .path}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    /echo//x
    """

  Scenario: A member that is no scalar is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-member-that-is-no-scalar-is-an-error, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/echo/{list}
    """
    And given the workflow input is:
    """yaml
    {list: [1]}
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'expression' error at '/do/0/call'

  Scenario: Names in the address are taken as they are
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: names-in-the-address-are-taken-as-they-are, version: '1.0.0'}
    do:
      - call:
          call: http
          with: {method: get, endpoint: 'http://services.test/echo/{pet.id}'}
          output: {as: .path}
    """
    And given the workflow input is:
    """yaml
    {pet.id: dotted, pet: {id: nested}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    /echo/dotted
    """

  Scenario: An address that is an expression
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-address-that-is-an-expression, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: '${ "http://services.test/echo/" + (.n | tostring) }'

          output: {as: .path}
    """
    And given the workflow input is:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    /echo/1
    """

  Scenario: An address in an object
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-address-in-an-object, version: '1.0.0'}
    do:
      - call:
          call: http
          with: {method: get, endpoint: {uri: '${ .address }'}}
          output: {as: .path}
    """
    And given the workflow input is:
    """yaml
    {address: 'http://services.test/echo/there'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    /echo/there
    """

  Scenario: A status that is no success is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-status-that-is-no-success-is-an-error, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/status/404
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'communication' error at '/do/0/call'
    And the workflow error should have a 'status' property with value:
    """yaml
    404
    """

  Scenario: A server that fails is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-server-that-fails-is-an-error, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/status/500
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'communication' error at '/do/0/call'
    And the workflow error should have a 'status' property with value:
    """yaml
    500
    """

  Scenario: A redirect is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-redirect-is-an-error, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/status/302
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'communication' error at '/do/0/call'
    And the workflow error should have a 'status' property with value:
    """yaml
    302
    """

  Scenario: A redirect is an answer where it is asked for
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: a-redirect-is-an-answer-where-it-is-asked-for, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/status/302
            redirect: true
            output: response
          output: {as: "{status: .statusCode, location: .headers.location}"}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {status: 302, location: 'http://services.test/echo/moved'}
    """

  Scenario: With redirects allowed an error is still one
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: with-redirects-allowed-an-error-is-still-one, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/status/400
            redirect: true
    """
    When the workflow is executed
    Then the workflow should fault with a standard 'communication' error at '/do/0/call'
    And the workflow error should have a 'status' property with value:
    """yaml
    400
    """

  Scenario: An unfit output is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: an-unfit-output-is-refused, version: '1.0.0'}
    do:
      - call:
          call: http
          with:
            method: get
            endpoint: http://services.test/echo
            output: everything
    """
    When the workflow is executed
    Then the definition should be refused at line 8

  Scenario: The call sees the transformed input
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: the-call-sees-the-transformed-input, version: '1.0.0'}
    do:
      - call:
          input: {from: .inner}
          call: http
          with: {method: get, endpoint: 'http://services.test/echo/{id}', query: {id: '${ .id }'}}
          output: {as: '{path, query, outer: $task.input.id}'}
    """
    And given the workflow input is:
    """yaml
    {id: 1, inner: {id: 9}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {path: /echo/9, query: {id: '9'}, outer: 1}
    """
