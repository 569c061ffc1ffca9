//! `emit`: an event. `{event: {with: {type, source?, …}}}`.

use super::{Body, Site};
use crate::dsl::event;
use crate::dsl::read::Shape;
use crate::dsl::report::Report;

const EMIT: Shape = Shape { what: "`emit`", keys: &["event"], required: &["event"] };
const EVENT: Shape = Shape { what: "`event`", keys: &["with"], required: &["with"] };

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    let event = report.fields(site.value("emit")?, &EMIT)?.get("event")?;
    let with = report.fields(event, &EVENT)?.get("with")?;
    event::emitted(report, with).map(Body::Emit)
}
