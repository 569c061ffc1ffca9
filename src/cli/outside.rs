//! Documents elsewhere that a definition is made of, read before anything runs.

use super::document::Document;
use crate::config::Config;
use crate::effects::http::Http;
use crate::effects::resources::{Purpose, Resources};
use crate::plan::{self, MAX_OUTSIDES, OutsideKind, Outsides};

/// What the definition needs. Documents that cannot be read are told on stderr; the plan then says where they are named.
pub async fn read(document: &Document, config: &Config) -> Outsides {
    if plan::missing(&document.text, &document.name, &Outsides::new()).is_empty() {
        return Outsides::new();
    }
    let resources = match Http::new(&config.http) {
        Ok(http) => Resources::new(http, &config.resources),
        Err(error) => {
            eprintln!("error: {error}");
            return Outsides::new();
        }
    };
    let purpose = |kind| if kind == OutsideKind::Function { Purpose::Run } else { Purpose::Read };
    let missing = |known: &Outsides| {
        let missing = plan::missing(&document.text, &document.name, known);
        missing.into_iter().map(|outside| (outside.uri.to_string(), purpose(outside.kind))).collect()
    };
    resources.gather(MAX_OUTSIDES, missing, |uri, error| eprintln!("error: {uri}: {error}")).await
}
