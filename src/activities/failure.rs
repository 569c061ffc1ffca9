//! Errors of activities as Temporal failures. The members of a workflow error travel in the details, with its kind as a slug.

use anyhow::anyhow;
use serde_json::json;
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;

use crate::effects::EffectError;

/// Nobody's retry will help.
#[must_use]
pub fn permanent(type_: &str, message: impl Into<String>) -> ActivityError {
    let message: String = message.into();
    ApplicationFailure::builder(anyhow!(message)).type_name(type_.to_owned()).non_retryable(true).build().into()
}

/// The caller's retry policy decides.
#[must_use]
pub fn retryable(type_: &str, message: impl Into<String>) -> ActivityError {
    let message: String = message.into();
    ApplicationFailure::builder(anyhow!(message)).type_name(type_.to_owned()).build().into()
}

#[must_use]
pub fn bad_input(what: &str) -> ActivityError {
    permanent("InvalidInput", format!("the activity's input cannot be used: {what}"))
}

/// An effect's error: final, and readable by the run that asked for the effect.
#[must_use]
pub fn of_effect(error: &EffectError) -> ActivityError {
    let message = match &error.detail {
        Some(detail) => format!("{}: {detail}", error.title),
        None => error.title.clone(),
    };
    ApplicationFailure::builder(anyhow!(message))
        .type_name(error.kind.to_owned())
        .non_retryable(true)
        .details(json!({"type": error.kind, "status": error.status, "title": error.title, "detail": error.detail}))
        .build()
        .into()
}
