//! Files below a folder, and documents of a loopback server.

use std::path::Path;

use axum::Router;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::get;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::config::{HttpSettings, Reach};

fn resources(allow: Option<&[String]>, folder: Option<&Path>, reach: Reach) -> Resources {
    let http = Http::new(&HttpSettings { environment_proxy: false, reach, ..HttpSettings::default() }).unwrap();
    let settings = ResourceSettings { allow: allow.map(<[String]>::to_vec), size_limit_bytes: 1_000, folder: folder.map(Path::to_owned) };
    Resources::new(http, &settings)
}

async fn read(resources: &Resources, uri: &str) -> Result<String, EffectError> {
    resources.fetch(&json!({ "uri": uri }).into(), Purpose::Read).await.map(|resource| resource.text)
}

fn folder() -> TempDir {
    let outer = tempfile::tempdir().unwrap();
    for (name, text) in [("defs/api.yaml", "the api"), ("defs/deep/a b.txt", "deep"), ("defs-old/x", "old"), ("hidden", "hidden")] {
        let path = outer.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::write(outer.path().join("defs/large"), "x".repeat(1_001)).unwrap();
    std::fs::write(outer.path().join("defs/binary"), [0xff, 0xfe]).unwrap();
    std::os::unix::fs::symlink(outer.path().join("hidden"), outer.path().join("defs/link")).unwrap();
    outer
}

#[tokio::test]
async fn files_below_what_is_allowed_are_read_and_no_others() {
    let outer = folder();
    let root = Url::from_directory_path(outer.path()).unwrap();
    let resources = resources(Some(&[format!("{root}defs")]), None, Reach::Cluster);
    for (name, text) in [("defs/api.yaml", "the api"), ("defs/deep/a%20b.txt", "deep"), ("defs/deep/../api.yaml", "the api")] {
        assert_eq!(read(&resources, &format!("{root}{name}")).await.as_deref(), Ok(text), "{name}");
    }
    for name in ["hidden", "defs/../hidden", "defs/..%2Fhidden", "defs/link", "defs-old/x", "absent", "defs/deep/..%2F..%2F../hidden"] {
        let error = read(&resources, &format!("{root}{name}")).await.unwrap_err();
        assert_eq!((error.kind, error.status), ("authorization", 403), "{name}: {error}");
    }
    for (name, kind, word) in [
        ("defs/absent", "configuration", "cannot be read"),
        ("defs/deep", "configuration", "no plain file"),
        ("defs/large", "runtime", "too large"),
        ("defs/binary", "configuration", "UTF-8"),
    ] {
        let error = read(&resources, &format!("{root}{name}")).await.unwrap_err();
        assert!(error.kind == kind && error.title.contains(word), "{name}: {error}");
    }
    for name in ["ftp://h/x", "api.yaml", "file://host/defs/api.yaml"] {
        assert_eq!(read(&resources, name).await.unwrap_err().kind, "configuration", "{name}");
    }
}

#[tokio::test]
async fn a_person_reads_beside_his_definition_and_a_worker_nothing() {
    let outer = folder();
    let defs = outer.path().join("defs");
    let own = resources(None, Some(&defs), Reach::Any);
    assert_eq!(read(&own, "api.yaml").await.as_deref(), Ok("the api"));
    assert_eq!(read(&own, "deep/a b.txt").await.as_deref(), Ok("deep"));
    assert_eq!(read(&own, "../hidden").await.unwrap_err().kind, "authorization");
    let uri = Url::from_file_path(defs.join("api.yaml")).unwrap();
    assert_eq!(read(&resources(None, None, Reach::Cluster), uri.as_str()).await.unwrap_err().kind, "authorization");
    assert_eq!(read(&resources(Some(&[]), Some(&defs), Reach::Any), "api.yaml").await.unwrap_err().kind, "authorization");
}

/// `/to?<location>` redirects; `/document` wants the token `abc`, where there is one.
async fn server() -> String {
    let redirect = |uri: axum::http::Uri| async move {
        let location = uri.query().unwrap_or_default().to_owned();
        Response::builder().status(StatusCode::FOUND).header("location", location).body(axum::body::Body::empty()).unwrap()
    };
    let document = |headers: HeaderMap| async move {
        headers.get("authorization").map_or_else(|| "open".to_owned(), |value| value.to_str().unwrap().to_owned())
    };
    let nowhere = || async { StatusCode::NOT_MODIFIED };
    let app = Router::new().route("/to", get(redirect)).route("/document", get(document)).route("/nowhere", get(nowhere));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

#[tokio::test]
async fn redirections_are_followed_without_the_credentials() {
    let (one, two) = (server().await, server().await);
    let resources = resources(None, None, Reach::Any);
    let get = async |uri: String| {
        let resource: Value = json!({"uri": uri, "authentication": {"scheme": "bearer", "token": "abc"}});
        resources.fetch(&resource.into(), Purpose::Read).await.map(|resource| (resource.uri.to_string(), resource.text))
    };
    assert_eq!(get(format!("{one}/to?/document")).await, Ok((format!("{one}/document"), "Bearer abc".to_owned())));
    assert_eq!(get(format!("{one}/to?{two}/document")).await, Ok((format!("{two}/document"), "open".to_owned())));
    assert!(get(format!("{one}/to?/to?/to?/document")).await.is_ok());
    let error = get(format!("{one}/to?to")).await.unwrap_err();
    assert_eq!(error.title, format!("{one}/to redirects too often"), "to itself, in the end");
    assert!(get(format!("{one}/to?file:///etc/passwd")).await.unwrap_err().title.ends_with("redirects to where it may not"));
    assert_eq!(get(format!("{one}/nowhere")).await.unwrap_err().status, 304);
    assert_eq!(get(format!("{one}/absent")).await.unwrap_err().status, 404);
}

#[tokio::test]
async fn what_is_run_must_be_allowed() {
    let (one, two) = (server().await, server().await);
    let allowed = resources(Some(&[format!("{one}/")]), None, Reach::Any);
    let run = async |uri: String| allowed.fetch(&json!({ "uri": uri }).into(), Purpose::Run).await.map(|resource| resource.text);
    assert_eq!(run(format!("{one}/document")).await.as_deref(), Ok("open"));
    for uri in [format!("{two}/document"), format!("{one}/to?{two}/document")] {
        assert_eq!(run(uri.clone()).await.unwrap_err().kind, "authorization", "{uri}");
    }
    assert_eq!(read(&allowed, &format!("{two}/document")).await.as_deref(), Ok("open"), "reading is another thing");
    let error = read(&resources(None, None, Reach::Cluster), &format!("{one}/document")).await.unwrap_err();
    assert_eq!(error.kind, "authorization");
    let person = resources(None, Some(Path::new(".")), Reach::Any);
    assert!(person.fetch(&json!({ "uri": format!("{one}/document") }).into(), Purpose::Run).await.is_ok());
}
