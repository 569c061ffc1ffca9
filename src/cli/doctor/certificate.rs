//! Until when a certificate is good.
//!
//! Of a server it is read from a handshake that trusts anybody and sends nothing after it: whether the server is trusted is for the real connection to
//! say, and a certificate that is not accepted is the one whose date is of interest.

use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use url::Url;

use super::finding::{Finding, failed, ok, warning};

/// Time enough to get a new one.
const SOON: Duration = Duration::from_hours(14 * 24);
const PATIENCE: Duration = Duration::from_secs(3);
const RENEW: &str = "renew it, and give the new one to whoever presents it";

/// None where no certificate can be had: that the server is not reachable is told elsewhere.
pub(super) async fn of_server(target: &Url, name: Option<&str>, now: SystemTime) -> Option<Finding> {
    let host = target.host_str()?.trim_matches(['[', ']']).to_owned();
    let port = target.port_or_known_default()?;
    let name = name.unwrap_or(&host).to_owned();
    let shown = format!("the certificate of {host}:{port}");
    let read = tokio::task::spawn_blocking(move || presented(&host, port, &name)).await.ok()??;
    Some(judge(&shown, not_after(&read), now))
}

/// The client's own, in PEM.
pub(super) fn of_file(path: &Path, now: SystemTime) -> Finding {
    let shown = format!("the client certificate {}", path.display());
    match CertificateDer::from_pem_file(path) {
        Ok(certificate) => judge(&shown, not_after(&certificate), now),
        Err(e) => failed(format!("{shown} cannot be read: {e}"), "correct TEMPORAL_TLS_CLIENT_CERT_PATH: it names a PEM file"),
    }
}

fn judge(shown: &str, until: Option<Timestamp>, now: SystemTime) -> Finding {
    let Some(until) = until else { return warning(format!("{shown} has no date that can be read"), RENEW) };
    match SystemTime::from(until).duration_since(now) {
        Err(_) => failed(format!("{shown} has expired at {until}"), RENEW),
        Ok(left) if left < SOON => warning(format!("{shown} expires at {until}, in {} days", left.as_secs() / 86_400), RENEW),
        Ok(_) => ok(format!("{shown} is good until {until}")),
    }
}

/// What a server presents first: its own certificate.
fn presented(host: &str, port: u16, name: &str) -> Option<CertificateDer<'static>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut tls = ClientConnection::new(Arc::new(config), ServerName::try_from(name.to_owned()).ok()?).ok()?;
    let address = (host, port).to_socket_addrs().ok()?.next()?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    while tls.is_handshaking() && tls.peer_certificates().is_none() {
        // A server that wants a certificate of ours hangs up after it has shown its own.
        if tls.complete_io(&mut stream).is_err() {
            break;
        }
    }
    tls.peer_certificates()?.first().map(|certificate| certificate.clone().into_owned())
}

/// Trusts anybody: nothing is sent to whom it trusts.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of a certificate's validity: the second time of the fourth member of its first part, after an optional version (RFC 5280, 4.1).
fn not_after(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (SEQUENCE, whole, _) = element(certificate)? else { return None };
    let (SEQUENCE, mut part, _) = element(whole)? else { return None };
    if let (VERSION, _, rest) = element(part)? {
        part = rest;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        part = element(part)?.2;
    }
    let (SEQUENCE, validity, _) = element(part)? else { return None };
    let (_, _, rest) = element(validity)?;
    let (tag, text, _) = element(rest)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

/// Tag, content and what follows of the first element of DER.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..=0x7f => (usize::from(short), rest),
        // Longer lengths than four bytes are no certificate's.
        long @ 0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ`, where 50 is 1950, or the same with four digits of the year.
fn time(tag: u8, text: &str) -> Option<Timestamp> {
    let long = match tag {
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let at = DateTime::strptime("%Y%m%d%H%M%SZ", long).ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::super::finding::Level;
    use super::*;

    fn certificate(year: i32) -> (CertificateDer<'static>, KeyPair, String) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 2, 3);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        (certificate.der().clone(), key, certificate.pem())
    }

    fn at(text: &str) -> SystemTime {
        text.parse::<Timestamp>().unwrap().into()
    }

    #[test]
    fn the_date_is_read_in_both_of_its_forms() {
        for (year, want) in [(2031, "2031-02-03T00:00:00Z"), (2061, "2061-02-03T00:00:00Z")] {
            assert_eq!(not_after(&certificate(year).0).unwrap().to_string(), want);
        }
        assert_eq!(time(UTC_TIME, "990203040506Z").unwrap().to_string(), "1999-02-03T04:05:06Z");
        assert_eq!(not_after(&CertificateDer::from(&b"\x30\x82\xff\xff\x30"[..])), None);
        assert_eq!(not_after(&CertificateDer::from(&b""[..])), None);
    }

    #[test]
    fn what_expires_soon_is_told_in_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("client.pem");
        std::fs::write(&path, certificate(2031).2).unwrap();
        for (now, level) in
            [("2030-01-01T00:00:00Z", Level::Ok), ("2031-01-25T00:00:00Z", Level::Warning), ("2031-02-04T00:00:00Z", Level::Failed)]
        {
            let finding = of_file(&path, at(now));
            assert!(finding.level == level && finding.found.contains("2031-02-03T00:00:00Z"), "{finding:?}");
        }
        std::fs::write(&path, "no certificate").unwrap();
        assert_eq!(of_file(&path, at("2030-01-01T00:00:00Z")).level, Level::Failed);
    }

    #[tokio::test]
    async fn a_server_shows_its_certificate_to_anybody() {
        let (certificate, key, _) = certificate(2031);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let target = Url::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
        let server = std::thread::spawn(move || {
            let mut tls = rustls::ServerConnection::new(config).unwrap();
            let mut stream = listener.accept().unwrap().0;
            let _ = tls.complete_io(&mut stream);
            let mut sent = Vec::new();
            // What a client would say after the handshake.
            let _ = rustls::Stream::new(&mut tls, &mut stream).read_to_end(&mut sent);
            let _ = stream.flush();
            sent
        });
        let finding = of_server(&target, Some("localhost"), at("2031-02-01T00:00:00Z")).await.unwrap();
        assert!(finding.level == Level::Warning && finding.found.contains("in 2 days"), "{finding:?}");
        assert_eq!(server.join().unwrap(), b"", "nothing is sent to it");
    }
}
