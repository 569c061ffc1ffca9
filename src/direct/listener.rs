//! Connections as they come, in TLS or plain.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::transport::server::Connected;

use super::tls::Acceptor;

/// A client that has said nothing by then is no client.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// Handshakes that are under way; who comes beyond them waits in the system's own queue.
const HANDSHAKES_AT_A_TIME: usize = 64;
/// After an error of the listener itself: too many open files, mostly.
const AFTER_ERROR: Duration = Duration::from_millis(100);

/// Either kind of connection.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl Connection for TcpStream {}
impl Connection for TlsStream<TcpStream> {}

pub(super) struct Io(Box<dyn Connection>);

impl Connected for Io {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

pub(super) fn incoming(listener: TcpListener, tls: Option<Acceptor>) -> BoxStream<'static, io::Result<Io>> {
    let Some(tls) = tls else {
        return TcpListenerStream::new(listener).map(|stream| stream.map(|stream| Io(Box::new(stream)))).boxed();
    };
    let (sender, connections) = mpsc::channel(HANDSHAKES_AT_A_TIME);
    tokio::spawn(shake_hands(listener, tls, sender));
    ReceiverStream::new(connections).boxed()
}

/// Each handshake by itself: a slow client keeps nobody waiting. Ends when nobody takes connections any more.
async fn shake_hands(listener: TcpListener, tls: Acceptor, connections: mpsc::Sender<io::Result<Io>>) {
    let room = Arc::new(Semaphore::new(HANDSHAKES_AT_A_TIME));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection to the direct service could not be taken");
                    tokio::time::sleep(AFTER_ERROR).await;
                    continue;
                }
            },
            () = connections.closed() => return,
        };
        let (tls, connections) = (tls.clone(), connections.clone());
        tokio::spawn(async move {
            let _permit = permit;
            match tokio::time::timeout(HANDSHAKE_LIMIT, tls.0.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let _ = connections.send(Ok(Io(Box::new(stream)))).await;
                }
                Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake with the direct service failed"),
                Err(_) => tracing::debug!("a TLS handshake with the direct service took too long"),
            }
        });
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Io {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>, buf: &[u8]) -> std::task::Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
