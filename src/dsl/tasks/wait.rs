//! `wait`: a pause.

use super::{Body, Site};
use crate::dsl::duration;
use crate::dsl::report::Report;

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    duration::read(report, site.value("wait")?, "`wait`").map(Body::Wait)
}
