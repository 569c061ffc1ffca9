//! A workflow error, as the specification defines it (RFC 7807 members).

use serde::{Deserialize, Serialize};

use crate::expr::Data;

/// What a task raised, or a call came back with. Members that are not known are left out, never null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    #[serde(rename = "type")]
    pub type_: String,
    pub status: u16,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// JSON pointer of the task it came from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instance: Option<String>,
}

/// The standard error kinds, by slug and status (specification, "Standard Error Types").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    Configuration,
    Validation,
    Expression,
    Authentication,
    Authorization,
    Timeout,
    Communication,
    Runtime,
}

impl Standard {
    pub const ALL: [Self; 8] = [
        Self::Configuration,
        Self::Validation,
        Self::Expression,
        Self::Authentication,
        Self::Authorization,
        Self::Timeout,
        Self::Communication,
        Self::Runtime,
    ];

    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Validation => "validation",
            Self::Expression => "expression",
            Self::Authentication => "authentication",
            Self::Authorization => "authorization",
            Self::Timeout => "timeout",
            Self::Communication => "communication",
            Self::Runtime => "runtime",
        }
    }

    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Configuration | Self::Validation | Self::Expression => 400,
            Self::Authentication => 401,
            Self::Authorization => 403,
            Self::Timeout => 408,
            Self::Communication | Self::Runtime => 500,
        }
    }

    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    /// The kind that a type URI names, under any of the hosts and paths that the specification, its tests and its SDKs have used.
    /// `error_host` is one more host.
    #[must_use]
    pub fn from_uri(uri: &str, error_host: &str) -> Option<Self> {
        let own = uri.strip_prefix(error_host.trim_end_matches('/'));
        let path = own.or_else(|| {
            let (host, path) = uri.strip_prefix("https://").or_else(|| uri.strip_prefix("http://"))?.split_once('/')?;
            HOSTS.contains(&host).then_some(path)
        })?;
        let (base, slug) = path.trim_start_matches('/').rsplit_once('/')?;
        let version = base.strip_prefix("spec/").and_then(|rest| rest.strip_suffix("/errors"));
        let known = version.is_some_and(|version| !version.contains('/')) || PATHS.contains(&base);
        Self::from_slug(slug).filter(|_| known)
    }
}

/// Hosts under which the standard types have been published; the middle one since the project's new name.
const HOSTS: [&str; 3] = ["serverlessworkflow.io", "open-workflow-specification.org", "serverlessworkflow.io.io"];

/// Paths in use beside the specification's own `spec/<version>/errors`; its conformance tests use the first.
const PATHS: [&str; 2] = ["dsl/errors/types", "errors/types"];

/// Whether two type URIs mean the same error: equal, or the same standard kind under different hosts.
#[must_use]
pub fn same_type(left: &str, right: &str, error_host: &str) -> bool {
    let kind = |uri| Standard::from_uri(uri, error_host);
    left == right || kind(left).is_some_and(|left| kind(right) == Some(left))
}

/// Where the standard types live unless `dsl.error_host` says otherwise.
pub const DEFAULT_ERROR_HOST: &str = "https://serverlessworkflow.io";

impl Fault {
    /// A fault of a standard kind. `host` is the origin of its type URI.
    #[must_use]
    pub fn standard(kind: Standard, host: &str, title: impl Into<String>, detail: Option<String>) -> Self {
        Self {
            type_: format!("{}/spec/1.0.0/errors/{}", host.trim_end_matches('/'), kind.slug()),
            status: kind.status(),
            title: Some(title.into()),
            detail,
            instance: None,
        }
    }

    /// What an effect reported: a standard slug with a status of its own (an HTTP answer's, say). An unknown slug is `runtime`.
    #[must_use]
    pub fn effect(slug: &str, status: u16, host: &str, title: impl Into<String>, detail: Option<String>) -> Self {
        let kind = Standard::from_slug(slug).unwrap_or(Standard::Runtime);
        Self { status, ..Self::standard(kind, host, title, detail) }
    }

    /// The error as expressions see it; the same members as its JSON.
    #[must_use]
    pub fn to_data(&self) -> Data {
        let mut data = Data::object([("type", Data::string(&self.type_)), ("status", Data::from(i64::from(self.status)))]);
        for (name, value) in [("title", &self.title), ("detail", &self.detail), ("instance", &self.instance)] {
            if let Some(value) = value {
                data = data.with(name, Data::string(value));
            }
        }
        data
    }

    /// Notes where it happened, unless that is known already.
    #[must_use]
    pub fn at(mut self, reference: &str) -> Self {
        if self.instance.is_none() {
            self.instance = Some(reference.to_owned());
        }
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}] {}", self.status, self.title.as_deref().unwrap_or(&self.type_))?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        if let Some(instance) = &self.instance {
            write!(f, " (at {instance})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_types_are_the_same_under_every_published_host() {
        let timeout = Fault::standard(Standard::Timeout, DEFAULT_ERROR_HOST, "late", None).type_;
        for same in [
            "https://serverlessworkflow.io/spec/1.0.0/errors/timeout",
            "http://serverlessworkflow.io/spec/1.0.3/errors/timeout",
            "https://open-workflow-specification.org/spec/1.0.0/errors/timeout",
            "https://open-workflow-specification.org/dsl/errors/types/timeout",
            "https://serverlessworkflow.io.io/errors/types/timeout",
            "https://errors.test/base/spec/1.0.0/errors/timeout",
        ] {
            assert!(same_type(same, &timeout, "https://errors.test/base/"), "{same}");
        }
        for other in [
            "https://serverlessworkflow.io/spec/1.0.0/errors/runtime",
            "https://serverlessworkflow.io/spec/1.0.0/errors/timeout/x",
            "https://serverlessworkflow.io/spec/1.0.0/x/errors/timeout",
            "https://serverlessworkflow.io.evil.test/spec/1.0.0/errors/timeout",
            "https://elsewhere.test/spec/1.0.0/errors/timeout",
            "timeout",
            "",
        ] {
            assert!(!same_type(other, &timeout, DEFAULT_ERROR_HOST), "{other}");
        }
        assert!(same_type("urn:mine", "urn:mine", DEFAULT_ERROR_HOST));
    }

    #[test]
    fn members_that_are_not_known_are_left_out() {
        let fault = Fault::effect("communication", 503, "https://h.test/", "unavailable", None).at("/do/0/a").at("/do/0");
        let json = serde_json::json!({
            "type": "https://h.test/spec/1.0.0/errors/communication", "status": 503, "title": "unavailable", "instance": "/do/0/a",
        });
        assert_eq!(serde_json::to_value(&fault).unwrap(), json);
        assert_eq!(fault.to_data(), Data::from(json));
        assert_eq!(fault.to_string(), "[503] unavailable (at /do/0/a)");
    }
}
