//! Where calls may go, and where `http.resolve` sends them.

use super::*;

async fn get(http: &Http, uri: &str) -> Result<Value, EffectError> {
    http.call(&json!({"method": "GET", "uri": uri, "output": "response"}).into(), "k").await.map(|output| output.to_json())
}

fn reaching(reach: Reach) -> Http {
    Http::new(&HttpSettings { environment_proxy: false, reach, ..HttpSettings::default() }).unwrap()
}

#[tokio::test]
async fn what_the_reach_leaves_out_is_not_called() {
    let port = server().await.rsplit_once(':').unwrap().1.to_owned();
    for reach in [Reach::Cluster, Reach::Public] {
        for host in ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]", "LOCALHOST"] {
            let error = get(&reaching(reach), &format!("http://{host}:{port}/echo")).await.unwrap_err();
            assert_eq!((error.kind, error.status), ("authorization", 403), "{host}: {error}");
            assert!(error.title.ends_with("may not be called"), "{error}");
            let detail = error.detail.unwrap();
            assert!(detail.contains("loopback") && detail.contains(&format!("http.reach `{}`", reach.name())), "{detail}");
        }
    }
    assert!(get(&reaching(Reach::Any), &format!("http://localhost:{port}/echo")).await.is_ok());
    assert_eq!(HttpSettings::default().reach, Reach::Cluster);
}

#[tokio::test]
async fn a_host_can_be_played_by_another_one() {
    let server = server().await;
    let detour = |host: &str, port| Detour { host: host.to_owned(), port, origin: Url::parse(&server).unwrap() };
    let settings = HttpSettings { resolve: vec![detour("pets.test", None), detour("other.test", Some(80))], ..HttpSettings::default() };
    let http = Http::new(&settings).unwrap();
    for uri in ["https://pets.test/echo?a=b", "http://PETS.test:8080/echo?a=b", "http://other.test/echo?a=b"] {
        let output = get(&http, uri).await.unwrap();
        assert_eq!(output["request"]["uri"], Url::parse(uri).unwrap().as_str(), "the document's own address is shown");
        assert_eq!(output["content"]["uri"], "/echo?a=b");
        let host = uri.split('/').nth(2).unwrap().to_ascii_lowercase();
        assert_eq!(output["content"]["headers"]["host"], host);
    }
    let error = get(&http, "https://other.test/echo").await.unwrap_err();
    assert_eq!(error.kind, "communication", "another port is another host: {error}");
    let error = get(&http, &format!("{server}/echo")).await.unwrap_err();
    assert_eq!(error.kind, "authorization", "the address itself stays out of reach");
}
