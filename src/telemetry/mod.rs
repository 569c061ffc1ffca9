//! What the process tells about itself: logs on stderr, numbers for Prometheus, traces for a collector.
//!
//! | file | what |
//! |---|---|
//! | `logging` | logs |
//! | `series` | series as data, and how a registry is made from them |
//! | `metrics` | our series: the handshake |
//! | `process` | series of the process |
//! | `sdk_series` | those of the Temporal SDK that operators look at |
//! | `trace` | spans, and their way to the collector |
//! | `reference` | all of them as a page of documentation |

pub mod logging;
pub mod metrics;
mod process;
pub mod reference;
mod sdk_series;
mod series;
pub mod trace;

pub use self::metrics::{DeliveryError, Kind, Metrics, Outcome};
pub use self::series::{Label, Series, Type};
