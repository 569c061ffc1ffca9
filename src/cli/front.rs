//! What operators look at, from before Temporal is reached to the end: a worker that waits for its server is alive, is not ready, and says so.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::service::StartError;
use crate::admin::{self, Admin, Latch, Liveness, MoreMetrics, Readiness};
use crate::config::Config;
use crate::telemetry::Metrics;
use crate::temporal::metrics::SdkMetrics;

/// An open admin listener, and what its pages are answered from.
pub struct Front {
    pub metrics: Arc<Metrics>,
    pub liveness: Liveness,
    pub readiness: Readiness,
    /// Dropped when the task queues are polled.
    pub ready: Latch,
    /// Serves the pages; none where the default address is taken.
    pub serving: Option<JoinHandle<()>>,
}

impl Front {
    /// Opens `admin.listen`; the SDK's series stand on its page where there is an SDK.
    ///
    /// # Errors
    /// The chosen address cannot be used.
    pub async fn open(config: &Config, sdk: Option<&SdkMetrics>) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::new());
        let liveness = Liveness::new();
        let (readiness, ready) = Readiness::new();
        let serving = match admin::bind(&config.admin).await.map_err(StartError::usage)? {
            None => None,
            Some(listener) => {
                if let Ok(address) = listener.local_addr() {
                    tracing::info!(%address, "serving /livez, /readyz and /metrics");
                }
                let more_metrics = match sdk {
                    Some(sdk) => MoreMetrics::from_url(format!("http://{}/metrics", sdk.address)).map_err(StartError::unreachable)?,
                    None => MoreMetrics::none(),
                };
                let admin = Admin { liveness: liveness.clone(), readiness: readiness.clone(), metrics: metrics.clone(), more_metrics };
                Some(tokio::spawn(async move {
                    if let Err(error) = admin.serve(listener).await {
                        tracing::error!(%error, "the admin listener has ended");
                    }
                }))
            }
        };
        Ok(Self { metrics, liveness, readiness, ready, serving })
    }
}
