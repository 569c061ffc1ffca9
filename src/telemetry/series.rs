//! Series as data: what the registry is built from is what the reference says, so neither can know of a series that the other does not.

use prometheus::core::Collector;
use prometheus::{CounterVec, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry};

/// One series of `/metrics`.
#[derive(Debug)]
pub struct Series {
    pub name: &'static str,
    /// What it counts or measures: its `# HELP` line.
    pub help: &'static str,
    pub labels: &'static [Label],
    /// Of what: `seconds`, `handshakes` …
    pub unit: &'static str,
    /// Upper bounds, of histograms only.
    pub buckets: &'static [f64],
    /// When its value changes.
    pub moves: &'static str,
    /// What an operator does about it.
    pub act: &'static str,
}

/// A label and every value that it can have; no value where settings say which. Series of all of them are there from the start, at zero: one
/// that is not there until something goes wrong cannot be watched for going wrong.
#[derive(Debug)]
pub struct Label {
    pub name: &'static str,
    pub values: &'static [&'static str],
}

/// What Prometheus calls the type of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Counter,
    Gauge,
    Histogram,
}

impl Type {
    /// As in a `# TYPE` line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Something that a series is kept in, one value for each combination of labels.
pub(super) trait Instrument: Collector + Clone + Sized + 'static {
    const TYPE: Type;

    fn new(series: &Series, labels: &[&str]) -> prometheus::Result<Self>;

    /// Makes the value of these labels exist.
    fn touch(&self, values: &[&str]);
}

macro_rules! instruments_of_prometheus {
    ($($instrument:ty, $type:ident;)*) => {$(
        impl Instrument for $instrument {
            const TYPE: Type = Type::$type;

            fn new(series: &Series, labels: &[&str]) -> prometheus::Result<Self> {
                Self::new(Opts::new(series.name, series.help), labels)
            }

            fn touch(&self, values: &[&str]) {
                let _ = self.with_label_values(values);
            }
        }
    )*};
}

instruments_of_prometheus! {
    IntCounterVec, Counter;
    CounterVec, Counter;
    IntGaugeVec, Gauge;
    GaugeVec, Gauge;
}

impl Instrument for HistogramVec {
    const TYPE: Type = Type::Histogram;

    fn new(series: &Series, labels: &[&str]) -> prometheus::Result<Self> {
        Self::new(HistogramOpts::new(series.name, series.help).buckets(series.buckets.to_vec()), labels)
    }

    fn touch(&self, values: &[&str]) {
        let _ = self.with_label_values(values);
    }
}

/// Makes the instrument of a series, registers it and starts each of its values at zero.
///
/// Names and labels are constants of this room: that they are valid and distinct is tested, not handled.
pub(super) fn register<I: Instrument>(registry: &Registry, series: &Series) -> I {
    let labels: Vec<&str> = series.labels.iter().map(|label| label.name).collect();
    let instrument = I::new(series, &labels).unwrap_or_else(|error| unreachable!("{}: {error}", series.name));
    registry.register(Box::new(instrument.clone())).unwrap_or_else(|error| unreachable!("{}: {error}", series.name));
    for values in combinations(series.labels) {
        instrument.touch(&values);
    }
    instrument
}

/// Each combination of the labels' values; one, an empty one, without labels.
fn combinations(labels: &[Label]) -> Vec<Vec<&'static str>> {
    labels.iter().fold(vec![Vec::new()], |starts, label| {
        starts.iter().flat_map(|start| label.values.iter().map(|value| [start.as_slice(), &[*value]].concat())).collect()
    })
}

/// A struct of instruments and the table of their series, from one list: `field: Instrument = Series { … }`.
macro_rules! instruments {
    ($(#[$doc:meta])* $visibility:vis struct $name:ident { $($field:ident: $instrument:ty = $series:expr;)* }) => {
        $(#[$doc])*
        #[derive(Debug)]
        $visibility struct $name { $($field: $instrument,)* }

        impl $name {
            /// Every series of these, in the order of the list.
            pub(super) const SERIES: &[($crate::telemetry::series::Type, $crate::telemetry::series::Series)] =
                &[$((<$instrument as $crate::telemetry::series::Instrument>::TYPE, $series),)*];

            fn register(registry: &::prometheus::Registry) -> Self {
                let mut series = Self::SERIES.iter().map(|(_, series)| series);
                // As many fields as series: both are made of the same list.
                let mut next = || series.next().unwrap_or_else(|| unreachable!("more instruments than series"));
                Self { $($field: $crate::telemetry::series::register(registry, next()),)* }
            }
        }
    };
}
pub(super) use instruments;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_combined() {
        assert_eq!(combinations(&[]), [Vec::<&str>::new()]);
        let two = [Label { name: "a", values: &["1", "2"] }, Label { name: "b", values: &["x", "y"] }];
        assert_eq!(combinations(&two), [["1", "x"], ["1", "y"], ["2", "x"], ["2", "y"]]);
    }
}
