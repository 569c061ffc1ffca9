//! `services.test`, which our own scenarios call.
//!
//! | path | answer |
//! |---|---|
//! | `/echo…` | `{method, path, query, headers, body}` of the request |
//! | `/status/N` | status N; below 400 with a `location` where it is a redirect |
//! | `/flaky/N/KEY` | 503 to the first N requests, then `{attempt}` |
//! | `/slow/MS` | `{slow}` after so many milliseconds |
//! | `/text`, `/bytes`, `/empty`, `/vendor`, `/xml` | contents of different types |
//! | `/basic`, `/bearer`, `/digest` | 401 without the right credentials (`ada`, `lovelace`, `open-sesame`) |
//! | `/schema.json`, `/function.yaml`, `/script.js` | resources that definitions refer to |
//! | `/openapi3.json`, `/openapi31.yaml` | descriptions of `/echo` |

use std::time::Duration;

use digest_auth::{AuthContext, AuthorizationHeader, HttpMethod};
use serde_json::{Map, Value, json};

use super::{Answer, Asked, basic};

const USER: &str = "ada";
const PASSWORD: &str = "lovelace";
const TOKEN: &str = "open-sesame";

pub fn answer(path: &[&str], asked: &Asked) -> Answer {
    match path {
        ["echo", ..] => Answer::json(&echo(asked)),
        ["status", code] => status(code.parse().unwrap_or(500)),
        ["flaky", times, _] => flaky(times.parse().unwrap_or_default(), asked.count),
        ["slow", ms] => Answer::json(&json!({"slow": true})).after(Duration::from_millis(ms.parse().unwrap_or_default())),
        ["text"] => Answer::typed("text/plain; charset=utf-8", "grüße"),
        ["bytes"] => Answer::typed("application/octet-stream", [0_u8, 255, 16]),
        ["empty"] => Answer::typed("application/json", "").status(204),
        ["vendor"] => Answer::typed("application/vnd.test+json", r#"{"vendor": true}"#),
        ["xml"] => Answer::typed("application/xml", "<a/>"),
        ["basic"] => basic(asked, USER, PASSWORD),
        ["bearer"] => bearer(asked),
        ["digest"] => digest(asked),
        ["schema.json"] => Answer::json(&json!({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}})),
        ["function.yaml"] => Answer::typed("application/yaml", "set:\n  shouted: ${ .word | ascii_upcase }\n"),
        ["script.js"] => Answer::typed("text/javascript", "console.log('from afar')\n"),
        ["openapi3.json"] => Answer::json(&openapi("3.0.3")),
        ["openapi31.yaml"] => Answer::typed("application/yaml", serde_yaml::to_string(&openapi("3.1.0")).unwrap_or_default()),
        _ => Answer::not_found(),
    }
}

fn echo(asked: &Asked) -> Value {
    let query = url::form_urlencoded::parse(asked.query.as_bytes());
    let mut members: Map<String, Value> = Map::new();
    for (name, value) in query {
        // A name that comes again makes a list.
        match members.get_mut(name.as_ref()) {
            None => drop(members.insert(name.into_owned(), value.into())),
            Some(Value::Array(values)) => values.push(value.into()),
            Some(first) => *first = json!([first.clone(), value]),
        }
    }
    let body = serde_json::from_str(&asked.body).unwrap_or_else(|_| if asked.body.is_empty() { Value::Null } else { json!(asked.body) });
    json!({"method": asked.method, "path": asked.path, "query": members, "headers": asked.headers, "body": body})
}

fn status(code: u16) -> Answer {
    let answer = Answer::json(&json!({"status": code})).status(code);
    if (300..400).contains(&code) { answer.header("location", "http://services.test/echo/moved") } else { answer }
}

fn flaky(times: usize, count: usize) -> Answer {
    let answer = Answer::json(&json!({"attempt": count}));
    if count <= times { answer.status(503) } else { answer }
}

fn bearer(asked: &Asked) -> Answer {
    match asked.headers.get("authorization") {
        Some(given) if *given == format!("Bearer {TOKEN}") => Answer::json(&json!({"authenticated": true})),
        _ => Answer::json(&json!({})).status(401).header("www-authenticate", "Bearer"),
    }
}

/// RFC 7616, with the challenge of every server that asks for it.
fn digest(asked: &Asked) -> Answer {
    let given = asked.headers.get("authorization").and_then(|text| AuthorizationHeader::parse(text).ok());
    let right = given.is_some_and(|given| {
        let context =
            AuthContext::new_with_method(USER, PASSWORD, asked.path.as_str(), None::<&[u8]>, HttpMethod::from(asked.method.as_str()));
        let mut again = given.clone();
        again.digest(&context);
        given.username == USER && given.nonce == "n0nce" && again.response == given.response
    });
    if right {
        return Answer::json(&json!({"authenticated": true}));
    }
    let challenge = r#"Digest realm="tests", nonce="n0nce", qop="auth", algorithm=SHA-256"#;
    Answer::json(&json!({})).status(401).header("www-authenticate", challenge)
}

fn openapi(version: &str) -> Value {
    let parameter = |name: &str, place: &str, more: Value| {
        let mut parameter = json!({"name": name, "in": place, "schema": {"type": "string"}});
        for (key, value) in more.as_object().cloned().unwrap_or_default() {
            parameter[key] = value;
        }
        parameter
    };
    json!({
        "openapi": version,
        "info": {"title": "echoes", "version": "1.0.0"},
        "servers": [{"url": "http://services.test/echo"}],
        "paths": {
            "/things/{thing}": {
                "parameters": [parameter("thing", "path", json!({"required": true}))],
                "get": {
                    "operationId": "getThing",
                    "parameters": [
                        parameter("tags", "query", json!({"schema": {"type": "array", "items": {"type": "string"}}})),
                        parameter("X-Trace", "header", json!({}))
                    ],
                    "responses": {"200": {"description": "the thing"}}
                },
                "put": {
                    "operationId": "putThing",
                    "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object"}}}},
                    "responses": {"200": {"description": "the thing"}}
                }
            },
            "/../status/404": {"get": {"operationId": "missingThing", "responses": {"200": {"description": "never"}}}}
        }
    })
}
