//! Basic, bearer and digest against a server that checks them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use digest_auth::{AuthContext, AuthorizationHeader, HttpMethod};

use super::*;

/// Counts its requests; a nonce is `nonce-<n>`, and only the newest one is good.
#[derive(Clone)]
struct Gate {
    challenge: &'static str,
    /// As many right answers are told that their nonce is too old.
    stale: usize,
    asked: Arc<AtomicUsize>,
}

async fn digest(State(gate): State<Gate>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let asked = gate.asked.fetch_add(1, Ordering::SeqCst);
    let given = headers.get("authorization").map(|value| AuthorizationHeader::parse(value.to_str().unwrap()).unwrap());
    let right = given.as_ref().is_some_and(|given| {
        let context = AuthContext::new_with_method(
            "Mufasa",
            "Circle of Life",
            uri.to_string(),
            Some(body.as_ref()),
            HttpMethod(method.as_str().into()),
        );
        let mut expected = given.clone();
        expected.digest(&context);
        expected.response == given.response && given.uri == uri.to_string()
    });
    if right && asked > gate.stale {
        return Response::new(Body::from(body));
    }
    let challenge = format!(r#"{}, nonce="nonce-{asked}", stale={right}"#, gate.challenge);
    Response::builder()
        .status(401)
        .header("www-authenticate", "Basic realm=\"r\"")
        .header("www-authenticate", challenge)
        .body(Body::empty())
        .unwrap()
}

/// Its address and how often it was asked.
async fn gate(challenge: &'static str, stale: usize) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(any(digest)).with_state(Gate { challenge, stale, asked: asked.clone() });
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}/a%20b?c=d"), asked)
}

fn login(uri: &str, password: &str) -> Value {
    json!({"method": "POST", "uri": uri, "body": "twice", "authentication": {"scheme": "digest", "username": "Mufasa", "password": password}})
}

#[tokio::test]
async fn a_challenge_is_answered_with_the_same_request() {
    for challenge in [
        r#"Digest realm="r", qop="auth", algorithm=MD5"#,
        r#"Digest realm="r", qop="auth,auth-int", algorithm=SHA-256, opaque="o""#,
        r#"Digest realm="r", qop="auth-int", algorithm=SHA-256"#,
        r#"Digest realm="r", algorithm=MD5-sess, qop="auth""#,
        r#"Digest realm="r""#,
    ] {
        let (uri, asked) = gate(challenge, 0).await;
        assert_eq!(call(login(&uri, "Circle of Life")).await, Ok(json!("twice")), "{challenge}");
        assert_eq!(asked.load(Ordering::SeqCst), 2, "{challenge}");
    }
}

#[tokio::test]
async fn a_nonce_that_expired_is_replaced_once() {
    let challenge = r#"Digest realm="r", qop="auth", algorithm=SHA-256"#;
    for (stale, password, ends, times) in
        [(1, "Circle of Life", Ok(json!("twice")), 3), (9, "Circle of Life", Err(401), 3), (0, "wrong", Err(401), 2)]
    {
        let (uri, asked) = gate(challenge, stale).await;
        let ended = call(login(&uri, password)).await.map_err(|error| {
            assert_eq!((error.kind, error.title.as_str()), ("communication", "Unauthorized"));
            error.status
        });
        assert_eq!((ended, asked.load(Ordering::SeqCst)), (ends, times), "{stale} {password}");
    }
}

#[tokio::test]
async fn no_digest_is_sent_where_none_is_asked_for() {
    let seen = call(login(&format!("{}/echo", server().await), "x")).await.unwrap();
    assert_eq!(seen["headers"].get("authorization"), None);
    let error = call(login(&format!("{}/denied", server().await), "x")).await.unwrap_err();
    assert_eq!(error.status, 404);
}

#[tokio::test]
async fn basic_and_bearer_go_out_at_once() {
    let uri = format!("{}/echo", server().await);
    for (authentication, header) in [
        (json!({"scheme": "basic", "username": "user", "password": "word"}), "Basic dXNlcjp3b3Jk"),
        (json!({"scheme": "basic", "secret": r#"{"username":"user","password":"word"}"#}), "Basic dXNlcjp3b3Jk"),
        (json!({"scheme": "bearer", "token": "abc"}), "Bearer abc"),
    ] {
        let seen = call(json!({"method": "GET", "uri": uri, "authentication": authentication})).await.unwrap();
        assert_eq!(seen["headers"]["authorization"], header);
    }
    let both =
        json!({"method": "GET", "uri": uri, "headers": {"Authorization": "x"}, "authentication": {"scheme": "bearer", "token": "abc"}});
    assert!(call(both).await.is_err_and(|error| error.kind == "validation" && error.title.contains("cannot both")));
    let broken = json!({"method": "GET", "uri": uri, "authentication": {"scheme": "bearer", "token": "hidden\n"}});
    assert!(call(broken).await.is_err_and(|error| error.kind == "validation" && !error.to_string().contains("hidden")));
}
