//! From ended spans to the collector: a queue with an end, and a task that sends what has gathered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_otlp::{SpanExporter, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::{mpsc, oneshot};
use tonic::transport::{ClientTlsConfig, Endpoint};

/// Spans that may wait; one more is left out.
const QUEUE: usize = 4_096;
const BATCH: usize = 512;
/// Spans gather for this long.
const EVERY: Duration = Duration::from_secs(1);

enum Message {
    Span(Box<SpanData>),
    /// Answered when all that came before has been sent, or could not be.
    Flush(oneshot::Sender<()>),
}

pub(super) struct Outlet {
    queue: mpsc::Sender<Message>,
    overflowing: AtomicBool,
}

impl Outlet {
    pub(super) fn start(endpoint: &str, service_name: &str) -> Result<Self, String> {
        let invalid = |error: &dyn std::fmt::Display| format!("otlp.endpoint: {endpoint}: {error}");
        let mut channel = Endpoint::from_shared(endpoint.to_owned()).map_err(|e| invalid(&e))?;
        if endpoint.starts_with("https:") {
            channel = channel.tls_config(ClientTlsConfig::new().with_native_roots()).map_err(|e| invalid(&e))?;
        }
        let built = SpanExporter::builder().with_tonic().with_channel(channel.connect_lazy()).build();
        let mut exporter = built.map_err(|e| invalid(&e))?;
        exporter.set_resource(&Resource::builder().with_service_name(service_name.to_owned()).build());
        let (queue, spans) = mpsc::channel(QUEUE);
        tokio::spawn(export(exporter, spans));
        Ok(Self { queue, overflowing: AtomicBool::new(false) })
    }

    pub(super) fn put(&self, span: SpanData) {
        let full = self.queue.try_send(Message::Span(Box::new(span))).is_err();
        // Told when it begins, not for each span.
        if self.overflowing.swap(full, Ordering::Relaxed) != full && full {
            tracing::warn!(waiting = QUEUE, "spans are left out: the collector is too slow, or away");
        }
    }

    pub(super) async fn flush(&self, limit: Duration) {
        let flushed = async {
            let (answer, done) = oneshot::channel();
            if self.queue.send(Message::Flush(answer)).await.is_ok() {
                let _ = done.await;
            }
        };
        let _ = tokio::time::timeout(limit, flushed).await;
    }
}

/// Until the last clone of the tracer is gone.
async fn export(exporter: SpanExporter, mut spans: mpsc::Receiver<Message>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut sender = Sender { exporter, batch: Vec::new(), away: false };
    loop {
        tokio::select! {
            message = spans.recv() => match message {
                Some(Message::Span(span)) => {
                    sender.batch.push(*span);
                    if sender.batch.len() >= BATCH {
                        sender.send().await;
                    }
                }
                Some(Message::Flush(answer)) => {
                    sender.send().await;
                    let _ = answer.send(());
                }
                None => return sender.send().await,
            },
            _ = ticks.tick() => sender.send().await,
        }
    }
}

struct Sender {
    exporter: SpanExporter,
    batch: Vec<SpanData>,
    /// The last batch could not be sent: told once, not for each.
    away: bool,
}

impl Sender {
    async fn send(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        let spans = batch.len();
        let sent = self.exporter.export(batch).await;
        match &sent {
            Err(error) if !self.away => {
                tracing::warn!(spans, %error, "spans cannot be sent to the collector, and are left out until it answers");
            }
            Ok(()) if self.away => tracing::info!("the collector answers again"),
            _ => {}
        }
        self.away = sent.is_err();
    }
}
