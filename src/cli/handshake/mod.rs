//! `handshake list|show|complete|fail|cancel`: the pending handshakes, from what Temporal and the control plane know, and their end by hand.
//!
//! | file | what |
//! |---|---|
//! | `args` | the command line |
//! | `entry` | one pending handshake with both of its sides |
//! | `trouble` | why one may be stuck, and what to do |
//! | `resolve` | from an id to the one that is meant |
//! | `list`, `show`, `settle`, `cancel` | the verbs |
//! | `text`, `json` | how they are printed |

mod args;
mod cancel;
mod entry;
mod json;
mod list;
mod resolve;
mod settle;
mod show;
mod text;
mod trouble;

use std::time::Duration;

use temporalio_client::Client;
use temporalio_client::tonic::Status;

pub use self::args::HandshakeArgs;
use self::args::HandshakeVerb;
use super::service::{StartError, address};
use super::{Exit, reload};
use crate::activities::names;
use crate::config::Config;
use crate::handshake::Pace;
use crate::handshake::operator::{Kind, Wanted};
use crate::stigmer::{Stigmer, StigmerError};
use crate::temporal::connect;

/// Rpcs a second, like all watches of a worker together.
const RPCS_PER_SECOND: u32 = 100;
/// A person waits: a server that does not answer in this time is told.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const RPC_DEADLINE: Duration = Duration::from_secs(10);

/// The activities that hand their tokens over.
const WANTED: Wanted<'static> = Wanted(&[
    (names::EXECUTE_WORKFLOW, Kind::ExecuteWorkflow),
    (names::CALL_AGENT, Kind::CallAgent),
    (names::CALL_AGENT_ALIAS, Kind::CallAgent),
]);

pub async fn run(args: HandshakeArgs, config: Config) -> Exit {
    match serve(args.verb, config).await {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("error: {error}");
            error.exit
        }
    }
}

async fn serve(verb: HandshakeVerb, config: Config) -> Result<Exit, StartError> {
    // What can be wrong with the arguments is told before anybody is asked.
    let verb = verb.read()?;
    let ground = Ground::new(config).await?;
    match verb {
        args::Verb::List(args) => list::run(&ground, &args).await,
        args::Verb::Show(args) => show::run(&ground, &args).await,
        args::Verb::Settle(order) => settle::run(&ground, &order).await,
        args::Verb::Cancel(args) => cancel::run(&ground, &args).await,
    }
}

/// What every verb needs.
struct Ground {
    client: Client,
    pace: Pace,
    /// Without a control plane agents are known by their steps alone, and no phase is sent.
    stigmer: Option<Stigmer>,
    config: Config,
}

impl Ground {
    async fn new(config: Config) -> Result<Self, StartError> {
        let address = address(&config.temporal);
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, connect::once(&address, None));
        let client =
            connecting.await.map_err(|_| StartError::unreachable("Temporal does not answer; `workflow-runner doctor` says more"))??;
        let stigmer = config.stigmer.as_ref().map(|settings| reload::stigmer(settings, RPC_DEADLINE).map(|(client, _)| client));
        Ok(Self { client, pace: Pace::per_second(RPCS_PER_SECOND), stigmer: stigmer.transpose().map_err(StartError::usage)?, config })
    }
}

/// Temporal cannot be asked.
fn away(status: &Status) -> StartError {
    StartError::unreachable(format!("Temporal: {:?}: {}", status.code(), status.message()))
}

/// The control plane cannot be asked.
fn plane_away(error: &StigmerError) -> StartError {
    StartError::unreachable(format!("the control plane: {error}"))
}
