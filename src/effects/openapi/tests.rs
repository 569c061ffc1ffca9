//! Documents of both versions, and calls of a loopback server that describes itself by them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use axum::routing::{any, get};
use reqwest::Url;
use serde_json::{Value, json};

use super::document::Document;
use super::*;
use crate::config::{HttpSettings, Reach, ResourceSettings};

const PETS: &str = r"
swagger: '2.0'
host: PETS.test:8080
basePath: /v2/
schemes: [http, https]
consumes: [application/json]
produces: [application/xml, application/json]
parameters:
  id: {name: petId, in: path, required: true, type: integer}
securityDefinitions:
  key: {type: apiKey, name: api_key, in: header}
  other: {type: basic}
security: [{other: []}]
paths:
  /pet/{petId}:
    parameters:
    - $ref: '#/parameters/id'
    get: {operationId: getPetById, security: [{key: []}], responses: {200: {description: ok}}}
    post:
      operationId: updatePetWithForm
      consumes: [application/x-www-form-urlencoded]
      parameters:
      - {name: name, in: formData, type: string}
      - {name: tags, in: formData, type: array, collectionFormat: multi}
      responses: {}
    put:
      operationId: uploadFile
      consumes: [multipart/form-data]
      parameters: [{name: file, in: formData, type: file}]
      responses: {}
  /pet:
    post:
      operationId: addPet
      parameters: [{name: pet, in: body, required: true, schema: {type: object}}]
      responses: {}
  /pet/findByStatus:
    get:
      operationId: findPetsByStatus
      parameters:
      - {name: status, in: query, required: true, type: array, collectionFormat: multi}
      - {name: limit, in: query, required: true, type: integer, default: 10}
      - {name: words, in: query, type: array, collectionFormat: pipes}
      - {name: X-Trace, in: header, type: array}
      responses: {}
";

const SHOP: &str = r##"{
  "openapi": "3.1.0",
  "servers": [{"url": "../{version}/", "variables": {"version": {"default": "v3"}}}],
  "components": {
    "parameters": {"one": {"$ref": "#/components/parameters/two~1%7Bid%7D"}, "two/{id}": {"name": "id", "in": "path", "required": true, "style": "label"},
      "ring": {"$ref": "#/components/parameters/ring"}},
    "requestBodies": {"item": {"required": true, "content": {"text/xml": {}, "application/json": {"schema": {}}}}},
    "securitySchemes": {"key": {"type": "apiKey", "name": "key", "in": "query"}}
  },
  "paths": {
    "/items/{id}": {
      "parameters": [{"name": "page", "in": "query"}, {"$ref": "#/components/parameters/one"}],
      "get": {"operationId": "getItem", "security": [{"key": []}],
        "parameters": [
          {"name": "page", "in": "query", "style": "deepObject"},
          {"name": "ids", "in": "query", "explode": false},
          {"name": "filter", "in": "query", "content": {"application/json": {}}},
          {"name": "session", "in": "cookie"},
          {"name": "Authorization", "in": "header"}],
        "responses": {"200": {"content": {"text/csv": {}, "application/hal+json": {}}}, "404": {"content": {"application/problem+json": {}}}}},
      "put": {"operationId": "putItem", "requestBody": {"$ref": "#/components/requestBodies/item"}, "servers": [{"url": "https://write.test/base"}]},
      "post": {"operationId": "formItem", "requestBody": {"content": {"application/x-www-form-urlencoded": {}}}},
      "patch": {"operationId": "textItem", "requestBody": {"content": {"text/plain": {}}}},
      "delete": {"operationId": "ring", "parameters": [{"$ref": "#/components/parameters/ring"}]}
    }
  }
}"##;

fn request(document: &str, operation: &str, arguments: Value) -> Result<Value, EffectError> {
    let document = Document::parse(document, &Url::parse("https://docs.test/api/openapi.json?x=hidden").unwrap())?;
    arguments::request(&document.operation(operation)?, &arguments.into()).map(|request| request.to_json())
}

#[test]
fn operations_of_swagger_2() {
    let get = request(PETS, "getPetById", json!({"petId": 7, "api_key": "k"})).unwrap();
    let headers = json!({"accept": "application/json", "api_key": "k"});
    assert_eq!(get, json!({"method": "GET", "uri": "https://PETS.test:8080/v2/pet/7", "headers": headers}));

    let find = json!({"status": ["available", "sold & gone"], "words": ["a", "b|c"], "X-Trace": ["x", "y"]});
    let find = request(PETS, "findPetsByStatus", find).unwrap();
    let query = "?status=available&status=sold%20%26%20gone&limit=10&words=a%7Cb%7Cc";
    assert_eq!(find["uri"], format!("https://PETS.test:8080/v2/pet/findByStatus{query}"));
    assert_eq!(find["headers"]["X-Trace"], "x,y");

    let form = request(PETS, "updatePetWithForm", json!({"petId": 7, "name": "Rex & co", "tags": ["a", "b"]})).unwrap();
    assert_eq!(
        (&form["body"], &form["headers"]["content-type"]),
        (&json!("name=Rex%20%26%20co&tags=a&tags=b"), &json!("application/x-www-form-urlencoded"))
    );

    let add = request(PETS, "addPet", json!({"pet": {"name": "Rex", "age": 1}})).unwrap();
    assert_eq!(
        (&add["method"], &add["body"], &add["headers"]["content-type"]),
        (&json!("POST"), &json!(r#"{"name":"Rex","age":1}"#), &json!("application/json"))
    );
}

#[test]
fn operations_of_openapi_3() {
    let arguments = json!({"id": ["a", "b"], "page": {"size": 2}, "ids": [1, 2], "filter": {"a": true}, "session": "s p", "key": "k"});
    let get = request(SHOP, "getItem", arguments).unwrap();
    let query = "?page%5Bsize%5D=2&ids=1,2&filter=%7B%22a%22%3Atrue%7D&key=k";
    assert_eq!(get["uri"], format!("https://docs.test/v3/items/.a,b{query}"));
    assert_eq!(get["headers"], json!({"accept": "application/hal+json", "cookie": "session=s%20p"}));

    for (arguments, body) in [
        (json!({"id": 1, "name": "x", "tags": ["y"]}), r#"{"name":"x","tags":["y"]}"#),
        (json!({"id": 1, "body": [1, "two"]}), r#"[1,"two"]"#),
        (json!({"id": 1, "body": "text"}), r#""text""#),
    ] {
        let put = request(SHOP, "putItem", arguments).unwrap();
        assert_eq!((&put["uri"], &put["body"]), (&json!("https://write.test/base/items/.1"), &json!(body)));
        assert_eq!(put["headers"], json!({"content-type": "application/json"}));
    }
    let form = request(SHOP, "formItem", json!({"id": 1, "a b": "c&d", "list": [1, 2], "deep": {"x": 1}, "none": null})).unwrap();
    assert_eq!(form["body"], "a%20b=c%26d&list=1&list=2&deep=%7B%22x%22%3A1%7D");
    let text = request(SHOP, "textItem", json!({"id": 1, "body": "plain"})).unwrap();
    assert_eq!((&text["body"], &text["headers"]["content-type"]), (&json!("plain"), &json!("text/plain")));
    assert_eq!(request(SHOP, "formItem", json!({"id": 1})).unwrap().get("body"), None);
}

#[test]
fn parameters_that_do_not_fit_are_refused() {
    for (document, operation, arguments, expected) in [
        (PETS, "getPetById", json!({}), "operation `getPetById` needs `petId`"),
        (PETS, "getPetById", json!({"petId": null}), "needs `petId`"),
        (PETS, "getPetById", json!({"petId": 1, "petID": 2}), "no parameter `petID`: did you mean `petId`?"),
        (PETS, "getPetById", json!({"petId": ".."}), "`petId` cannot be `.` or `..`"),
        (PETS, "getPetById", json!([1]), "an object is needed"),
        (PETS, "addPet", json!({}), "needs `pet`"),
        (PETS, "addPet", json!({"pet": {}, "more": 1}), "no parameter `more`"),
        (PETS, "updatePetWithForm", json!({"petId": 1, "body": "x"}), "no parameter `body`"),
        (SHOP, "putItem", json!({"id": 1}), "needs `body`"),
        (SHOP, "putItem", json!({"id": 1, "body": {}, "name": "x"}), "no parameter `name`"),
        (SHOP, "getItem", json!({"id": 1, "Authorization": "x"}), "no parameter `Authorization`"),
        (SHOP, "textItem", json!({"id": 1, "body": {}}), "its body must be a text"),
        (SHOP, "formItem", json!({"id": 1, "body": "x"}), "its body must be an object"),
    ] {
        let error = request(document, operation, arguments.clone()).unwrap_err();
        assert!(error.kind == "validation" && error.to_string().contains(expected), "{operation} {arguments}: {error}");
    }
}

#[test]
fn documents_that_cannot_be_used_say_why() {
    let with = |servers: &str, path: &str| {
        format!(r#"{{"openapi": "3.0.0", "servers": {servers}, "paths": {{"{path}": {{"get": {{"operationId": "x"}}}}}}}}"#)
    };
    for (document, operation, expected) in [
        (PETS, "getPetByID2", "has no operation `getPetByID2`: did you mean `getPetById`?"),
        (PETS, "nothing", "it has 5 operations"),
        (PETS, "uploadFile", "multipart/form-data is not supported"),
        (SHOP, "ring", "lead in a circle"),
        ("swagger: 1.2", "x", "version 1.2"),
        ("{\"openapi\": \"4.0.0\"}", "x", "version 4.0.0"),
        ("{}", "x", "neither `swagger` nor `openapi`"),
        ("<html>", "x", "is no OpenAPI document"),
        ("{", "x", "is no OpenAPI document"),
        (&with(r#"[{"url": "ftp://h"}]"#, "/"), "x", "names no server"),
        (&with(r#"[{"url": "https://{h}"}]"#, "/"), "x", "`h` of its server has no default"),
        (&with("[]", "/{y}"), "x", "`{y}`, which is no parameter"),
        ("{openapi: 3.0.0, paths: {/: {$ref: 'other.yaml#/x'}}}", "x", "in another document"),
        ("{openapi: 3.0.0, paths: {/: {$ref: '#/y'}}}", "x", "leads nowhere"),
        ("swagger: '2.0'\nschemes: [ws]\npaths: {/: {get: {operationId: x}}}", "x", "http or https"),
    ] {
        let arguments = if operation == "uploadFile" { json!({"petId": 1, "file": "x"}) } else { json!({}) };
        let error = request(document, operation, arguments).unwrap_err();
        assert!(error.kind == "configuration" && error.to_string().contains(expected), "{document}: {error}");
        assert!(!error.to_string().contains("hidden"));
    }
    let deep = format!("{{\"openapi\": {}", "[".repeat(100_000));
    assert_eq!(request(&deep, "x", json!({})).unwrap_err().kind, "configuration");
    let bomb = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| text + &format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1));
    assert_eq!(request(&bomb, "x", json!({})).unwrap_err().kind, "configuration");
}

fn as_json(value: &Value) -> ([(&'static str, &'static str); 1], String) {
    ([("content-type", "application/json")], value.to_string())
}

/// A server that describes itself at `/docs/swagger.json`, for those who have the token `doc`; its address, and how often it did.
async fn server() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let read = Arc::new(AtomicUsize::new(0));
    let document = {
        let read = read.clone();
        move |headers: HeaderMap| async move {
            read.fetch_add(1, Ordering::SeqCst);
            let allowed = headers.get("authorization").is_some_and(|value| value == "Bearer doc");
            let get = json!({"get": {"operationId": "get", "parameters": [{"name": "id", "in": "path"}]}, "post": {"operationId": "add"}});
            as_json(&if allowed { json!({"swagger": "2.0", "basePath": "/v2", "paths": {"/things/{id}": get}}) } else { json!({}) })
        }
    };
    let thing = |method: Method, uri: Uri, headers: HeaderMap, _: Bytes| async move {
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        as_json(
            &json!({"method": method.as_str(), "uri": uri.to_string(), "who": header("authorization"), "key": header("idempotency-key")}),
        )
    };
    let app = Router::new().route("/docs/swagger.json", get(document)).route("/v2/things/{id}", any(thing));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}"), read)
}

fn openapi(reach: Reach) -> OpenApi {
    let http = Http::new(&HttpSettings { environment_proxy: false, reach, ..HttpSettings::default() }).unwrap();
    OpenApi::new(http.clone(), Resources::new(http, &ResourceSettings::default()))
}

#[tokio::test]
async fn an_operation_is_called_where_its_document_says() {
    let (server, read) = server().await;
    let document = json!({"uri": format!("{server}/docs/swagger.json"), "authentication": {"scheme": "bearer", "token": "doc"}});
    let input = json!({"document": document, "operationId": "get", "parameters": {"id": "a/b"},
        "authentication": {"scheme": "basic", "username": "user", "password": "word"}});
    let openapi = openapi(Reach::Any);
    let got = openapi.call(&input.clone().into(), "key-1").await.unwrap().to_json();
    assert_eq!(got, json!({"method": "GET", "uri": "/v2/things/a%2Fb", "who": "Basic dXNlcjp3b3Jk", "key": null}));
    let mut whole = input.clone();
    whole["output"] = json!("response");
    let got = openapi.call(&whole.into(), "key-1").await.unwrap().to_json();
    assert_eq!((&got["statusCode"], &got["request"]["uri"]), (&json!(200), &json!(format!("{server}/v2/things/a%2Fb"))));
    assert_eq!(read.load(Ordering::SeqCst), 1, "kept for a while");

    let mut stranger = input;
    stranger["document"]["authentication"] = Value::Null;
    let error = openapi.call(&stranger.into(), "key-1").await.unwrap_err();
    assert_eq!((error.kind, read.load(Ordering::SeqCst)), ("configuration", 2), "not for who may not read it");
}

#[tokio::test]
async fn reach_holds_for_the_document_too() {
    let (server, read) = server().await;
    let input = json!({"document": {"uri": format!("{server}/docs/swagger.json")}, "operationId": "get"});
    let error = openapi(Reach::Cluster).call(&input.into(), "k").await.unwrap_err();
    assert_eq!((error.kind, error.status, read.load(Ordering::SeqCst)), ("authorization", 403, 0));
}
