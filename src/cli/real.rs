//! What calls need that are made for real, in this process.

use crate::config::Config;
use crate::effects::agents::Agents;
use crate::effects::events::Sink;
use crate::effects::http::Http;
use crate::effects::secrets::Chain;
use crate::expr::marker::Markers;
use crate::local::effects::Effects;

/// # Errors
/// A setting is wrong, in words.
pub fn effects(config: &Config, agents: Agents, secrets: Chain, markers: Markers, run_id: String) -> Result<Effects, String> {
    let http = Http::new(&config.http).map_err(|error| error.to_string())?;
    let sink = Sink::new(&config.events, &config.http).map_err(|error| error.to_string())?;
    Ok(Effects { agents, secrets, ..Effects::new(config, http, sink, markers, run_id) })
}
