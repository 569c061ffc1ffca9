//! Certificates of the connection to Temporal that change while it lasts.
//!
//! The connection stays: its TLS asks here at every handshake, for the client's certificate and for the authorities that a server may come from.
//! What is under way goes on under the certificate it began with; the next connection (the server closed the old one, or moved) has the new
//! ones. So no worker has to be replaced for a certificate.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// A file and what it held.
pub type Read = (PathBuf, Vec<u8>);

/// PEM files of one connection.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The client's certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
    pub server_ca: Option<PathBuf>,
}

/// What TLS asks for. Made by [`LiveTls::read`], replaced by [`LiveTls::replace`].
pub struct LiveTls {
    files: Vec<Read>,
    has_client: bool,
    client: RwLock<Option<Arc<CertifiedKey>>>,
    server: RwLock<Option<Arc<WebPkiServerVerifier>>>,
}

impl LiveTls {
    /// # Errors
    /// A file that cannot be read or is not what it should be, by name.
    pub fn read(files: &Files) -> Result<Arc<Self>, String> {
        let paths = files.client.iter().flat_map(|(cert, key)| [cert, key]).chain(&files.server_ca);
        let read = paths.map(|path| match std::fs::read(path) {
            Ok(bytes) => Ok((path.clone(), bytes)),
            Err(error) => Err(format!("cannot read {}: {error}", path.display())),
        });
        let files_read = read.collect::<Result<Vec<Read>, _>>()?;
        let contents: Vec<_> = files_read.iter().map(|(_, bytes)| bytes.clone()).collect();
        let tls = Self { files: files_read, has_client: files.client.is_some(), client: RwLock::default(), server: RwLock::default() };
        tls.replace(&contents)?;
        Ok(Arc::new(tls))
    }

    /// The files as they were read first, in the order in which [`LiveTls::replace`] takes their contents.
    #[must_use]
    pub fn files(&self) -> &[Read] {
        &self.files
    }

    /// Takes the new contents of all files, or none of them.
    ///
    /// # Errors
    /// What is wrong, and in which file; everything stays as it was.
    pub fn replace(&self, contents: &[Vec<u8>]) -> Result<(), String> {
        let name = |index: usize| self.files.get(index).map(|(path, _)| path.display().to_string()).unwrap_or_default();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (client, rest) = if self.has_client {
            let [cert, key, rest @ ..] = contents else { return Err("a certificate and its key are needed".to_owned()) };
            (Some(certified(cert, key, &provider).map_err(|problem| format!("{}, {}: {problem}", name(0), name(1)))?), rest)
        } else {
            (None, contents)
        };
        let server = rest.first().map(|ca| verifier(ca, &provider)).transpose();
        let server = server.map_err(|problem| format!("{}: {problem}", name(self.files.len().saturating_sub(1))))?;
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = client;
        *self.server.write().unwrap_or_else(PoisonError::into_inner) = server;
        Ok(())
    }

    /// Whether there is a client certificate.
    #[must_use]
    pub fn has_client(&self) -> bool {
        self.has_client
    }

    /// Whether the authorities come from a file, and not from the system.
    #[must_use]
    pub fn has_server_ca(&self) -> bool {
        self.server.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn server(&self) -> Result<Arc<WebPkiServerVerifier>, Error> {
        let server = self.server.read().unwrap_or_else(PoisonError::into_inner).clone();
        server.ok_or_else(|| Error::General("no authorities are known".to_owned()))
    }
}

/// A certificate with its chain, and the key that fits it.
fn certified(cert: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, String> {
    let chain =
        CertificateDer::pem_slice_iter(cert).collect::<Result<Vec<_>, _>>().map_err(|e| format!("no certificate in PEM form: {e}"))?;
    if chain.is_empty() {
        return Err("no certificate in PEM form".to_owned());
    }
    // The key's own text is never part of an error.
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| "no private key in PEM form".to_owned())?;
    let certified = CertifiedKey::from_der(chain, key, provider);
    certified.map(Arc::new).map_err(|error| format!("certificate and key do not go together: {error}"))
}

fn verifier(ca: &[u8], provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, String> {
    let certificates = CertificateDer::pem_slice_iter(ca).collect::<Result<Vec<_>, _>>().map_err(|e| format!("not in PEM form: {e}"))?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        return Err("no certificate of an authority in PEM form".to_owned());
    }
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
    built.map_err(|error| error.to_string())
}

impl fmt::Debug for LiveTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveTls").field("has_client", &self.has_client).finish_non_exhaustive()
    }
}

impl ResolvesClientCert for LiveTls {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.client.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn has_certs(&self) -> bool {
        self.has_client
    }
}

impl ServerCertVerifier for LiveTls {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.server()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.server()?.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.server()?.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.server().map(|server| server.supported_verify_schemes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey as Made, generate_simple_self_signed};

    use super::*;

    fn made() -> (Vec<u8>, Vec<u8>) {
        let Made { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (cert.pem().into_bytes(), signing_key.serialize_pem().into_bytes())
    }

    #[test]
    fn all_files_are_taken_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let [cert, key, ca] = ["tls.crt", "tls.key", "ca.crt"].map(|name| dir.path().join(name));
        let (first_cert, first_key) = made();
        std::fs::write(&cert, &first_cert).unwrap();
        std::fs::write(&key, &first_key).unwrap();
        std::fs::write(&ca, &first_cert).unwrap();
        let tls = LiveTls::read(&Files { client: Some((cert, key)), server_ca: Some(ca.clone()) }).unwrap();
        let shown = || tls.resolve(&[], &[]).unwrap().cert[0].to_vec();
        let before = shown();

        let (second_cert, second_key) = made();
        for (contents, problem) in [
            ([second_cert.clone(), first_key, first_cert.clone()], "do not go together"),
            ([b"x".to_vec(), second_key.clone(), first_cert.clone()], "no certificate"),
            ([second_cert.clone(), b"x".to_vec(), first_cert], "no private key"),
            ([second_cert.clone(), second_key.clone(), Vec::new()], "ca.crt: no certificate of an authority"),
        ] {
            assert!(tls.replace(&contents).unwrap_err().contains(problem), "{problem}");
            assert_eq!(shown(), before);
        }
        tls.replace(&[second_cert.clone(), second_key, second_cert]).unwrap();
        assert_ne!(shown(), before);
        assert!(tls.has_client() && tls.has_server_ca());

        std::fs::remove_file(&ca).unwrap();
        let missing = LiveTls::read(&Files { client: None, server_ca: Some(ca) }).unwrap_err();
        assert!(missing.starts_with("cannot read ") && missing.contains("ca.crt"), "{missing}");
    }
}
