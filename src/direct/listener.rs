//! Connections as they come, in TLS or plain.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use super::tls::Acceptor;

/// A client that has said nothing by then is no client.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// Handshakes that are under way; who comes beyond them waits in the system's own queue.
const HANDSHAKES_AT_A_TIME: usize = 64;
/// Connections that are there, whether they say something or not; who comes beyond them waits in the system's own queue.
const CONNECTIONS_MAX: usize = 512;
/// After an error of the listener itself: too many open files, mostly.
const AFTER_ERROR: Duration = Duration::from_millis(100);

/// Either kind of connection.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl Connection for TcpStream {}
impl Connection for TlsStream<TcpStream> {}

/// With its place among those that there may be.
pub(super) struct Io {
    stream: Box<dyn Connection>,
    _place: OwnedSemaphorePermit,
}

impl Connected for Io {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

pub(super) fn incoming(listener: TcpListener, tls: Option<Acceptor>) -> BoxStream<'static, io::Result<Io>> {
    let (sender, connections) = mpsc::channel(HANDSHAKES_AT_A_TIME);
    tokio::spawn(accept(listener, tls, sender));
    ReceiverStream::new(connections).boxed()
}

/// Each handshake by itself: a slow client keeps nobody waiting. Ends when nobody takes connections any more.
async fn accept(listener: TcpListener, tls: Option<Acceptor>, connections: mpsc::Sender<io::Result<Io>>) {
    let (room, hands) = (Arc::new(Semaphore::new(CONNECTIONS_MAX)), Arc::new(Semaphore::new(HANDSHAKES_AT_A_TIME)));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
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
        let Some(tls) = tls.clone() else {
            let _ = connections.send(Ok(Io { stream: Box::new(stream), _place: place })).await;
            continue;
        };
        let Ok(hand) = hands.clone().acquire_owned().await else { return };
        let connections = connections.clone();
        tokio::spawn(async move {
            let _hand = hand;
            match tokio::time::timeout(HANDSHAKE_LIMIT, tls.0.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let _ = connections.send(Ok(Io { stream: Box::new(stream), _place: place })).await;
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
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Io {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>, buf: &[u8]) -> std::task::Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
