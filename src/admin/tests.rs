//! Over real sockets on loopback.

use futures::FutureExt as _;

use super::*;

struct Running {
    base: String,
    latch: Option<Latch>,
    liveness: Liveness,
}

async fn running(more_metrics: MoreMetrics) -> Running {
    // Clients of the tests need it too.
    drop(rustls::crypto::ring::default_provider().install_default());
    let local = AdminSettings { listen: ([127, 0, 0, 1], 0).into(), listen_is_set: false };
    let listener = bind(&local).await.unwrap().unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (readiness, latch) = Readiness::new();
    let liveness = Liveness::new();
    let admin = Admin { liveness: liveness.clone(), readiness, metrics: Arc::default(), more_metrics };
    tokio::spawn(admin.serve(listener));
    Running { base, latch: Some(latch), liveness }
}

async fn get(url: String) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn the_three_routes_and_nothing_else() {
    let mut running = running(MoreMetrics::none()).await;
    let base = running.base.clone();
    let _heartbeat = running.liveness.heartbeat("a thread");
    assert_eq!(get(format!("{base}/livez")).await, (200, "ok\n".to_owned()));
    assert_eq!(get(format!("{base}/readyz")).await, (503, "not ready\n".to_owned()));
    running.latch = None;
    assert_eq!(get(format!("{base}/readyz")).await, (200, "ready\n".to_owned()));
    let (status, text) = get(format!("{base}/metrics")).await;
    assert!(status == 200 && text.contains("workflow_runner_build_info"), "{text}");
    for path in ["", "/", "/debug", "/livez/x"] {
        assert_eq!(get(format!("{base}{path}")).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn series_of_others_stand_on_the_same_page() {
    let other = running(MoreMetrics::from_fn(|| async { Ok("temporal_x 1\n".to_owned()) }.boxed())).await;
    let page = running(MoreMetrics::from_url(format!("{}/metrics", other.base)).unwrap()).await;
    let (status, text) = get(format!("{}/metrics", page.base)).await;
    assert_eq!((status, text.matches("workflow_runner_build_info{").count(), text.ends_with("temporal_x 1\n")), (200, 2, true), "{text}");

    let broken = running(MoreMetrics::from_fn(|| async { Err("gone\naway".to_owned()) }.boxed())).await;
    let (status, text) = get(format!("{}/metrics", broken.base)).await;
    assert!(status == 200 && text.ends_with("# series of the Temporal SDK are missing: gone away\n"), "{text}");
}

#[tokio::test]
async fn a_taken_address_is_fatal_only_when_it_was_chosen() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = taken.local_addr().unwrap();
    assert!(bind(&AdminSettings { listen, listen_is_set: false }).await.is_ok_and(|listener| listener.is_none()));
    let error = bind(&AdminSettings { listen, listen_is_set: true }).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("admin.listen: cannot listen on {listen}: ")), "{error}");
}
