//! How the end of a run is printed, and which exit code it has.

use serde_json::{Value, json};

use super::{Exit, Format};
use crate::engine::Outcome;
use crate::engine::fault::Fault;
use crate::expr::{Data, marker};

/// Prints the outcome: the output on stdout, a fault or a cancellation on stderr; with `--format json` one object on stdout instead.
#[must_use]
pub fn print(outcome: &Outcome, format: Format) -> Exit {
    let exit = match outcome {
        Outcome::Completed(_) => Exit::Completed,
        Outcome::Faulted(_) => Exit::Faulted,
        Outcome::Cancelled | Outcome::Suspended(_) => Exit::Cancelled,
    };
    match (format, outcome) {
        (Format::Json, _) => println!("{}", object(outcome)),
        (Format::Text, Outcome::Completed(output)) => println!("{}", indented(&marker::for_people(output).to_json())),
        (Format::Text, Outcome::Faulted(fault)) => eprintln!("{}", indented(&readable(&json!(fault)))),
        (Format::Text, Outcome::Cancelled) => eprintln!("cancelled"),
        (Format::Text, Outcome::Suspended(_)) => eprintln!("suspended"),
    }
    exit
}

/// `{"status": "completed|faulted|cancelled", "output": …, "error": {type, status, title, detail, instance}}`; a member that there is not is left out.
fn object(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Completed(output) => json!({"status": "completed", "output": marker::for_people(output)}),
        Outcome::Faulted(fault) => json!({"status": "faulted", "error": readable(&json!(fault))}),
        Outcome::Cancelled => json!({"status": "cancelled"}),
        Outcome::Suspended(_) => json!({"status": "suspended"}),
    }
}

/// A marker of a secret means nothing outside its run.
#[must_use]
pub fn readable(value: &Value) -> Value {
    marker::for_people(&Data::from(value.clone())).to_json()
}

#[must_use]
pub fn indented(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

/// The fault in the details of a failed run, or one made of its message.
#[must_use]
pub fn fault_of(message: &str, details: Option<&Value>) -> Fault {
    details.and_then(|d| serde_json::from_value(d.clone()).ok()).unwrap_or_else(|| Fault {
        type_: "about:blank".to_owned(),
        status: 500,
        title: Some("The workflow failed".to_owned()),
        detail: Some(message.to_owned()),
        instance: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::marker::Markers;

    #[test]
    fn one_object_for_programs() {
        assert_eq!(object(&Outcome::Completed(Data::from(json!([1])))), json!({"status": "completed", "output": [1]}));
        assert_eq!(object(&Outcome::Cancelled), json!({"status": "cancelled"}));
        let fault = fault_of("boom", Some(&json!({"type": "t", "status": 404, "instance": "/do/0/a", "delivered": true})));
        let shown = object(&Outcome::Faulted(fault));
        assert_eq!(shown, json!({"status": "faulted", "error": {"type": "t", "status": 404, "instance": "/do/0/a"}}));
        let secret = format!("Bearer {}", Markers::new("scope").mark("TOKEN"));
        let shown = object(&Outcome::Completed(Data::from(json!({"sent": secret}))));
        assert_eq!(shown, json!({"status": "completed", "output": {"sent": "Bearer [secret TOKEN]"}}));
        assert_eq!(fault_of("boom", None).detail.as_deref(), Some("boom"));
    }
}
