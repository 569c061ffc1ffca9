//! What the process tells about itself: logs on stderr, numbers for Prometheus, traces for a collector.

pub mod logging;
pub mod metrics;
pub mod trace;

pub use self::metrics::{DeliveryError, Kind, Metrics, Outcome};
