//! TLS with a certificate that is read again when its files change, as those that a cluster renews do.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use std::{fmt, fs};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// The files are looked at this often at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{setting}: {file}: {reason}")]
    File { setting: &'static str, file: String, reason: String },
    #[error("direct.tls_key_path: {file} is not the key of the certificate: {reason}")]
    Pair { file: String, reason: String },
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// Makes the server's side of a connection.
#[derive(Clone)]
pub(super) struct Acceptor(pub TlsAcceptor);

impl Acceptor {
    /// # Errors
    /// The files cannot be read, or do not belong together.
    pub fn new(files: &TlsFiles) -> Result<Self, TlsError> {
        let pair = Pair::read(files.clone())?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(pair));
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

/// The certificate with its key, as its files had them last.
struct Pair {
    files: TlsFiles,
    current: Mutex<Current>,
}

struct Current {
    key: Arc<CertifiedKey>,
    /// Of the files when they were last read, also where they could not be used.
    stamp: Stamp,
    looked: Instant,
}

type Stamp = [Option<(SystemTime, u64)>; 2];

impl Pair {
    fn read(files: TlsFiles) -> Result<Self, TlsError> {
        let stamp = stamp(&files);
        let current = Current { key: load(&files)?, stamp, looked: Instant::now() };
        Ok(Self { files, current: Mutex::new(current) })
    }

    /// Two looks at the file system a second at most, so it may be done where the handshake is.
    fn key(&self) -> Arc<CertifiedKey> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked.elapsed() >= LOOK_EVERY {
            current.looked = Instant::now();
            self.look_again(&mut current);
        }
        current.key.clone()
    }

    fn look_again(&self, current: &mut Current) {
        let stamp = stamp(&self.files);
        if std::mem::replace(&mut current.stamp, stamp) == stamp {
            return;
        }
        match load(&self.files) {
            Ok(key) => {
                tracing::info!(file = %self.files.cert.display(), "the certificate of the direct service is read again");
                current.key = key;
            }
            // Half of a renewal: the other half changes the files once more.
            Err(error) => {
                tracing::warn!(%error, "the certificate of the direct service has changed and cannot be used: the one from before stays");
            }
        }
    }
}

impl ResolvesServerCert for Pair {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key())
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("files", &self.files).finish_non_exhaustive()
    }
}

fn stamp(files: &TlsFiles) -> Stamp {
    [&files.cert, &files.key].map(|file| fs::metadata(file).ok().and_then(|meta| Some((meta.modified().ok()?, meta.len()))))
}

fn load(files: &TlsFiles) -> Result<Arc<CertifiedKey>, TlsError> {
    let wrong = |setting, file: &Path, reason: &dyn fmt::Display| TlsError::File {
        setting,
        file: file.display().to_string(),
        reason: reason.to_string(),
    };
    let cert_wrong = |reason: &dyn fmt::Display| wrong("direct.tls_cert_path", &files.cert, reason);
    let chain: Vec<_> = CertificateDer::pem_file_iter(&files.cert).and_then(Iterator::collect).map_err(|error| cert_wrong(&error))?;
    if chain.is_empty() {
        return Err(cert_wrong(&"there is no certificate in it"));
    }
    // What is wrong with a key is told without any of it.
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong("direct.tls_key_path", &files.key, &error))?;
    let pair = |reason: rustls::Error| TlsError::Pair { file: files.key.display().to_string(), reason: reason.to_string() };
    CertifiedKey::from_der(chain, key, &ring::default_provider()).map(Arc::new).map_err(pair)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn write(dir: &TempDir, pair: &(String, String)) -> TlsFiles {
        let files = TlsFiles { cert: dir.path().join("tls.crt"), key: dir.path().join("tls.key") };
        fs::write(&files.cert, &pair.0).expect("written");
        fs::write(&files.key, &pair.1).expect("written");
        files
    }

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_renewed_certificate_is_used_and_half_of_one_is_not() {
        let (dir, first, second) = (TempDir::new().expect("a folder"), pair(), pair());
        let files = write(&dir, &first);
        let read = Pair::read(files.clone()).expect("a pair");
        let leaf = |pair: &Pair| pair.key().cert[0].clone();
        let look = || {
            let mut current = read.current.lock().expect("no panic before");
            read.look_again(&mut current);
        };
        let before = leaf(&read);
        // A renewal in two steps; other lengths make another stamp whatever the clock of the file system shows.
        fs::write(&files.cert, format!("{}\n", second.0)).expect("written");
        look();
        assert_eq!(leaf(&read), before, "the key is still the old one's");
        fs::write(&files.key, format!("{}\n", second.1)).expect("written");
        look();
        assert_ne!(leaf(&read), before);
        fs::remove_file(&files.cert).expect("removed");
        look();
        assert_ne!(leaf(&read), before, "what is there stays");
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let dir = TempDir::new().expect("a folder");
        let (one, other) = (pair(), pair());
        let refused = |pair: &(String, String)| Acceptor::new(&write(&dir, pair)).map(|_| ()).unwrap_err().to_string();
        assert!(refused(&(one.0.clone(), other.1.clone())).contains("is not the key of the certificate"));
        assert!(refused(&(String::new(), one.1.clone())).starts_with("direct.tls_cert_path: "));
        assert!(refused(&(one.0.clone(), "secret".to_owned())).starts_with("direct.tls_key_path: "));
        let missing = TlsFiles { cert: dir.path().join("none"), key: dir.path().join("none") };
        assert!(Acceptor::new(&missing).is_err());
    }
}
