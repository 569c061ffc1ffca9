//! Arguments of `handshake`. The comments are the help, as people read it on a terminal.

#![allow(clippy::doc_markdown)] // No backticks there.

use std::io;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::Format;
use crate::cli::input;
use crate::cli::service::StartError;
use crate::config::duration;
use crate::expr::Data;
use crate::handshake::operator::Kind;

#[derive(Args, Debug)]
pub struct HandshakeArgs {
    #[command(subcommand)]
    pub verb: HandshakeVerb,
}

#[derive(Debug, Subcommand)]
pub enum HandshakeVerb {
    /// List what is pending, oldest first
    List(ListArgs),

    /// Show everything that is known about one, and what to do next
    Show(ShowArgs),

    /// End one with a result
    Complete(CompleteArgs),

    /// End one with a failure
    Fail(FailArgs),

    /// Cancel the work that one waits for
    Cancel(CancelArgs),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    /// A workflow that waits for a child
    #[value(name = "execute_workflow")]
    ExecuteWorkflow,
    /// A step that waits for an agent
    #[value(name = "call_agent")]
    CallAgent,
}

impl From<KindArg> for Kind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::ExecuteWorkflow => Self::ExecuteWorkflow,
            KindArg::CallAgent => Self::CallAgent,
        }
    }
}

#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only those of this kind
    #[arg(long, value_enum)]
    pub kind: Option<KindArg>,

    /// Only those that have waited at least this long: 30m, 24h
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub older_than: Option<Duration>,

    /// How many to show
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,

    /// How they are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// The one that is meant.
#[derive(Args, Clone, Debug)]
pub struct Target {
    /// Id of the execution, of the agent execution, or of the workflow of either side
    #[arg(value_name = "ID")]
    pub id: String,

    /// Take ID as the workflow that waits, and this as the activity that it waits for
    #[arg(long, value_name = "ID")]
    pub activity: Option<String>,
}

#[derive(Args, Debug)]
pub struct ShowArgs {
    #[command(flatten)]
    pub target: Target,

    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Args, Debug)]
pub struct CompleteArgs {
    #[command(flatten)]
    pub target: Target,

    /// The result: JSON, a file of it, or `-` for stdin
    #[arg(long, value_name = "JSON|@FILE|-", required = true)]
    pub result: String,

    /// Leave the child, or the agent, at its work instead of cancelling it
    #[arg(long)]
    pub keep_child: bool,
}

#[derive(Args, Debug)]
pub struct FailArgs {
    #[command(flatten)]
    pub target: Target,

    /// Why, for whoever reads the failure
    #[arg(long, value_name = "TEXT", required = true)]
    pub message: String,

    /// Type of the failure
    #[arg(long, value_name = "TYPE")]
    pub r#type: Option<String>,

    /// Let the caller's retry policy decide about another attempt
    #[arg(long)]
    pub retryable: bool,

    /// Leave the child, or the agent, at its work instead of ending it
    #[arg(long)]
    pub keep_child: bool,
}

#[derive(Args, Debug)]
pub struct CancelArgs {
    #[command(flatten)]
    pub target: Target,

    /// Why, for whoever reads the history
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// The verbs, with everything read that can be read without a server.
pub(super) enum Verb {
    List(ListArgs),
    Show(ShowArgs),
    Settle(Order),
    Cancel(CancelArgs),
}

/// What is to become of a pending handshake.
pub(super) struct Order {
    pub target: Target,
    pub end: End,
    pub keep_child: bool,
}

pub(super) enum End {
    Completed(Data),
    Failed { message: String, type_: Option<String>, retryable: bool },
}

impl HandshakeVerb {
    pub(super) fn read(self) -> Result<Verb, StartError> {
        Ok(match self {
            Self::List(args) => Verb::List(args),
            Self::Show(args) => Verb::Show(args),
            Self::Cancel(args) => Verb::Cancel(args),
            Self::Complete(CompleteArgs { target, result, keep_child }) => {
                let result = input::read(Some(&result), io::stdin().lock());
                let result = result.map_err(|e| StartError::usage(e.to_string().replacen("--input", "--result", 1)))?;
                Verb::Settle(Order { target, end: End::Completed(result), keep_child })
            }
            Self::Fail(FailArgs { target, message, r#type, retryable, keep_child }) => {
                Verb::Settle(Order { target, end: End::Failed { message, type_: r#type, retryable }, keep_child })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{Cli, Verb as CliVerb};

    fn read(line: &str) -> Result<HandshakeVerb, clap::Error> {
        match Cli::read(line.split(' ').map(OsString::from))?.verb {
            CliVerb::Handshake(args) => Ok(args.verb),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_flag_is_read() {
        let verb = read("workflow-runner handshake list --kind call_agent --older-than 24h --limit 3 --format json").unwrap();
        let HandshakeVerb::List(list) = verb else { panic!("{verb:?}") };
        assert_eq!((list.kind, list.limit, list.format), (Some(KindArg::CallAgent), 3, Format::Json));
        assert_eq!(list.older_than, Some(Duration::from_hours(24)));
        let verb = read("workflow-runner handshake fail wfx-1 --message no --type T --retryable --keep-child --activity a").unwrap();
        let HandshakeVerb::Fail(fail) = verb else { panic!("{verb:?}") };
        assert_eq!((fail.target.id.as_str(), fail.target.activity.as_deref(), fail.r#type.as_deref()), ("wfx-1", Some("a"), Some("T")));
        assert!(fail.retryable && fail.keep_child);
        let verb = read("workflow-runner handshake complete wfx-1 --result [1]").unwrap();
        assert!(matches!(verb.read(), Ok(Verb::Settle(Order { end: End::Completed(result), .. })) if result.to_json()[0] == 1));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "workflow-runner handshake",
            "workflow-runner handshake complete wfx-1",
            "workflow-runner handshake complete --result 1",
            "workflow-runner handshake fail wfx-1",
            "workflow-runner handshake list --older-than 1d",
            "workflow-runner handshake list --kind agents",
        ] {
            assert!(read(line).is_err_and(|error| error.use_stderr()), "{line}");
        }
        let wrong = read("workflow-runner handshake complete wfx-1 --result {a").unwrap().read();
        assert!(wrong.is_err_and(|e| e.exit == crate::cli::Exit::Usage && e.message.starts_with("--result: the text is not JSON")));
    }
}
