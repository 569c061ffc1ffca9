//! Problems as SARIF 2.1.0 (OASIS), which code scanners and editors read.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Checked, end_of};
use crate::dsl::codes::{self, pages};
use crate::dsl::{Diagnostic, Severity, Span};

pub(super) fn log(checked: &[Checked]) -> String {
    let results: Vec<Value> = checked.iter().flat_map(|checked| checked.diagnostics.iter().map(|found| result(found, checked))).collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes::ALL.iter().map(|(code, meaning)| rule(code, meaning)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// Every code is a rule, in the order of the table.
fn rule(code: &str, meaning: &str) -> Value {
    let page = pages::page(code).unwrap_or(meaning);
    json!({
        "id": code,
        "shortDescription": {"text": meaning},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": level(codes::severity(code))},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Unsupported => "note",
        Severity::Warning => "warning",
    }
}

fn result(diagnostic: &Diagnostic, checked: &Checked) -> Value {
    let Diagnostic { code, span, message, help, labels, reference, .. } = diagnostic;
    let text = help.as_ref().map_or_else(|| message.clone(), |help| format!("{message} (help: {help})"));
    let mut location = location(&diagnostic.file, span, checked);
    if let Some(reference) = reference {
        location["logicalLocations"] = json!([{"fullyQualifiedName": reference, "kind": "object"}]);
    }
    let mut result = json!({
        "ruleId": code,
        "level": level(diagnostic.severity),
        "message": {"text": text},
        "locations": [location],
    });
    if let Some(index) = codes::ALL.iter().position(|(known, _)| known == code) {
        result["ruleIndex"] = index.into();
    }
    let related = labels.iter().enumerate().map(|(id, label)| {
        let mut related = self::location(&diagnostic.file, &label.span, checked);
        related["id"] = id.into();
        related["message"] = json!({"text": label.text});
        related
    });
    let related: Vec<Value> = related.collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    result
}

fn location(file: &str, span: &Span, checked: &Checked) -> Value {
    let (end_line, end_column) = end_of(span, &checked.document.text);
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(file)},
        "region": {"startLine": span.line, "startColumn": span.column, "endLine": end_line, "endColumn": end_column},
    }})
}

/// A path as a URI reference: an absolute one gets its scheme, and what a URI cannot hold is percent-encoded.
fn uri(path: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(byte);
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if plain(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    if path.starts_with('/') { format!("file://{encoded}") } else { encoded }
}
