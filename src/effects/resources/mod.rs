//! Documents elsewhere that a definition names: `OpenAPI` documents, schemas, functions, scripts.
//!
//! | what | from http(s) | from a file |
//! |---|---|---|
//! | is read (documents, schemas) | as `http.reach` says | allowed by `resources.allow` |
//! | is run (functions, scripts) | allowed by `resources.allow` | allowed by `resources.allow` |
//!
//! Redirections are followed, a few of them, each as if the document had named it; credentials do not follow to another origin. A file is
//! compared with what is allowed after links and `..` are resolved, and must be a plain file.

mod files;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use reqwest::Url;

use super::EffectError;
use super::http::{Http, Limit};
use crate::config::ResourceSettings;
use crate::expr::Data;

const REDIRECTS_MAX: usize = 5;

/// Reads documents elsewhere. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Resources {
    http: Http,
    /// Starts of URIs.
    allow: Vec<String>,
    /// What relative references are relative to: the definition's folder.
    base: Option<Url>,
    limit: Limit,
}

/// A document, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Where it was in the end.
    pub uri: Url,
    pub text: String,
}

/// What is done with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Read,
    Run,
}

impl Resources {
    /// A person who runs a file may read beside it, and from http(s), unless `resources.allow` says otherwise; a worker may not.
    pub fn new(http: Http, settings: &ResourceSettings) -> Self {
        let absolute = |folder: &PathBuf| Url::from_directory_path(std::path::absolute(folder).ok()?).ok();
        let folder = settings.folder.as_ref().and_then(absolute);
        let own =
            || folder.iter().map(Url::to_string).chain(folder.iter().flat_map(|_| ["http://", "https://"].map(str::to_owned))).collect();
        let limit = Limit { size_bytes: settings.size_limit_bytes, setting: "resources.size_limit_bytes" };
        Self { http, allow: settings.allow.clone().unwrap_or_else(own), base: folder, limit }
    }

    /// Reads what `{"uri", "authentication"?}` names.
    ///
    /// Errors: `authorization` 403 for what may not be read; `configuration` for a URI that cannot be read or a text that is not UTF-8; those of
    /// [`Http::call`] otherwise, with `resources.size_limit_bytes` as the limit.
    pub async fn fetch(&self, resource: &Data, purpose: Purpose) -> Result<Resource, EffectError> {
        let name = resource.get("uri").unwrap_or_default();
        let Some(name) = name.as_str() else {
            return Err(EffectError::configuration(format!("a resource is named by a text, not {}", name.kind())));
        };
        let uri = self.absolute(name)?;
        let (uri, bytes) = match uri.scheme() {
            "file" => (uri.clone(), files::read(&uri, &self.allow, self.limit).await?),
            "http" | "https" => self.get(uri, resource, purpose).await?,
            scheme => return Err(EffectError::configuration(format!("`{scheme}:` cannot be read: only http, https and file"))),
        };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Resource { uri, text }),
            Err(_) => Err(EffectError::configuration(format!("{} is no text in UTF-8", shown(&uri)))),
        }
    }

    /// Reads the documents that a definition is made of: what `missing` still asks for, given what there is (text by URI), until it asks for nothing
    /// more or there are `most`. One that cannot be read is given to `failed` and left out.
    pub async fn gather(
        &self,
        most: usize,
        missing: impl Fn(&BTreeMap<String, String>) -> Vec<(String, Purpose)>,
        mut failed: impl FnMut(&str, EffectError),
    ) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        while found.len() < most {
            let before = found.len();
            for (uri, purpose) in missing(&found).into_iter().take(most - before) {
                match self.fetch(&Data::object([("uri", Data::string(&*uri))]), purpose).await {
                    Ok(resource) => drop(found.insert(uri, resource.text)),
                    Err(error) => failed(&uri, error),
                }
            }
            if found.len() == before {
                break;
            }
        }
        found
    }

    fn absolute(&self, name: &str) -> Result<Url, EffectError> {
        let refused = |error: url::ParseError| EffectError::configuration(format!("`{name}` is not the URI of a resource: {error}"));
        // `file:pets.yaml` is beside the definition: a URI of a file has a slash, what has none is a path.
        let name = name.strip_prefix("file:").filter(|path| !path.starts_with('/') && self.base.is_some()).unwrap_or(name);
        match (Url::parse(name), &self.base) {
            (Ok(uri), _) => Ok(uri),
            (Err(url::ParseError::RelativeUrlWithoutBase), Some(base)) => base.join(name).map_err(refused),
            (Err(error), _) => Err(refused(error)),
        }
    }

    async fn get(&self, mut uri: Url, resource: &Data, purpose: Purpose) -> Result<(Url, Vec<u8>), EffectError> {
        let authentication = resource.get("authentication").unwrap_or_default();
        let origin = uri.origin();
        for _ in 0..=REDIRECTS_MAX {
            if purpose == Purpose::Run && !self.allow.iter().any(|start| uri.as_str().starts_with(start)) {
                return Err(EffectError::authorization(format!("{} may not be run", shown(&uri)))
                    .with_detail("resources.allow has no start of this URI"));
            }
            let mut request = Data::object([("uri", Data::string(uri.as_str()))]);
            if uri.origin() == origin {
                request = request.with("authentication", authentication.clone());
            }
            let fetched = self.http.fetch(&request, self.limit).await?;
            match fetched.location.filter(|_| (300..400).contains(&fetched.status)) {
                None if fetched.status >= 300 => {
                    return Err(EffectError::communication(fetched.status, format!("{} is not there", shown(&uri))));
                }
                None => return Ok((uri, fetched.body)),
                Some(location) => uri = next(&uri, &location)?,
            }
        }
        Err(EffectError::communication(500, format!("{} redirects too often", shown(&uri))))
    }
}

/// Where a redirection leads. Not out of TLS: what was asked for in secret is not asked for in the open.
fn next(uri: &Url, location: &str) -> Result<Url, EffectError> {
    let next = uri.join(location).ok().filter(|next| next.scheme() == "https" || (next.scheme() == "http" && uri.scheme() == "http"));
    next.ok_or_else(|| EffectError::communication(500, format!("{} redirects to where it may not", shown(uri))))
}

/// Without the query, which may hold a credential.
pub(super) fn shown(uri: &Url) -> String {
    let mut uri = uri.clone();
    uri.set_query(None);
    uri.set_fragment(None);
    uri.to_string()
}
