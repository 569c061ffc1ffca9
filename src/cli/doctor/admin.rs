//! The listener for probes: whether a worker answers there, or somebody else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Site;
use super::finding::{Finding, ok, warning};

const PATIENCE: Duration = Duration::from_secs(2);
/// Longer than any answer of `/readyz`.
const ANSWER_MAX_BYTES: usize = 4_096;

pub(super) async fn look(site: &Site) -> Vec<Finding> {
    let listen = site.config.admin.listen;
    if listen.port() == 0 {
        return vec![ok("admin.listen takes a free port: there is nothing to collide with")];
    }
    let answer = match timeout(PATIENCE, ask(local(listen))).await {
        Ok(Ok(answer)) => Some(answer),
        // Nobody listens.
        Ok(Err(Silence::Refused)) => None,
        Ok(Err(Silence::Mute)) | Err(_) => Some(String::new()),
    };
    vec![judge(listen, answer.as_deref())]
}

enum Silence {
    Refused,
    /// Somebody listens, and does not answer as a worker does.
    Mute,
}

async fn ask(address: SocketAddr) -> Result<String, Silence> {
    let mut stream = TcpStream::connect(address).await.map_err(|_| Silence::Refused)?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|_| Silence::Mute)?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX_BYTES as u64).read_to_end(&mut answer).await.map_err(|_| Silence::Mute)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// An address that stands for all of the machine's is asked at its own.
fn local(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// `answer`: what came from there; none where nobody listens.
fn judge(listen: SocketAddr, answer: Option<&str>) -> Finding {
    let other = "set WORKFLOW_RUNNER_ADMIN__LISTEN to another address for the worker";
    match answer {
        None => ok(format!("{listen} is free: no worker runs on this machine with these settings")),
        Some(answer) if answer.starts_with("HTTP/1.1 200") => ok(format!("a worker answers at {listen}, and is ready")),
        Some(answer) if answer.starts_with("HTTP/1.1 503") => {
            warning(format!("a worker answers at {listen}, and is not ready"), "look at its log: it says what it waits for")
        }
        Some(_) => warning(format!("{listen} is taken by something that is no worker"), other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn who_answers_is_told_from_how_it_answers() {
        let listen: SocketAddr = "0.0.0.0:9090".parse().unwrap();
        assert_eq!(local(listen).to_string(), "127.0.0.1:9090");
        assert_eq!(local("[::]:1".parse().unwrap()).to_string(), "[::1]:1");
        for (answer, level, text) in [
            (None, Level::Ok, "is free"),
            (Some("HTTP/1.1 200 OK\r\n"), Level::Ok, "and is ready"),
            (Some("HTTP/1.1 503 Service Unavailable\r\n"), Level::Warning, "not ready"),
            (Some("HTTP/1.1 404 Not Found\r\n"), Level::Warning, "no worker"),
            (Some(""), Level::Warning, "no worker"),
        ] {
            let finding = judge(listen, answer);
            assert!(finding.level == level && finding.found.contains(text), "{finding:?}");
        }
    }
}
