Feature: OpenAPI
  Operations of a description.

  Scenario: OpenAPI 3.0: path, query and header
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: openapi-3-0-path-query-and-header, version: '1.0.0'}
    do:
      - call:
          call: openapi
          with:
            document: {endpoint: 'http://services.test/openapi3.json'}
            operationId: getThing
            parameters: {thing: '${ .thing }', tags: [a, b], X-Trace: t1}
          output: {as: '{path, query, trace: .headers["x-trace"]}'}
    """
    And given the workflow input is:
    """yaml
    {thing: 7}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {path: /echo/things/7, query: {tags: [a, b]}, trace: t1}
    """

  Scenario: OpenAPI 3.0: a body
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: openapi-3-0-a-body, version: '1.0.0'}
    do:
      - call:
          call: openapi
          with:
            document: {endpoint: 'http://services.test/openapi3.json'}
            operationId: putThing
            parameters: {thing: x, body: {n: 1}}
          output: {as: '{method, path, body}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {method: PUT, path: /echo/things/x, body: {n: 1}}
    """

  Scenario: OpenAPI 3.1 in YAML
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: openapi-3-1-in-yaml, version: '1.0.0'}
    do:
      - call:
          call: openapi
          with:
            document: {endpoint: 'http://services.test/openapi31.yaml'}
            operationId: getThing
            parameters: {thing: x}
          output: {as: .path}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    /echo/things/x
    """

  Scenario: OpenAPI: the whole response
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: openapi-the-whole-response, version: '1.0.0'}
    do:
      - call:
          call: openapi
          with:
            document: {endpoint: 'http://services.test/openapi3.json'}
            operationId: getThing
            parameters: {thing: x}
            output: response
          output: {as: '{status: .statusCode, path: .content.path}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {status: 200, path: /echo/things/x}
    """

  Scenario: OpenAPI: an operation that there is not
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: openapi-an-operation-that-there-is-not, version: '1.0.0'}
    do:
      - call:
          call: openapi
          with:
            document: {endpoint: 'http://services.test/openapi3.json'}
            operationId: nothing
            parameters: {}
    """
    When the workflow is executed
    Then the workflow should fault
    And call should fault

  Scenario: OpenAPI: a description that there is not
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: tests, name: openapi-a-description-that-there-is-not, version: '1.0.0'}
    do:
      - call:
          call: openapi
          with:
            document: {endpoint: 'http://services.test/nothing.json'}
            operationId: getThing
            parameters: {}
    """
    When the workflow is executed
    Then the workflow should fault
    And call should fault
