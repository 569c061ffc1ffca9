//! Against a server on loopback that answers as the path says.

use std::io::Write as _;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::routing::any;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::*;

mod authentication;
mod reach;
mod tls;

/// `/echo` answers with what it got, as JSON; the others are named by what they do.
async fn server() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let fixed = |status: u16, content_type: &'static str, body: &'static [u8]| {
        any(move || async move { Response::builder().status(status).header("content-type", content_type).body(Body::from(body)).unwrap() })
    };
    let app = Router::new()
        .route("/echo", any(echo))
        .route("/text", fixed(200, "text/plain", b"plain"))
        .route("/latin1", fixed(200, "text/plain; charset=ISO-8859-1", b"caf\xe9"))
        .route("/problem", fixed(200, "application/problem+json; charset=utf-8", br#"{"a":[1,2.50]}"#))
        .route("/broken", fixed(200, "application/json", b"{not json"))
        .route("/untyped", any(|| async { Response::new(Body::from(r#"{"a":1}"#)) }))
        .route("/empty", any(|| async { Response::builder().status(204).body(Body::empty()).unwrap() }))
        .route("/missing", fixed(404, "application/json", br#"{"why":"no such pet"}"#))
        .route("/down", any(|| async { Response::builder().status(503).body(Body::empty()).unwrap() }))
        .route("/moved", any(|| async { Response::builder().status(302).header("location", "/echo").body(Body::from("there")).unwrap() }))
        .route("/large", any(|| async { "x".repeat(5_000) }))
        .route("/endless", any(|| async { Response::new(endless()) }))
        .route("/zipped", compressed("gzip", GZIP))
        .route("/deflated", compressed("deflate", "eJyrqCAVAABV+Bdx"))
        .route("/brotli", compressed("br", "CwKAaGVsbG8D"))
        .route("/session", any(|| async { Response::builder().header("set-cookie", "sid=hidden").body(Body::from("{}")).unwrap() }))
        .route("/denies", any(denies))
        .route("/never", any(|| async { std::future::pending::<()>().await }));
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

/// 200,000 bytes.
const GZIP: &str = "H4sIAAAAAAACA+3BMQEAAADCoNqLbwZ/oAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAACA1wByAr9RQA0DAA==";

fn compressed(encoding: &'static str, base64: &str) -> axum::routing::MethodRouter {
    let body = BASE64_STANDARD.decode(base64).unwrap();
    any(move || async move {
        Response::builder().header("content-encoding", encoding).header("content-type", "text/plain").body(Body::from(body)).unwrap()
    })
}

/// Shows what it got, as careless servers do.
async fn denies(headers: HeaderMap) -> Response<Body> {
    Response::builder().status(403).body(Body::from(format!("not with {:?}", headers["authorization"]))).unwrap()
}

fn endless() -> Body {
    Body::from_stream(futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(b"xxxx"))))
}

async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let headers: serde_json::Map<_, _> = headers.iter().map(|(k, v)| (k.to_string(), json!(v.to_str().unwrap()))).collect();
    let seen =
        json!({ "method": method.as_str(), "uri": uri.to_string(), "headers": headers, "body": String::from_utf8(body.to_vec()).unwrap() });
    Response::builder()
        .header("content-type", "application/json")
        .header("x-twice", "1")
        .header("x-twice", "2")
        .body(Body::from(seen.to_string()))
        .unwrap()
}

fn http() -> Http {
    with(HttpSettings::default())
}

/// Loopback is never asked for through a proxy that the machine may have.
fn with(settings: HttpSettings) -> Http {
    Http::new(&HttpSettings { environment_proxy: false, reach: Reach::Any, ..settings }).unwrap()
}

async fn call(request: Value) -> Result<Value, EffectError> {
    http().call(&request.into(), "key-1").await.map(|output| output.to_json())
}

#[tokio::test]
async fn what_the_document_says_is_what_is_sent() {
    let server = server().await;
    let request = json!({
        "method": "post", "uri": format!("{server}/echo?a=1"), "query": {"b": "x y&z", "n": 2, "list": ["p", "q"], "none": null},
        "headers": {"X-Flag": true, "X-None": null}, "body": {"z": 1, "a": [true, null]},
    });
    let seen = call(request).await.unwrap();
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["uri"], "/echo?a=1&b=x+y%26z&n=2&list=p&list=q");
    assert_eq!(seen["body"], r#"{"z":1,"a":[true,null]}"#);
    assert_eq!(seen["headers"]["content-type"], "application/json");
    assert_eq!(seen["headers"]["x-flag"], "true");
    assert_eq!(seen["headers"].get("x-none"), None);
    assert!(seen["headers"]["user-agent"].as_str().unwrap().starts_with("workflow-runner/"));
}

#[tokio::test]
async fn text_goes_out_as_it_is_and_a_content_type_of_the_document_stays() {
    let uri = format!("{}/echo", server().await);
    let seen = call(json!({"method": "PUT", "uri": uri, "body": "<a/>", "headers": {"Content-Type": "application/xml"}})).await.unwrap();
    assert_eq!((&seen["body"], &seen["headers"]["content-type"]), (&json!("<a/>"), &json!("application/xml")));
    let seen = call(json!({"method": "PUT", "uri": uri, "body": "hello"})).await.unwrap();
    assert_eq!((&seen["body"], &seen["headers"]["content-type"]), (&json!("hello"), &json!("text/plain; charset=utf-8")));
    let seen = call(json!({"method": "PUT", "uri": uri, "body": null})).await.unwrap();
    assert_eq!((&seen["body"], seen["headers"].get("content-type")), (&json!(""), None));
}

#[tokio::test]
async fn only_calls_that_may_change_something_carry_an_idempotency_key() {
    let uri = format!("{}/echo", server().await);
    for (method, key) in [("GET", None), ("OPTIONS", None), ("POST", Some("key-1")), ("PATCH", Some("key-1")), ("DELETE", Some("key-1"))] {
        let seen = call(json!({"method": method, "uri": uri})).await.unwrap();
        assert_eq!(seen["headers"].get("idempotency-key").and_then(Value::as_str), key, "{method}");
    }
    let seen = call(json!({"method": "POST", "uri": uri, "headers": {"idempotency-key": "mine"}})).await.unwrap();
    assert_eq!(seen["headers"]["idempotency-key"], "mine");
}

#[tokio::test]
async fn content_is_read_by_its_type() {
    let server = server().await;
    let cases = [
        ("text", json!("plain")),
        ("latin1", json!("café")),
        ("problem", json!({"a": [1, 2.50]})),
        ("broken", json!("{not json")),
        ("untyped", json!({"a": 1})),
        ("empty", Value::Null),
        ("large", json!("x".repeat(5_000))),
    ];
    for (path, expected) in cases {
        assert_eq!(call(json!({"method": "GET", "uri": format!("{server}/{path}")})).await, Ok(expected), "{path}");
    }
    let raw = call(json!({"method": "GET", "uri": format!("{server}/latin1"), "output": "raw"})).await;
    assert_eq!(raw, Ok(json!("Y2Fm6Q==")));
}

#[tokio::test]
async fn the_whole_response_can_be_the_output() {
    let uri = format!("{}/echo", server().await);
    let response =
        call(json!({"method": "get", "uri": uri, "headers": {"X-A": "b"}, "query": {"q": "1"}, "output": "response"})).await.unwrap();
    assert_eq!(response["request"], json!({"method": "GET", "uri": format!("{uri}?q=1"), "headers": {"x-a": "b"}}));
    assert_eq!(response["statusCode"], 200);
    assert_eq!(response["headers"]["x-twice"], "1, 2");
    assert_eq!(response["content"]["method"], "GET");
}

#[tokio::test]
async fn a_status_that_is_not_expected_is_an_error_with_that_status() {
    let server = server().await;
    let error = call(json!({"method": "GET", "uri": format!("{server}/missing")})).await.unwrap_err();
    assert_eq!((error.kind, error.status, error.title.as_str()), ("communication", 404, "Not Found"));
    assert_eq!(error.detail.as_deref(), Some(r#"{"why":"no such pet"}"#));
    let error = call(json!({"method": "GET", "uri": format!("{server}/down")})).await.unwrap_err();
    assert_eq!((error.status, error.title.as_str(), error.detail), (503, "Service Unavailable", None));
}

#[tokio::test]
async fn a_redirect_is_never_followed_but_may_be_accepted() {
    let uri = format!("{}/moved", server().await);
    let error = call(json!({"method": "GET", "uri": uri})).await.unwrap_err();
    assert_eq!((error.kind, error.status, error.title.as_str()), ("communication", 302, "Found"));
    let response = call(json!({"method": "GET", "uri": uri, "redirect": true, "output": "response"})).await.unwrap();
    assert_eq!(
        (&response["statusCode"], &response["headers"]["location"], &response["content"]),
        (&json!(302), &json!("/echo"), &json!("there"))
    );
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused_by_size() {
    let server = server().await;
    let small = with(HttpSettings { body_limit_bytes: 4_000, ..HttpSettings::default() });
    for (path, size) in [("large", "5000 bytes or more"), ("endless", "bytes or more")] {
        let request = json!({"method": "GET", "uri": format!("{server}/{path}")});
        let error = small.call(&request.into(), "k").await.unwrap_err();
        assert_eq!((error.kind, error.status), ("runtime", 500), "{path}");
        let detail = error.detail.unwrap();
        assert!(detail.contains(size) && detail.ends_with("the limit is 4000 bytes (http.body_limit_bytes)"), "{detail}");
    }
    let base64 = with(HttpSettings { body_limit_bytes: 6_000, ..HttpSettings::default() });
    let request = json!({"method": "GET", "uri": format!("{server}/large"), "output": "raw"});
    assert!(base64.call(&request.into(), "k").await.is_err(), "5,000 bytes are 6,668 in base64");
}

#[tokio::test]
async fn compressed_answers_are_read_and_count_by_their_whole_size() {
    let server = server().await;
    for (path, expected) in [("zipped", "x".repeat(200_000)), ("deflated", "x".repeat(50)), ("brotli", "hello".to_owned())] {
        assert_eq!(call(json!({"method": "GET", "uri": format!("{server}/{path}")})).await, Ok(json!(expected)), "{path}");
    }
    let small = with(HttpSettings { body_limit_bytes: 4_000, ..HttpSettings::default() });
    let error = small.call(&json!({"method": "GET", "uri": format!("{server}/zipped")}).into(), "k").await.unwrap_err();
    assert!(error.detail.as_ref().is_some_and(|detail| detail.contains("the limit is 4000 bytes")), "{error}");
}

#[tokio::test]
async fn credentials_stand_in_no_output_and_no_error() {
    let server = server().await;
    let headers = json!({"Authorization": "Bearer hidden", "X-Api-Key": "hidden", "Cookie": "hidden", "x-plain": "shown"});
    let request = json!({"method": "GET", "uri": format!("{server}/session"), "headers": headers, "output": "response"});
    let output = call(request).await.unwrap();
    assert!(!output.to_string().contains("hidden"), "{output}");
    assert_eq!((&output["request"]["headers"]["x-plain"], &output["headers"]["set-cookie"]), (&json!("shown"), &json!("***")));
    let request = json!({"method": "GET", "uri": format!("{server}/denies"), "authentication": {"scheme": "bearer", "token": "hidden"}});
    let error = call(request).await.unwrap_err();
    assert_eq!((error.status, error.detail.as_deref()), (403, Some("not with \"***\"")));
    let open = with(HttpSettings { redact_headers: Vec::new(), ..HttpSettings::default() });
    let output = open.call(&json!({"method": "GET", "uri": format!("{server}/session"), "output": "response"}).into(), "k").await.unwrap();
    assert_eq!(output.to_json()["headers"]["set-cookie"], "sid=hidden");
}

#[tokio::test]
async fn no_answer_names_the_host_and_the_cause_but_no_header_and_no_path() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let request = json!({"method": "GET", "uri": format!("http://{closed}/hidden?token=hidden"), "headers": {"Authorization": "hidden"}});
    let error = call(request).await.unwrap_err();
    assert_eq!((error.kind, error.status, error.title), ("communication", 500, format!("no answer from {closed}")));
    let detail = error.detail.unwrap();
    assert!(detail.contains("refused") && !detail.contains("hidden"), "{detail}");

    let impatient = with(HttpSettings { timeout: Duration::from_millis(50), ..HttpSettings::default() });
    let request = json!({"method": "GET", "uri": format!("{}/never", server().await)});
    let error = impatient.call(&request.into(), "k").await.unwrap_err();
    assert!(error.detail.unwrap().contains("timed out"));
}

#[tokio::test]
async fn a_malformed_request_is_refused_before_anything_is_sent() {
    let uri = "http://127.0.0.1:1/";
    let cases = [
        (json!({"uri": uri}), "is not an HTTP method"),
        (json!({"method": "G T", "uri": uri}), "`G T`"),
        (json!({"method": "connect", "uri": uri}), "`CONNECT`"),
        (json!({"method": "GET", "uri": "not a url"}), "`not a url` is not a URL"),
        (json!({"method": "GET", "uri": "file:///etc/passwd"}), "only http and https"),
        (json!({"method": "GET", "uri": "http://user:break@127.0.0.1/"}), "use `authentication`"),
        (json!({"method": "GET", "uri": "http://user@127.0.0.1/"}), "use `authentication`"),
        (json!({"method": "GET", "uri": 7}), "not number"),
        (json!({"method": "GET", "uri": uri, "headers": {"a b": "1"}}), "`a b` is not a header name"),
        (json!({"method": "GET", "uri": uri, "headers": {"a": "line\nbreak"}}), "header `a`: its value holds"),
        (json!({"method": "GET", "uri": uri, "headers": {"a": {}}}), "cannot send an object"),
        (json!({"method": "GET", "uri": uri, "headers": "a"}), "headers: an object is needed, not a string"),
        (json!({"method": "GET", "uri": uri, "query": {"a": [[1]]}}), "query `a`: cannot send an array"),
        (json!({"method": "GET", "uri": uri, "output": "all"}), "content, raw or response"),
        (json!({"method": "GET", "uri": uri, "redirect": "yes"}), "true or false"),
    ];
    for (request, expected) in cases {
        let error = call(request.clone()).await.unwrap_err();
        assert!(error.kind == "validation" && error.title.contains(expected), "{request}: {error}");
        assert!(!error.to_string().contains("break"), "a header's value is never shown");
    }
}

#[test]
fn certificates_of_a_file_are_checked() {
    let settings = |path: &Path| HttpSettings { ca_file: Some(path.to_owned()), ..HttpSettings::default() };
    let missing = Http::new(&settings(Path::new("/no/such/file.pem"))).unwrap_err();
    assert!(missing.to_string().starts_with("http.ca_file: cannot read /no/such/file.pem"), "{missing}");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"no certificate").unwrap();
    let empty = Http::new(&settings(file.path())).unwrap_err();
    assert!(empty.to_string().ends_with("holds no certificate in PEM form"), "{empty}");
}
