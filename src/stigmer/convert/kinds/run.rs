//! `RUN` → `run: workflow`: another workflow, `[namespace/]name[:version]`. Without a namespace it is this workflow's, without a version the
//! latest one; without an input the other workflow gets this one's.

use serde_json::{Map, Value, json};

use super::{Kind, task};
use crate::stigmer::convert::context::Context;
use crate::stigmer::convert::rules::Rules;
use crate::stigmer::convert::{document, expression};
use crate::stigmer::structs;
use crate::stigmer::tasks::RunTaskConfig;

/// What a run was started with.
const OWN_INPUT: &str = "${ $workflow.input }";

impl Kind for RunTaskConfig {
    fn check(&self, rules: &mut Rules<'_>) {
        rules.text("workflow", &self.workflow);
        if !self.workflow.is_empty() && !Target::of(&self.workflow).is_whole() {
            rules.refuse("workflow", format!("must be [namespace/]name[:version], not '{}'", self.workflow));
        }
    }

    fn body(self, context: &mut Context) -> Map<String, Value> {
        let Target { namespace, name, version } = Target::of(&self.workflow);
        let namespace = namespace.map_or_else(|| context.namespace().to_owned(), document::dns_label);
        let name = if is_expression(name) { expression::text(name, context) } else { document::dns_label(name) };
        let mut workflow = json!({ "namespace": namespace, "name": name });
        if let Some(version) = version {
            workflow["version"] = document::completed(version).unwrap_or_else(|| version.to_owned()).into();
        }
        workflow["input"] = match &self.input {
            Some(input) => expression::value(&structs::value(input), context),
            None => OWN_INPUT.into(),
        };
        task("run", json!({ "workflow": workflow }))
    }
}

/// The parts of a workflow's name. An expression is all of it the name.
#[derive(Debug, PartialEq, Eq)]
struct Target<'t> {
    namespace: Option<&'t str>,
    name: &'t str,
    version: Option<&'t str>,
}

impl<'t> Target<'t> {
    fn of(text: &'t str) -> Self {
        if is_expression(text) {
            return Self { namespace: None, name: text, version: None };
        }
        let (namespace, rest) = text.split_once('/').map_or((None, text), |(namespace, rest)| (Some(namespace), rest));
        let (name, version) = rest.split_once(':').map_or((rest, None), |(name, version)| (name, Some(version)));
        Self { namespace, name, version }
    }

    fn is_whole(&self) -> bool {
        let is_label = |text: &str| !document::dns_label(text).is_empty() && !text.contains(['/', ':']);
        let is_version = |text: &str| text == "latest" || document::completed(text).is_some();
        self.namespace.is_none_or(is_label) && (is_expression(self.name) || is_label(self.name)) && self.version.is_none_or(is_version)
    }
}

fn is_expression(text: &str) -> bool {
    text.contains("${")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_workflows() {
        for (text, namespace, name, version) in [
            ("child", None, "child", None),
            ("pets/buy", Some("pets"), "buy", None),
            ("pets/buy:1.2.3", Some("pets"), "buy", Some("1.2.3")),
            ("buy:latest", None, "buy", Some("latest")),
            ("${ $data.a / $data.b }", None, "${ $data.a / $data.b }", None),
        ] {
            let target = Target::of(text);
            assert!(target.is_whole(), "{text}");
            assert_eq!(target, Target { namespace, name, version });
        }
        for text in ["/", "a/", "/a", "a/b/c", "a:b:c", "a:new", "…", "a/…"] {
            assert!(!Target::of(text).is_whole(), "{text}");
        }
    }
}
