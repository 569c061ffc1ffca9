//! `otlp.*`: where traces go.
//!
//! Beside these the exporter heeds the standard's `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TIMEOUT` and `OTEL_RESOURCE_ATTRIBUTES`.

use super::Key;
use super::reader::Reader;

#[derive(Clone, Debug, PartialEq)]
pub struct OtlpSettings {
    /// URL of a collector's gRPC port; none: no traces.
    pub endpoint: Option<String>,
    pub service_name: String,
    pub sampler: Sampler,
}

/// Which traces are recorded, in the standard's words. A share is between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampler {
    All,
    None,
    Share(f64),
    /// As the caller's trace; the other for a trace that begins here.
    OfParent(Root),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Root {
    All,
    None,
    Share(f64),
}

pub const KEYS: &[Key] = &[
    Key::new("otlp.endpoint", "", "Collector for traces, by gRPC, such as http://localhost:4317; without it there are none.")
        .also(&["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"]),
    Key::new("otlp.protocol", "grpc", "Only grpc is spoken.").also(&["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"]),
    Key::new("otlp.service_name", "workflow-runner", "Name of this service in traces.").also(&["OTEL_SERVICE_NAME"]),
    Key::new(
        "otlp.sampler",
        "parentbased_always_on",
        "always_on, always_off, traceidratio, or one of them after parentbased_, for traces that begin here.",
    )
    .also(&["OTEL_TRACES_SAMPLER"]),
    Key::new("otlp.sampler_arg", "1", "Share of the traces for traceidratio, from 0 to 1.").also(&["OTEL_TRACES_SAMPLER_ARG"]),
    Key::new("otlp.disabled", "false", "No traces, whatever the endpoint says.").also(&["OTEL_SDK_DISABLED"]),
];

impl OtlpSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let endpoint = reader.parse_optional("otlp.endpoint", endpoint);
        let share = reader.parse("otlp.sampler_arg", share);
        let samplers = [
            ("always_on", Sampler::All),
            ("always_off", Sampler::None),
            ("traceidratio", Sampler::Share(share)),
            ("parentbased_always_on", Sampler::OfParent(Root::All)),
            ("parentbased_always_off", Sampler::OfParent(Root::None)),
            ("parentbased_traceidratio", Sampler::OfParent(Root::Share(share))),
        ];
        let disabled = reader.flag("otlp.disabled");
        let settings = Self {
            endpoint: endpoint.filter(|_| !disabled),
            service_name: reader.text("otlp.service_name"),
            sampler: reader.choice("otlp.sampler", &samplers),
        };
        let protocol = reader.text("otlp.protocol");
        // A cluster may set the variable for others; it says something here only with an endpoint.
        if settings.endpoint.is_some() && protocol != "grpc" {
            reader.mistake("otlp.protocol", format!("only grpc is spoken (port 4317 of a collector), not `{protocol}`"));
        }
        settings
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    match url {
        Some(url) if url.username().is_empty() && url.password().is_none() => Ok(text.to_owned()),
        // Not quoted: it may hold a password.
        _ => Err("an http(s) URL of a collector is needed, without a name or password".to_owned()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    let value = text.trim().parse().ok().filter(|share| (0.0..=1.0).contains(share));
    value.ok_or_else(|| format!("a number from 0 to 1 is needed, not `{text}`"))
}

impl Default for OtlpSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}
