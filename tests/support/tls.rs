//! Authorities of our own, and a proxy that ends TLS before a server that knows none.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// PEM of a certificate and its key.
pub struct Issued {
    pub certificate: String,
    pub key: String,
}

pub struct Authority {
    /// Its own certificate.
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// For a server on `localhost`, or a client.
    pub fn issue(&self) -> Issued {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Issued { certificate, key: key.serialize_pem() }
    }
}

/// Takes TLS from clients that one of some authorities vouches for, and passes on what is in it.
pub struct TlsProxy {
    address: SocketAddr,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    cut: watch::Sender<()>,
    accepted: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

impl TlsProxy {
    /// Before the server at `upstream`; shows a certificate of `own`, and demands one of `clients`.
    pub async fn start(upstream: &str, own: &Authority, clients: &[&Authority]) -> Self {
        workflow_runner::effects::http::use_ring();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let proxy = Self {
            address: listener.local_addr().expect("an address"),
            config: Arc::new(Mutex::new(config(own, clients))),
            cut: watch::Sender::new(()),
            accepted: Arc::default(),
            refused: Arc::default(),
        };
        let (config, cut, upstream) = (proxy.config.clone(), proxy.cut.clone(), upstream.to_owned());
        let (accepted, refused) = (proxy.accepted.clone(), proxy.refused.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let config = config.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let (mut cut, upstream) = (cut.subscribe(), upstream.clone());
                let (accepted, refused) = (accepted.clone(), refused.clone());
                tokio::spawn(async move {
                    let Ok(mut inside) = TlsAcceptor::from(config).accept(stream).await else {
                        refused.fetch_add(1, Ordering::Relaxed);
                        return;
                    };
                    accepted.fetch_add(1, Ordering::Relaxed);
                    let Ok(mut outside) = TcpStream::connect(upstream).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut inside, &mut outside) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        proxy
    }

    pub fn address(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// From now on, and for everybody: connections under the old certificates are cut.
    pub fn change(&self, own: &Authority, clients: &[&Authority]) {
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config(own, clients);
        self.accepted.store(0, Ordering::Relaxed);
        self.cut.send_replace(());
    }

    /// Connections since the last change.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Clients that were turned away.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }
}

fn config(own: &Authority, clients: &[&Authority]) -> Arc<ServerConfig> {
    let mut roots = RootCertStore::empty();
    for authority in clients {
        roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).expect("PEM")).expect("a certificate");
    }
    let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build().expect("a verifier");
    let issued = own.issue();
    let chain = vec![CertificateDer::from_pem_slice(issued.certificate.as_bytes()).expect("PEM")];
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).expect("PEM");
    let mut config = ServerConfig::builder().with_client_cert_verifier(clients).with_single_cert(chain, key).expect("they fit");
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}
