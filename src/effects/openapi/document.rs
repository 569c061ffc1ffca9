//! An `OpenAPI` document: its version, its operations, its references.

use reqwest::Url;
use serde_json::Value;

use super::super::EffectError;
use super::super::resources::shown;
use super::operation::Operation;
use super::{near, swagger, version3, yaml};

/// References on references that are followed.
const REFERENCES_MAX: usize = 16;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

#[derive(Debug)]
pub(super) struct Document {
    pub root: Value,
    /// Where it was read: servers may be relative to it.
    pub uri: Url,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Swagger,
    OpenApi,
}

/// Where an operation stands in its document.
pub(super) struct Place<'d> {
    pub path: &'d str,
    pub item: &'d Value,
    pub method: &'static str,
    pub operation: &'d Value,
}

impl Document {
    /// JSON or YAML.
    pub fn parse(text: &str, uri: &Url) -> Result<Self, EffectError> {
        let unusable = |why: String| EffectError::configuration(format!("{} is no OpenAPI document", shown(uri))).with_detail(why);
        let root = value_of(text).map_err(unusable)?;
        // YAML's unquoted `2.0` is a number.
        let version = |name: &str| root.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let version = match (version("swagger").as_deref(), version("openapi").as_deref()) {
            (Some("2.0"), _) => Version::Swagger,
            (_, Some(three)) if three.starts_with("3.") => Version::OpenApi,
            (Some(other), _) | (None, Some(other)) => return Err(unusable(format!("version {other}; 2.0 and 3 are known"))),
            (None, None) => return Err(unusable("it has neither `swagger` nor `openapi`".to_owned())),
        };
        Ok(Self { root, uri: uri.clone(), version })
    }

    /// The operation of this id.
    pub fn operation(&self, id: &str) -> Result<Operation, EffectError> {
        let mut ids = Vec::new();
        for (path, item) in self.root.get("paths").and_then(Value::as_object).into_iter().flatten() {
            let item = self.resolve(item)?;
            for method in METHODS {
                let Some(operation) = item.get(method) else { continue };
                match operation.get("operationId").and_then(Value::as_str) {
                    Some(found) if found == id => return self.read(id, &Place { path, item, method, operation }),
                    Some(other) => ids.push(other),
                    None => {}
                }
            }
        }
        let near = near::names(id, &ids);
        let detail = if near.is_empty() { format!("it has {} operations", ids.len()) } else { format!("did you mean {near}?") };
        Err(EffectError::configuration(format!("{} has no operation `{id}`", shown(&self.uri))).with_detail(detail))
    }

    fn read(&self, id: &str, place: &Place<'_>) -> Result<Operation, EffectError> {
        match self.version {
            Version::Swagger => swagger::operation(self, id, place),
            Version::OpenApi => version3::operation(self, id, place),
        }
    }

    /// What stands here, or where the reference leads that stands here.
    pub fn resolve<'d>(&'d self, mut value: &'d Value) -> Result<&'d Value, EffectError> {
        for _ in 0..=REFERENCES_MAX {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Ok(value) };
            let pointer = reference.strip_prefix('#').ok_or_else(|| self.broken(&format!("`{reference}` is in another document")))?;
            let target = self.root.pointer(&decoded(pointer));
            value = target.ok_or_else(|| self.broken(&format!("`{reference}` leads nowhere")))?;
        }
        Err(self.broken("its references lead in a circle"))
    }

    /// Parameters of the operation and of its path; the operation's own come first and hide those of the same name and place.
    pub fn parameters<'d>(&'d self, place: &Place<'d>) -> Result<Vec<&'d Value>, EffectError> {
        let mut found: Vec<&Value> = Vec::new();
        for owner in [place.operation, place.item] {
            for parameter in owner.get("parameters").and_then(Value::as_array).into_iter().flatten() {
                let parameter = self.resolve(parameter)?;
                let same = |other: &&Value| other.get("name") == parameter.get("name") && other.get("in") == parameter.get("in");
                if !found.iter().any(same) {
                    found.push(parameter);
                }
            }
        }
        Ok(found)
    }

    /// The `apiKey` schemes that the operation may ask for, of those that `schemes` describes.
    pub fn keys<'d>(&'d self, place: &Place<'d>, schemes: Option<&'d Value>) -> Result<Vec<&'d Value>, EffectError> {
        let wanted = place.operation.get("security").or_else(|| self.root.get("security")).and_then(Value::as_array);
        let mut keys = Vec::new();
        for name in wanted.into_iter().flatten().filter_map(Value::as_object).flat_map(serde_json::Map::keys) {
            let Some(scheme) = schemes.and_then(|schemes| schemes.get(name)) else { continue };
            let scheme = self.resolve(scheme)?;
            if scheme.get("type").and_then(Value::as_str) == Some("apiKey") {
                keys.push(scheme);
            }
        }
        Ok(keys)
    }

    pub fn broken(&self, why: &str) -> EffectError {
        EffectError::configuration(format!("{} cannot be used", shown(&self.uri))).with_detail(why)
    }
}

/// YAML, of which JSON is a part that is read faster and with better errors.
fn value_of(text: &str) -> Result<Value, String> {
    if !text.trim_start().starts_with('{') {
        return yaml::read(text);
    }
    serde_json::from_str(text).or_else(|error| yaml::read(text).map_err(|_| error.to_string()))
}

/// A fragment without its percent-encoding; `+` and `&` mean themselves in one.
fn decoded(fragment: &str) -> String {
    let text = fragment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}
