//! `http.ca_file`: an authority of one's own.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use super::*;

/// The authority's certificate in PEM form, and the address of a server on `localhost` that it vouches for.
async fn tls_server() -> (String, String) {
    use_ring();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key.into()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = [0; 4_096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\ntrue").await;
            let _ = stream.shutdown().await;
        }
    });
    (authority.pem(), format!("https://localhost:{port}/"))
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_by_its_file_alone() {
    let (authority, uri) = tls_server().await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(authority.as_bytes()).unwrap();
    let request: Data = json!({"method": "GET", "uri": uri}).into();
    let trusting = with(HttpSettings { ca_file: Some(file.path().to_owned()), ..HttpSettings::default() });
    assert_eq!(trusting.call(&request, "k").await.map(|output| output.to_json()), Ok(json!(true)));
    let error = http().call(&request, "k").await.unwrap_err();
    assert_eq!((error.kind, error.status), ("communication", 500));
    let elsewhere: Data = json!({"method": "GET", "uri": uri.replace("localhost", "127.0.0.1")}).into();
    assert!(trusting.call(&elsewhere, "k").await.is_err(), "the name must be the certificate's");
}
