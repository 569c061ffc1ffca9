//! Reading an agent that a model plays.

use std::time::Duration;

use secrecy::SecretString;
use serde_yaml::Value;
use url::Url;

use super::super::agents::{Fields, Problem, Variables, problem, shown};
use super::super::http::{causes, use_ring};
use super::{Agent, Key};
use crate::config::duration;

const KEYS: [&str; 10] =
    ["name", "kind", "base_url", "model", "instructions", "api_key", "temperature", "max_tokens", "max_completion_tokens", "timeout"];
const BASE_URL: &str = "https://api.openai.com/v1";
const PATH: &str = "/chat/completions";
const TIMEOUT: Duration = Duration::from_mins(5);
const TIMEOUT_MAX: Duration = Duration::from_hours(24);
const TOKENS_MAX: u32 = 10_000_000;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// # Errors
/// The key of the first mistake, and what it is.
pub(in crate::effects) fn read(fields: &Fields<'_>, variables: Variables<'_>) -> Result<Agent, Problem> {
    fields.only(&KEYS)?;
    let timeout = fields.duration("timeout")?.unwrap_or(TIMEOUT);
    if timeout.is_zero() || timeout > TIMEOUT_MAX {
        return Err(problem("timeout", format!("more than 0s and at most {} is needed", duration::format(TIMEOUT_MAX))));
    }
    Ok(Agent {
        name: fields.required("name")?,
        model: fields.required("model")?,
        timeout,
        endpoint: endpoint(fields)?,
        instructions: fields.text("instructions")?.filter(|text| !text.trim().is_empty()),
        key: key(fields, variables)?,
        temperature: fields.number("temperature", 0.0..=2.0)?,
        tokens_max: tokens_max(fields)?,
        client: client().map_err(|error| problem("kind", error))?,
    })
}

fn endpoint(fields: &Fields<'_>) -> Result<Url, Problem> {
    let text = fields.text("base_url")?.unwrap_or_else(|| BASE_URL.to_owned());
    let wrong = |text: String| problem("base_url", text);
    let base = text.trim().trim_end_matches('/');
    if let Some(shorter) = base.strip_suffix(PATH) {
        return Err(wrong(format!("leave out `{PATH}`, it is added: {shorter}")));
    }
    let url = Url::parse(&format!("{base}{PATH}")).map_err(|error| wrong(format!("a URL such as {BASE_URL} is needed: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(format!("a URL such as {BASE_URL} is needed, not one of `{}:`", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("no user and no password may stand in it; name the key by `api_key`".to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("no query and no fragment may stand in it".to_owned()));
    }
    Ok(url)
}

/// `{env: NAME}`, and nothing else: a key in a file ends up where files go.
fn key(fields: &Fields<'_>, variables: Variables<'_>) -> Result<Option<Key>, Problem> {
    let form = "the name of the environment variable that holds the key is needed: `api_key: {env: OPENAI_API_KEY}`";
    let Some(value) = fields.value("api_key") else { return Ok(None) };
    let Value::Mapping(mapping) = value else {
        // Not shown: it may be the key.
        return Err(problem("api_key", format!("a key does not stand in a file; {form}")));
    };
    if let Some(other) = mapping.keys().map(shown).find(|key| key != "env") {
        return Err(problem("api_key", format!("`{other}` is unknown; {form}")));
    }
    let name = mapping.get("env").and_then(Value::as_str).filter(|name| is_variable(name)).ok_or_else(|| problem("api_key", form))?;
    let value = variables.get(name).map_err(|text| problem("api_key", text))?;
    let Some(value) = value else { return Ok(None) };
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(problem("api_key", format!("the value of {name} has characters that no key can have")));
    }
    Ok(Some(Key { variable: name.to_owned(), value: SecretString::from(value) }))
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.len() <= 200 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn tokens_max(fields: &Fields<'_>) -> Result<Option<(&'static str, u32)>, Problem> {
    let read = |key: &'static str| fields.count(key, 1..=TOKENS_MAX).map(|count| count.map(|count| (key, count)));
    match (read("max_tokens")?, read("max_completion_tokens")?) {
        (Some(_), Some(_)) => Err(problem("max_completion_tokens", "either this or `max_tokens`, not both")),
        (one, other) => Ok(one.or(other)),
    }
}

/// Redirections are not followed: the key is for this server alone.
fn client() -> Result<reqwest::Client, String> {
    use_ring();
    let builder = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).redirect(reqwest::redirect::Policy::none());
    let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    builder.user_agent(agent).build().map_err(|error| causes(&error))
}
