//! Certificates, keys and tokens that change while the worker runs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::at_least;
use crate::support::direct::{completed, start};
use crate::support::tls::{Authority, TlsProxy};
use crate::support::wait::until;
use crate::support::web::{Reply, Web};
use crate::support::worker::WorkerProcess;
use crate::support::{API_KEY, Stage, document};

/// Files as Kubernetes mounts them: behind a link that is swapped.
struct Mounted {
    dir: tempfile::TempDir,
    version: u32,
}

impl Mounted {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder"), version: 0 }
    }

    /// All files at once.
    fn put(&mut self, files: &[(&str, &str)]) {
        self.version += 1;
        let folder = format!("..{}", self.version);
        std::fs::create_dir(self.dir.path().join(&folder)).expect("a folder");
        for (name, text) in files {
            std::fs::write(self.dir.path().join(&folder).join(name), text).expect("written");
        }
        let new = self.dir.path().join("..new");
        std::os::unix::fs::symlink(folder, &new).expect("a link");
        std::fs::rename(new, self.dir.path().join("..data")).expect("swapped");
    }

    fn identity(&mut self, own: &Authority, trusted: &[&Authority]) {
        let issued = own.issue();
        let ca: String = trusted.iter().map(|authority| authority.pem.as_str()).collect();
        self.put(&[("tls.crt", &issued.certificate), ("tls.key", &issued.key), ("ca.crt", &ca), ("token", API_KEY)]);
    }

    fn path(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::new(self.dir.path()).join("..data").join(name)
    }
}

fn reloads(what: &str, outcome: &str) -> String {
    format!(r#"workflow_runner_reloads_total{{outcome="{outcome}",what="{what}"}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_to_temporal_change_under_a_run() {
    let stage = Stage::start().await;
    let web = Web::start(|_, _| Reply::json(&json!("done"))).await;
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let proxy = TlsProxy::start(&stage.server.address(), &old, &[&old]).await;
    let mut mounted = Mounted::new();
    mounted.identity(&old, &[&old]);
    let [cert, key, ca] = ["tls.crt", "tls.key", "ca.crt"].map(|name| mounted.path(name));
    let settings = [
        ("TEMPORAL_TLS_CLIENT_CERT_PATH", cert.as_str()),
        ("TEMPORAL_TLS_CLIENT_KEY_PATH", &key),
        ("TEMPORAL_TLS_SERVER_CA_CERT_PATH", &ca),
        ("WORKFLOW_RUNNER_WORKER__RELOAD_EVERY", "100ms"),
    ];
    let worker = WorkerProcess::start(&proxy.address(), None, &settings).await;
    let call = |name: &str| format!("  - {name}: {{call: http, with: {{method: get, endpoint: '{}'}}}}\n", web.url(&format!("/{name}")));
    let tasks = format!("{}  - hold: {{listen: {{to: {{one: {{with: {{type: go}}}}}}}}}}\n{}", call("before"), call("after"));
    start(&stage.client, "rotated", &document(&tasks), &Value::Null).await;
    until("the first call", || async { (web.seen_at("/before").len() == 1).then_some(()) }).await;

    // The worker is told first, then the server, which forgets the old authority.
    mounted.identity(&new, &[&old, &new]);
    at_least(&worker, &reloads("temporal_tls", "applied"), 1.0).await;
    proxy.change(&new, &[&new]);
    until("a connection under the new authority", || async { (proxy.accepted() > 0).then_some(()) }).await;
    crate::say_go(&stage, "rotated", &json!("on")).await;
    assert_eq!(completed(&stage.client, "rotated").await.0, json!("done"));
    assert_eq!((web.seen_at("/before").len(), web.seen_at("/after").len()), (1, 1));

    // What cannot be used changes nothing, and is told.
    let refused_before = proxy.refused();
    mounted.put(&[("tls.crt", "nonsense"), ("tls.key", "nonsense"), ("ca.crt", "nonsense")]);
    at_least(&worker, &reloads("temporal_tls", "refused"), 1.0).await;
    assert_eq!(worker.metric(r#"workflow_runner_reload_failing{what="temporal_tls"}"#).await, Some(1.0));
    proxy.change(&new, &[&new]);
    start(&stage.client, "later", &document(&call("after")), &Value::Null).await;
    assert_eq!(completed(&stage.client, "later").await.0, json!("done"));
    assert_eq!(proxy.refused(), refused_before, "the certificate in use is still the good one");
    mounted.identity(&new, &[&new]);
    until("the failure to be over", || async {
        worker.metric(r#"workflow_runner_reload_failing{what="temporal_tls"}"#).await.filter(|failing| *failing == 0.0)
    })
    .await;
    let log = worker.log();
    assert!(log.contains("what has changed cannot be used; going on as before") && !log.contains("BEGIN"), "{log}");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_a_certificate_is_told_why_it_waits() {
    let stage = Stage::start().await;
    let authority = Authority::new("own");
    let proxy = TlsProxy::start(&stage.server.address(), &authority, &[&authority]).await;
    let mut mounted = Mounted::new();
    mounted.identity(&Authority::new("other"), &[&authority]);
    let [cert, key, ca] = ["tls.crt", "tls.key", "ca.crt"].map(|name| mounted.path(name));
    let settings = [
        ("TEMPORAL_TLS_CLIENT_CERT_PATH", cert.as_str()),
        ("TEMPORAL_TLS_CLIENT_KEY_PATH", &key),
        ("TEMPORAL_TLS_SERVER_CA_CERT_PATH", &ca),
    ];
    let worker = WorkerProcess::spawn(&proxy.address(), None, &settings);
    until("the worker to say so", || async { worker.log().contains("not reachable yet").then_some(()) }).await;
    assert!(proxy.refused() > 0 && proxy.accepted() == 0);
    // Corrected while it waits: it reads the files again at each attempt.
    mounted.identity(&authority, &[&authority]);
    until("the worker to be ready", || async { worker.get("/readyz").await.filter(|(status, _)| *status == 200) }).await;
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_planes_token_and_certificates_change_between_calls() {
    let stage = Stage::start().await;
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let proxy = TlsProxy::start(&stage.plane.address().to_string(), &old, &[&old]).await;
    let mut mounted = Mounted::new();
    mounted.identity(&old, &[&old]);
    let [cert, key, ca, token] = ["tls.crt", "tls.key", "ca.crt", "token"].map(|name| mounted.path(name));
    let settings = [
        ("STIGMER_SERVICE_USE_TLS", "true"),
        ("STIGMER_API_KEY", ""),
        ("WORKFLOW_RUNNER_STIGMER__API_KEY_FILE", token.as_str()),
        ("WORKFLOW_RUNNER_STIGMER__CA_FILE", &ca),
        ("WORKFLOW_RUNNER_STIGMER__CLIENT_CERT_FILE", &cert),
        ("WORKFLOW_RUNNER_STIGMER__CLIENT_KEY_FILE", &key),
        ("WORKFLOW_RUNNER_WORKER__RELOAD_EVERY", "100ms"),
    ];
    let worker = WorkerProcess::start(&stage.server.address(), Some(&proxy.address()), &settings).await;
    let yaml = document("  - one: {set: {x: 1}}\n");
    let id = stage.execute(&yaml, &json!({})).await;
    assert_eq!(stage.output(&id).await, json!({"x": 1}));

    mounted.identity(&new, &[&new]);
    at_least(&worker, &reloads("stigmer", "applied"), 1.0).await;
    proxy.change(&new, &[&new]);
    let id = stage.execute(&yaml, &json!({})).await;
    assert_eq!(stage.output(&id).await, json!({"x": 1}));
    assert!(proxy.accepted() > 0);

    // A token that the control plane does not know, and then the right one again.
    let issued = new.issue();
    let files = |token| {
        [("tls.crt", issued.certificate.as_str()), ("tls.key", issued.key.as_str()), ("ca.crt", new.pem.as_str()), ("token", token)]
    };
    mounted.put(&files("no such key\n"));
    at_least(&worker, &reloads("stigmer", "refused"), 1.0).await;
    let id = stage.execute(&yaml, &json!({})).await;
    assert_eq!(stage.output(&id).await, json!({"x": 1}), "the old key goes on");
    mounted.put(&files("another-key\n"));
    at_least(&worker, &reloads("stigmer", "applied"), 2.0).await;
    let id = stage.execute(&yaml, &json!({})).await;
    until("the control plane to refuse the key", || async { worker.log().contains("Unauthenticated").then_some(()) }).await;
    mounted.put(&files(API_KEY));
    at_least(&worker, &reloads("stigmer", "applied"), 3.0).await;
    let later = stage.execute(&yaml, &json!({})).await;
    assert_eq!(stage.output(&later).await, json!({"x": 1}));
    assert!(!worker.log().contains("another-key"), "{}", worker.log());
    drop((worker, id));
    stage.stop().await;
}
