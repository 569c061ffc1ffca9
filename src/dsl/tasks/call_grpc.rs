//! `call: grpc`: read for its form only.

use crate::dsl::authentication;
use crate::dsl::codes;
use crate::dsl::node::Node;
use crate::dsl::read::Shape;
use crate::dsl::report::{Problem, Report};
use crate::dsl::resource;

const WITH: Shape =
    Shape { what: "`call: grpc`", keys: &["proto", "service", "method", "arguments"], required: &["proto", "service", "method"] };
const SERVICE: Shape = Shape { what: "`service`", keys: &["name", "host", "port", "authentication"], required: &["name", "host"] };

pub(super) fn read(report: &mut Report<'_>, with: &Node, _: &str) -> Option<()> {
    let fields = report.fields(with, &WITH)?;
    if let Some(proto) = fields.get("proto") {
        resource::read(report, proto);
    }
    fields.text(report, "method");
    if let Some(arguments) = fields.get("arguments") {
        report.mapping(arguments, "`arguments`");
    }
    let service = report.fields(fields.get("service")?, &SERVICE)?;
    service.text(report, "name");
    service.text(report, "host");
    authentication::of(report, &service);
    let port = service.get("port")?;
    if report.integer(port, "`port`", 0)? > 65_535 {
        report.add(Problem::new(codes::BAD_VALUE, port.span, "`port` must be a number from 0 to 65535"));
    }
    Some(())
}
