//! `doctor`: looks at everything that a worker needs, and says how to put right what is wrong. It changes nothing.
//!
//! | file | checks |
//! |---|---|
//! | `server` | reachable, TLS, certificates, API key, version |
//! | `namespace` | it is there, how long it keeps closed workflows |
//! | `permissions` | the rpcs of a worker are allowed |
//! | `queues` | who polls the task queues, and what waits there |
//! | `attributes` | the search attributes |
//! | `clock` | this machine's against the server's |
//! | `control_plane` | reachable, key accepted, the services that are needed |
//! | `agents` | whether anybody runs agents |
//! | `limits` | payloads, open files, memory |
//! | `configuration` | what the settings say about themselves, and the worker deployment |
//! | `admin` | the listener for probes |
//!
//! All that can be checked is checked: a server that is away only leaves out what is asked of it. Checks run side by side, each with a time limit.

mod admin;
mod agents;
mod attributes;
mod certificate;
mod clock;
mod configuration;
mod control_plane;
mod finding;
mod limits;
mod namespace;
mod permissions;
mod queues;
mod report;
mod server;

use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use futures::future::join_all;
use temporalio_client::Client;
use url::Url;

use self::finding::Finding;
use super::service::address;
use super::{Exit, Format, print};
use crate::config::Config;
use crate::temporal::connect::{self, ConnectError};

/// Time limit of the connection to Temporal, and of each check after it: a black hole costs the two together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CHECK_TIMEOUT: Duration = Duration::from_secs(6);
/// Of the first look at the namespace, on which most checks depend.
const NAMESPACE_TIMEOUT: Duration = Duration::from_secs(3);
/// Of one rpc to the control plane.
const RPC_DEADLINE: Duration = Duration::from_secs(4);

#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// Only these checks
    #[arg(long, value_enum, value_name = "CHECK", num_args = 1.., value_delimiter = ',')]
    pub only: Vec<Check>,

    /// How the findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// One thing to look at. In this order they are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Check {
    Server,
    Namespace,
    Permissions,
    Queues,
    SearchAttributes,
    Retention,
    Clock,
    ControlPlane,
    Agents,
    Limits,
    Configuration,
    Admin,
}

impl Check {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn needs_temporal(self) -> bool {
        use Check::{Agents, Clock, Namespace, Permissions, Queues, Retention, SearchAttributes};
        matches!(self, Namespace | Permissions | Queues | SearchAttributes | Retention | Clock | Agents)
    }
}

/// What the checks look at.
struct Site {
    config: Config,
    /// What was worth telling when the settings were read.
    warnings: Vec<String>,
    target: Result<Url, String>,
    client: Result<Client, ConnectError>,
    /// The server has said that there is no such namespace.
    nowhere: bool,
    now: fn() -> SystemTime,
}

impl Site {
    /// For the checks that need Temporal: they run only with a client.
    fn client(&self) -> Option<&Client> {
        self.client.as_ref().ok()
    }
}

pub async fn run(args: DoctorArgs, config: Config, warnings: Vec<String>) -> Exit {
    let wanted = if args.only.is_empty() { Check::value_variants().to_vec() } else { in_order(&args.only) };
    let address = address(&config.temporal);
    let target = connect::target(&address).map_err(|e| e.to_string());
    let asks_temporal =
        wanted.iter().any(|check| check.needs_temporal() || matches!(check, Check::Server | Check::Limits | Check::Configuration));
    let client = if asks_temporal { connect(&address, &target).await } else { Err(ConnectError::Configuration("not asked".to_owned())) };
    let nowhere = match &client {
        Ok(client) => namespace::is_missing(client, NAMESPACE_TIMEOUT).await,
        Err(_) => false,
    };
    let site = Site { config, warnings, target, client, nowhere, now: SystemTime::now };
    let findings: Vec<Finding> = join_all(wanted.into_iter().map(|check| look(&site, check))).await.into_iter().flatten().collect();
    let page = match args.format {
        Format::Text => report::text(&findings),
        Format::Json => report::json(&findings),
    };
    print::data(&page, report::exit(&findings))
}

fn in_order(only: &[Check]) -> Vec<Check> {
    Check::value_variants().iter().copied().filter(|check| only.contains(check)).collect()
}

async fn connect(address: &connect::Address, target: &Result<Url, String>) -> Result<Client, ConnectError> {
    match tokio::time::timeout(CONNECT_TIMEOUT, connect::once(address, None)).await {
        Ok(connected) => connected,
        Err(_) => Err(ConnectError::Unreachable {
            target: target.as_ref().map_or_else(Clone::clone, Url::to_string),
            reason: format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()),
        }),
    }
}

/// One check within its time limit.
async fn look(site: &Site, check: Check) -> Vec<Finding> {
    let name = check.name();
    if check.needs_temporal() && site.client.is_err() {
        return vec![Finding::skipped(&name, "not checked: Temporal cannot be asked")];
    }
    if check.needs_temporal() && check != Check::Namespace && site.nowhere {
        return vec![Finding::skipped(&name, "not checked: there is no such namespace")];
    }
    let looking = async {
        match check {
            Check::Server => server::look(site).await,
            Check::Namespace => namespace::look(site).await,
            Check::Permissions => permissions::look(site).await,
            Check::Queues => queues::look(site).await,
            Check::SearchAttributes => attributes::look(site).await,
            Check::Retention => namespace::retention(site).await,
            Check::Clock => clock::look(site).await,
            Check::ControlPlane => control_plane::look(site).await,
            Check::Agents => agents::look(site).await,
            Check::Limits => limits::look(site).await,
            Check::Configuration => configuration::look(site).await,
            Check::Admin => admin::look(site).await,
        }
    };
    let findings = tokio::time::timeout(CHECK_TIMEOUT, looking).await.unwrap_or_else(|_| {
        let text = format!("no answer within {} s", CHECK_TIMEOUT.as_secs());
        vec![finding::failed(text, "look at the network between this machine and the server, then run this again")]
    });
    findings.into_iter().map(|finding| finding.of(&name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_named_in_the_order_of_the_report() {
        let names: Vec<String> = Check::value_variants().iter().map(|check| check.name()).collect();
        assert_eq!(
            names.join(" "),
            "server namespace permissions queues search-attributes retention clock control-plane agents limits configuration admin"
        );
        assert_eq!(in_order(&[Check::Admin, Check::Server, Check::Admin]), [Check::Server, Check::Admin]);
    }
}
