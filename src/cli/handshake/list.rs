//! `handshake list`: what is pending, oldest first.

use std::time::SystemTime;

use super::args::ListArgs;
use super::entry::{AgentBook, complete};
use super::{Ground, WANTED, away, json, text};
use crate::cli::service::StartError;
use crate::cli::{Exit, Format, print};
use crate::handshake::operator::{self, Kind};

pub(super) async fn run(ground: &Ground, args: &ListArgs) -> Result<Exit, StartError> {
    let now = SystemTime::now();
    // An activity is never older than its workflow.
    let before = args.older_than.and_then(|age| now.checked_sub(age));
    let kind = args.kind.map(Kind::from);
    let mut steps = Vec::new();
    let scanned = operator::scan(&ground.client, &ground.pace, WANTED, before, |step| {
        if kind.is_none_or(|kind| kind == step.kind) && args.older_than.is_none_or(|age| step.age(now) >= age) {
            steps.push(step);
        }
    });
    let scanned = scanned.await.map_err(|e| away(&e))?;
    if !scanned.complete {
        eprintln!("only the newest {} open workflows were looked at; --older-than narrows the search", scanned.workflows);
    }
    steps.sort_by(|a, b| (a.since, &a.workflow_id, &a.activity_id).cmp(&(b.since, &b.workflow_id, &b.activity_id)));
    let total = steps.len();
    steps.truncate(args.limit);
    let agents = if steps.iter().any(|step| step.kind == Kind::CallAgent) {
        AgentBook::read(ground.stigmer.as_ref()).await
    } else {
        AgentBook::closed()
    };
    let mut entries = Vec::with_capacity(steps.len());
    for step in steps {
        entries.push(complete(ground, &agents, step).await?);
    }
    let watched = ground.config.handshake.watch;
    let page = match args.format {
        Format::Json => json::list(&entries, total, &scanned, now, watched),
        Format::Text => text::list(&entries, now, watched),
    };
    if args.format == Format::Text {
        let hidden = total - entries.len();
        let more = if hidden > 0 { format!(", {hidden} more not shown (--limit)") } else { String::new() };
        let looked = print::counted(scanned.workflows, "open workflow");
        eprintln!("{total} pending in {looked}{more}");
    }
    Ok(print::data(&page, Exit::Completed))
}
