use std::collections::BTreeMap;
use std::sync::Mutex;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;

struct Fixed(BTreeMap<&'static str, &'static str>);

impl SecretSource for Fixed {
    fn secret<'a>(&'a self, _: Option<&'a str>, name: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, EffectError>> {
        Box::pin(async move { Ok(self.0.get(name).map(|value| SecretString::from(*value))) })
    }
}

const LOGIN: &str = r#"{"username": "reader", "password": "pass-w0rd", "client": {"secret": 123456}}"#;

fn source() -> Fixed {
    Fixed(BTreeMap::from([("TOKEN", "s3cr3t/ va\"lue"), ("SHORT", "abc"), ("OUTER", "prefix-s3cr3t/ va\"lue"), ("LOGIN", LOGIN)]))
}

fn markers() -> Markers {
    Markers::new("test")
}

async fn through(input: Value, effect: impl FnOnce(Value) -> Result<Value, EffectError>) -> Result<Value, EffectError> {
    let effect = |filled: Data| async move { effect(filled.to_json()).map(Data::from) };
    with_secrets(&source(), None, &markers(), &input.into(), effect).await.map(|output| output.to_json())
}

#[tokio::test]
async fn the_effect_sees_values_and_the_result_markers() {
    let marker = markers().mark("TOKEN");
    let input = json!({"headers": {"authorization": format!("Bearer {marker}")}, "body": [marker]});
    let seen = Mutex::new(Value::Null);
    let output = through(input.clone(), |filled| {
        *seen.lock().unwrap() = filled.clone();
        Ok(filled)
    })
    .await;
    assert_eq!(*seen.lock().unwrap(), json!({"headers": {"authorization": "Bearer s3cr3t/ va\"lue"}, "body": ["s3cr3t/ va\"lue"]}));
    assert_eq!(output, Ok(input));
}

#[tokio::test]
async fn a_value_is_found_in_every_form_that_servers_echo() {
    let marker = markers().mark("TOKEN");
    let echoes = [
        "plain s3cr3t/ va\"lue.",
        "/path?token=s3cr3t%2F%20va%22lue",
        "/path?token=s3cr3t%2F+va%22lue",
        r#"{"token":"s3cr3t/ va\"lue"}"#,
        "czNjcjN0LyB2YSJsdWU=",
        "Basic dXNlcjpzM2NyM3QvIHZhImx1ZQ==",
    ];
    for echo in echoes {
        let output = through(json!(marker), |_| Ok(json!({"deep": [echo]}))).await.unwrap();
        let text = output["deep"][0].as_str().unwrap();
        assert_ne!(text, echo);
        assert!(text.contains(&marker) || text.starts_with("Basic "), "{text}");
        assert!(!text.contains("s3cr3t") && !text.contains("czNjcjN0") && !text.contains("M2NyM3Q"), "{text}");
    }
    let output = through(json!(marker), |_| Ok(json!({"s3cr3t/ va\"lue": 1, "n": 2, "none": null}))).await.unwrap();
    assert_eq!(output, json!({marker: 1, "n": 2, "none": null}));
}

#[tokio::test]
async fn the_credentials_inside_of_a_secret_are_found_too() {
    let marker = markers().mark("LOGIN");
    let echo = json!({"user": "reader", "seen": "pass-w0rd", "id": "123456", "header": "Basic cmVhZGVyOnBhc3MtdzByZA=="});
    let output = through(json!({"secret": marker}), |_| Ok(echo)).await.unwrap();
    assert_eq!((&output["user"], &output["seen"], &output["id"]), (&json!("reader"), &json!(marker), &json!(marker)));
    assert!(
        !output["header"].as_str().unwrap().contains("cGFzcy13MHJk") && output["header"] != "Basic cmVhZGVyOnBhc3MtdzByZA==",
        "{output}"
    );
}

#[tokio::test]
async fn the_longest_value_wins_and_short_ones_are_left_alone() {
    let markers = markers();
    let input = json!([markers.mark("OUTER"), markers.mark("TOKEN"), markers.mark("SHORT")]);
    let output = through(input, |_| Ok(json!(["prefix-s3cr3t/ va\"lue", "s3cr3t/ va\"lue", "abc"]))).await.unwrap();
    assert_eq!(output, json!([markers.mark("OUTER"), markers.mark("TOKEN"), "abc"]));
}

#[tokio::test]
async fn operations_on_secrets_are_done_with_their_values_and_undone_in_results() {
    let encoded = markers().mark("TOKEN");
    let encoded = crate::expr::marker::base64(&Data::string(format!("me:{encoded}"))).unwrap();
    let encoded = encoded.as_str().unwrap();
    let short = crate::expr::marker::base64(&Data::string(markers().mark("SHORT"))).unwrap();
    let input = json!({"authorization": format!("Basic {encoded}"), "short": short.to_json()});
    let seen = Mutex::new(Value::Null);
    let output = through(input.clone(), |filled| {
        *seen.lock().unwrap() = filled.clone();
        Ok(json!([filled["authorization"], "bWU6czNjcjN0LyB2YSJsdWU=", "x bWU6czNjcjN0LyB2YSJsdWU= y", "YWJj", "/zpzM2NyM3QvIHZhImx1ZQ=="]))
    })
    .await
    .unwrap();
    assert_eq!(*seen.lock().unwrap(), json!({"authorization": "Basic bWU6czNjcjN0LyB2YSJsdWU=", "short": "YWJj"}));
    assert_eq!(output[0], input["authorization"]);
    assert_eq!(output[1], json!(encoded));
    assert_eq!(output[2], json!(format!("x {encoded} y")));
    assert_eq!(output[3], "YWJj");
    // Bytes that are no text around a value.
    assert!(!output[4].as_str().unwrap().contains("M2NyM3Q"), "{output}");
}

#[tokio::test]
async fn errors_are_scrubbed_before_they_are_cut() {
    let marker = markers().mark("TOKEN");
    // The value stands right across the place where the detail is cut.
    let detail = format!("{}s3cr3t/ va\"lue and more", "x".repeat(508));
    let failed = |_| Err(EffectError::communication(401, "who is s3cr3t/ va\"lue?").with_detail(detail));
    let error = through(json!(marker), failed).await.unwrap_err();
    assert_eq!(error.title, format!("who is {marker}?"));
    let detail = error.detail.unwrap();
    assert!(detail.ends_with('…') && !detail.contains("s3c"), "{detail}");
    let long = through(json!("no secret"), |_| Err(EffectError::runtime("x").with_detail("y".repeat(9_000)))).await.unwrap_err();
    assert!(long.detail.is_some_and(|detail| detail.len() < 1_000));
}

#[tokio::test]
async fn all_that_are_missing_are_named() {
    let input = json!([markers().mark("LOST"), markers().mark("TOKEN"), markers().mark("GONE")]);
    let error = through(input, |_| panic!("nothing is called")).await.unwrap_err();
    assert_eq!((error.kind, error.title.as_str()), ("authorization", "the secrets `GONE`, `LOST` are not available"));
}

#[tokio::test]
async fn a_missing_secret_stops_the_call() {
    let input = json!([markers().mark("ABSENT")]);
    let error = through(input, |_| panic!("nothing may be called")).await.unwrap_err();
    assert_eq!((error.kind, error.status), ("authorization", 403));
    assert!(error.title.contains("`ABSENT`"), "{error}");
}

#[tokio::test]
async fn sources_are_asked_in_order() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("FILE"), "from file\r\n").unwrap();
    std::fs::write(directory.path().join("BOTH"), "file wins\n\n").unwrap();
    std::fs::write(directory.path().join(".hidden"), "x").unwrap();
    let variables = [
        ("WORKFLOW_RUNNER_SECRET_BOTH", "variable"),
        ("WORKFLOW_RUNNER_SECRET_lower-case", "variable"),
        ("WORKFLOW_RUNNER_SECRET_EMPTY", ""),
        ("PATH", "/bin"),
    ];
    let environment = Environment::new(variables.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let chain = Chain::default().then(Directory::new(directory.path())).then(environment);
    let outside = format!("../{}/FILE", directory.path().file_name().unwrap().to_str().unwrap());
    let cases = [
        ("FILE", Some("from file")),
        ("BOTH", Some("file wins\n")),
        ("lower-case", Some("variable")),
        ("EMPTY", None),
        ("PATH", None),
        (".hidden", None),
        ("", None),
        (outside.as_str(), None),
    ];
    for (name, expected) in cases {
        let value = chain.secret(Some("wex_1"), name).await.unwrap();
        assert_eq!(value.as_ref().map(ExposeSecret::expose_secret), expected, "{name}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_an_error_not_a_missing_secret() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("FOLDER")).unwrap();
    std::fs::write(directory.path().join("BINARY"), [0xff, 0xfe, 0x00]).unwrap();
    for name in ["FOLDER", "BINARY"] {
        let error = Directory::new(directory.path()).secret(None, name).await.map(|_| ()).unwrap_err();
        assert_eq!((error.kind, error.title), ("authorization", format!("the secret `{name}` cannot be read")));
    }
}
