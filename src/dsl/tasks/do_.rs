//! `do`: tasks in sequence.

use super::{Body, Site, list};
use crate::dsl::report::Report;

pub(super) fn read(report: &mut Report<'_>, site: Site<'_>) -> Option<Body> {
    Some(Body::Do(list(report, site.value("do")?, &format!("{}/do", site.reference))))
}
