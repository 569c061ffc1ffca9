//! Trace and span ids, and the header of W3C Trace Context.

use std::fmt::Write as _;

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use sha2::{Digest, Sha256};

/// A span within its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    trace: [u8; 16],
    span: [u8; 8],
    sampled: bool,
}

impl Context {
    /// The trace that these ids name, with its first span.
    pub(super) fn root(ids: &[&str]) -> Self {
        let digest = digest(&[b"trace"], ids);
        let root = Self { trace: digest.0, span: digest.1, sampled: false };
        root.child(ids)
    }

    /// The span that these ids name, in the same trace. The ids must be unlike those of every other span of the trace.
    #[must_use]
    pub fn child(&self, ids: &[&str]) -> Self {
        Self { span: digest(&[b"span", &self.trace], ids).1, ..*self }
    }

    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    #[must_use]
    pub(super) fn sampled(self, sampled: bool) -> Self {
        Self { sampled, ..self }
    }

    /// Whether the trace belongs to the share of all traces that is recorded; the same on every service that counts as the standard's SDKs do.
    pub(super) fn is_within(&self, share: f64) -> bool {
        let place = self.trace[8..].iter().fold(0_u64, |place, byte| (place << 8) | u64::from(*byte)) >> 1;
        #[allow(clippy::cast_precision_loss, reason = "the last bits of a random number")]
        let place = place as f64 / (1_u64 << 63) as f64;
        share >= 1.0 || place < share
    }

    /// `00-{trace}-{span}-{flags}`.
    #[must_use]
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-{}", hex(&self.trace), hex(&self.span), if self.sampled { "01" } else { "00" })
    }

    /// None for what is no such header; what is sent by later versions of the standard is read as far as it is known.
    #[must_use]
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version.len() != 2 || version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let [flags] = bytes::<1>(flags)?;
        let context = Self { trace: bytes(trace)?, span: bytes(span)?, sampled: flags & 1 == 1 };
        (bytes::<1>(version).is_some() && context.trace != [0; 16] && context.span != [0; 8]).then_some(context)
    }

    pub(super) fn to_otel(self) -> SpanContext {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
        SpanContext::new(TraceId::from_bytes(self.trace), SpanId::from_bytes(self.span), flags, false, TraceState::NONE)
    }
}

fn digest(kind: &[&[u8]], ids: &[&str]) -> ([u8; 16], [u8; 8]) {
    let mut hash = Sha256::new();
    for part in kind.iter().copied().chain(ids.iter().map(|id| id.as_bytes())) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let all: [u8; 32] = hash.finalize().into();
    let (mut trace, mut span) = ([0; 16], [0; 8]);
    trace.copy_from_slice(&all[..16]);
    span.copy_from_slice(&all[16..24]);
    (trace, span)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Lower-case digits only, as the standard wants them.
fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    if hex.len() != N * 2 || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_spans() {
        let root = Context::root(&["default", "w", "r"]).sampled(true);
        assert_eq!(root, Context::root(&["default", "w", "r"]).sampled(true));
        assert_ne!(root.trace, Context::root(&["default", "wr", ""]).trace);
        let (one, two) = (root.child(&["a", "1"]), root.child(&["a", "2"]));
        assert!(one.trace == root.trace && one.span != two.span && one.span != root.span && one.is_sampled());
    }

    #[test]
    fn the_header_goes_both_ways() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(Context::parse(header).unwrap().traceparent(), header);
        assert!(!Context::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00").unwrap().is_sampled());
        assert!(Context::parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").is_some());
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Context::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_share_is_a_share_of_the_traces() {
        let within = |share| (0..2_000).filter(|n| Context::root(&[&n.to_string()]).is_within(share)).count();
        assert_eq!((within(0.0), within(1.0)), (0, 2_000));
        assert!((400..600).contains(&within(0.25)), "{}", within(0.25));
    }
}
