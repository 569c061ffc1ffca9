//! What the process tells about itself: logs on stderr, and numbers for Prometheus.

pub mod logging;
pub mod metrics;

pub use self::metrics::{DeliveryError, Kind, Metrics, Outcome};
