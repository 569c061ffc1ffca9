//! `AGENT_CALL` → `call: agent`.

use serde_json::{Map, Value};

use super::{Kind, call};
use crate::stigmer::convert::context::Context;
use crate::stigmer::convert::expression;
use crate::stigmer::convert::rules::Rules;
use crate::stigmer::structs;
use crate::stigmer::tasks::{AgentCallTaskConfig, AgentExecutionConfig};

/// A slug is a DNS label.
const SLUG_LIMIT: usize = 63;

impl Kind for AgentCallTaskConfig {
    fn check(&self, rules: &mut Rules<'_>) {
        rules.text("agent", &self.agent);
        rules.longest("agent", &self.agent, SLUG_LIMIT);
        rules.text("message", &self.message);
        if let Some(config) = &self.config {
            rules.range("config.timeout", config.timeout, &(1..=3600));
            rules.range("config.temperature", config.temperature, &(0.0..=1.0));
        }
    }

    fn body(self, context: &mut Context) -> Map<String, Value> {
        let mut with = Map::new();
        with.insert("agent".to_owned(), self.agent.clone().into());
        with.insert("message".to_owned(), expression::text(&self.message, context).into());
        if self.scope != 0 {
            with.insert("scope".to_owned(), self.scope().as_str_name().into());
        }
        if !self.env.is_empty() {
            let env = self.env.into_iter().map(|(name, text)| (name, Value::String(expression::text(&text, context))));
            with.insert("env".to_owned(), Value::Object(env.collect()));
        }
        let limit_seconds = self.config.as_ref().map_or(0, |config| config.timeout);
        if let Some(config) = &self.config {
            with.insert("config".to_owned(), Value::Object(settings(config)));
        }
        call("agent", with, limit_seconds)
    }
}

fn settings(config: &AgentExecutionConfig) -> Map<String, Value> {
    let mut settings = Map::new();
    if !config.model.is_empty() {
        settings.insert("model".to_owned(), config.model.clone().into());
    }
    settings.insert("timeout".to_owned(), config.timeout.into());
    if config.temperature != 0.0 {
        // By its shortest text: 0.7 as a float is 0.699999988 as a double.
        let temperature = config.temperature.to_string().parse().unwrap_or_default();
        settings.insert("temperature".to_owned(), structs::number(temperature));
    }
    settings
}
