//! Reading a scripted agent.

use serde_yaml::Value;

use super::super::agents::{Fields, Problem};
use super::Agent;
use super::reply::Reply;
use crate::expr::Data;

const KEYS: [&str; 8] = ["name", "kind", "reply", "delay", "failure", "silence", "repeat", "stale"];
const REPEAT_MAX: u32 = 1_000;

/// # Errors
/// The key of the first mistake, and what it is.
pub(in crate::effects) fn read(fields: &Fields<'_>) -> Result<Agent, Problem> {
    fields.only(&KEYS)?;
    Ok(Agent {
        name: fields.required("name")?,
        delay: fields.duration("delay")?.unwrap_or_default(),
        failure: fields.text("failure")?,
        silence: fields.flag("silence")?,
        repeat: fields.count("repeat", 1..=REPEAT_MAX)?.unwrap_or(1),
        stale: fields.flag("stale")?,
        reply: reply(fields)?,
    })
}

fn reply(fields: &Fields<'_>) -> Result<Reply, Problem> {
    let value = fields.value("reply").unwrap_or(&Value::Null);
    let json = serde_json::to_value(value).map_err(|error| ("reply".to_owned(), error.to_string()))?;
    Reply::new(&Data::from(json)).map_err(|(source, error)| ("reply".to_owned(), format!("`{source}`: {}", error.message)))
}
