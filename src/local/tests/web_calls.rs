//! What `call: http` and `call: openapi` ask for: each call answers with its own input.

use serde_json::{Value, json};

use super::{Trial, faults, trial, yields};
use crate::expr::marker::Markers;

const CALL: &str = "{method: get, uri: 'https://h.test/', output: content, redirect: false}";

/// The input of a plain call of `https://h.test/`, with these members too.
fn with(members: &Value) -> Value {
    let mut input: Value = serde_yaml::from_str(CALL).unwrap();
    input["method"] = json!("GET");
    input.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    input
}

fn endpoint(authentication: &str) -> String {
    format!("do:\n- a: {{call: http, with: {{method: get, endpoint: {{uri: 'https://h.test/', authentication: {authentication}}}}}}}")
}

#[test]
fn authentication_is_evaluated_with_the_call() {
    let input = json!({"user": "u", "pin": 12});
    yields(&[
        (
            "basic, and numbers are text here",
            &endpoint("{basic: {username: '${ .user }', password: '${ .pin }'}}"),
            input.clone(),
            with(&json!({"authentication": {"scheme": "basic", "username": "u", "password": "12"}})),
        ),
        (
            "digest",
            &endpoint("{digest: {username: me, password: '${ .user }'}}"),
            input.clone(),
            with(&json!({"authentication": {"scheme": "digest", "username": "me", "password": "u"}})),
        ),
        (
            "a policy of `use`",
            &format!("use: {{authentications: {{auth: {{bearer: {{token: '${{ .user }}'}}}}}}}}\n{}", endpoint("{use: auth}")),
            input.clone(),
            with(&json!({"authentication": {"scheme": "bearer", "token": "u"}})),
        ),
    ]);
    let missing = endpoint("{bearer: {token: '${ .absent }'}}");
    faults(&[("no token", &missing, input, "expression", "/do/0/a", "authentication: token must be text, not null")]);
}

#[test]
fn secrets_of_authentication_stay_markers() {
    let markers = Markers::new("run");
    for (authentication, expected) in [
        ("{bearer: {use: KEY}}", json!({"scheme": "bearer", "secret": markers.mark("KEY")})),
        ("{digest: {use: KEY}}", json!({"scheme": "digest", "secret": markers.mark("KEY")})),
        ("{bearer: {token: '${ $secrets.KEY }'}}", json!({"scheme": "bearer", "token": markers.mark("KEY")})),
    ] {
        let mut trial = Trial::new(&format!("use: {{secrets: [KEY]}}\n{}", endpoint(authentication)), json!({}));
        trial.start.secrets = markers.object(&["KEY".to_owned()]);
        assert_eq!(trial.run().output()["authentication"], expected, "{authentication}");
    }
    let unknown = format!("use: {{secrets: [KEY]}}\n{}", endpoint("{bearer: {use: KEY}}"));
    assert_eq!(trial(&unknown, json!({})).fault().status, 403, "this run was given no secrets");
}

#[test]
fn queries_take_lists_and_maps_may_be_computed() {
    let call = |with: &str| format!("do:\n- a: {{call: http, with: {{method: get, endpoint: 'https://h.test/', {with}}}}}");
    let input =
        json!({"q": {"a": [1, true, null, "x"], "b": null, "c": 2.50}, "h": {"x-a": 1, "x-b": null}, "deep": {"a": {}}, "list": [1]});
    yields(&[
        (
            "computed",
            &call("query: '${ .q }', headers: '${ .h }'"),
            input.clone(),
            with(&json!({"query": {"a": ["1", "true", "x"], "c": "2.5"}, "headers": {"x-a": "1"}})),
        ),
        ("null is none", &call("query: '${ .none }', headers: '${ .none }'"), input.clone(), with(&json!({}))),
    ]);
    faults(&[
        (
            "an object",
            &call("query: '${ .deep }'"),
            input.clone(),
            "expression",
            "/do/0/a",
            "query parameter `a` must be text, not an object",
        ),
        ("a list for a map", &call("query: '${ .list }'"), input, "expression", "/do/0/a", "query must be an object, not an array"),
    ]);
}

#[test]
fn endpoints_take_members_of_the_input_by_their_whole_names() {
    let call = |endpoint: &str| format!("do:\n- a: {{call: http, with: {{method: get, endpoint: '{endpoint}'}}, output: {{as: .uri}}}}");
    let input = json!({"pet.id": 7, "pet": {"id": 8}, "s": "a b/ü?", "up": "..", "dot": ".", "no": null, "yes": true});
    yields(&[
        ("verbatim", &call("https://h.test/{pet.id}/{yes}"), input.clone(), json!("https://h.test/7/true")),
        ("missing is empty", &call("https://h.test/{absent}/{no}?s={absent}"), input.clone(), json!("https://h.test//?s=")),
        (
            "encoded, in the query too",
            &call("https://h.test/{s}?s={s}"),
            input.clone(),
            json!("https://h.test/a%20b%2F%C3%BC%3F?s=a%20b%2F%C3%BC%3F"),
        ),
        ("dots in a name", &call("https://h.test/x{up}/../y?z={up}"), input.clone(), json!("https://h.test/x../../y?z=..")),
    ]);
    faults(&[
        ("no scalar", &call("https://h.test/{pet}"), input.clone(), "expression", "/do/0/a", "`pet` must be text, not an object"),
        ("a step up", &call("https://h.test/a/{up}/b"), input.clone(), "expression", "/do/0/a", "cannot be `.` or `..`"),
        ("made of two", &call("https://h.test/a/{dot}{dot}"), input, "expression", "/do/0/a", "cannot be `.` or `..`"),
    ]);
}

#[test]
fn an_openapi_call_names_document_operation_and_parameters() {
    let tasks = "do:\n- a:\n    call: openapi\n    with:\n      document:\n        endpoint:\n          uri: https://h.test/{v}.json\n          \
                 authentication: {bearer: {token: d}}\n      operationId: '${ .op }'\n      parameters: {status: '${ .list }', limit: 1}\n      \
                 authentication: {basic: {username: u, password: p}}\n      output: response\n      redirect: true";
    let expected = json!({
        "document": {"uri": "https://h.test/v2.json", "authentication": {"scheme": "bearer", "token": "d"}},
        "operationId": "find", "parameters": {"status": ["x"], "limit": 1},
        "authentication": {"scheme": "basic", "username": "u", "password": "p"}, "output": "response", "redirect": true,
    });
    let bare = "do:\n- a: {call: openapi, with: {document: {endpoint: 'https://h.test/x'}, operationId: find, parameters: '${ .list }'}}";
    let input = json!({"v": "v2", "op": "find", "list": ["x"]});
    yields(&[("all members", tasks, input.clone(), expected)]);
    faults(&[("parameters", bare, input, "expression", "/do/0/a", "parameters must be an object, not an array")]);
    let few = json!({"document": {"uri": "https://h.test/x"}, "operationId": "find", "output": "content", "redirect": false});
    yields(&[("few members", bare, json!({"list": null}), few)]);
}
