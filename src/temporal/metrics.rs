//! The SDK's metrics. Its Prometheus registry is private, so its exporter listens on a loopback port of its own, and `/metrics` appends its text.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use temporalio_common::telemetry::metrics::{CoreMeter, TemporalMeter};
use temporalio_common::telemetry::{PrometheusExporterOptions, TelemetryOptions, start_prometheus_metric_exporter, telemetry_init};
use temporalio_sdk::runtime::{Runtime, RuntimeOptions};

pub struct SdkMetrics {
    meter: Arc<dyn CoreMeter>,
    client: TemporalMeter,
    /// Where the exporter listens; loopback only.
    pub address: SocketAddr,
}

impl SdkMetrics {
    /// # Errors
    /// The loopback port cannot be bound.
    pub fn start() -> anyhow::Result<Self> {
        let server = start_prometheus_metric_exporter(
            PrometheusExporterOptions::builder()
                .socket_addr(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
                .counters_total_suffix(true)
                .unit_suffix(true)
                .use_seconds_for_durations(true)
                .build(),
        )?;
        let meter: Arc<dyn CoreMeter> = server.meter.clone();
        // The same names and labels as the runtime's own: `temporal_request_total`, not `request_total`.
        let client = telemetry_init(TelemetryOptions::builder().metrics(meter.clone()).build())?.get_temporal_metric_meter();
        let client = client.ok_or_else(|| anyhow::anyhow!("the SDK has no meter for its client"))?;
        Ok(Self { meter, client, address: server.bound_addr })
    }

    /// For the client's rpcs.
    #[must_use]
    pub fn for_client(&self) -> TemporalMeter {
        self.client.clone()
    }

    /// The SDK's runtime on the current tokio runtime.
    ///
    /// # Errors
    /// Those of the SDK.
    pub fn runtime(&self) -> anyhow::Result<Runtime> {
        let telemetry = TelemetryOptions::builder().metrics(self.meter.clone()).build();
        Ok(Runtime::from_current_tokio(RuntimeOptions::builder().telemetry_options(telemetry).build().map_err(|e| anyhow::anyhow!(e))?)?)
    }
}
