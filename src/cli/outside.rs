//! Documents elsewhere that a definition is made of, read before anything runs.

use super::document::Document;
use crate::config::Config;
use crate::effects::http::Http;
use crate::effects::resources::{Purpose, Resources};
use crate::expr::Data;
use crate::plan::{self, MAX_OUTSIDES, OutsideKind, Outsides};

/// What the definition needs. Documents that cannot be read are told on stderr; the plan then says where they are named.
pub async fn read(document: &Document, config: &Config) -> Outsides {
    let mut outsides = Outsides::new();
    if plan::missing(&document.text, &document.name, &outsides).is_empty() {
        return outsides;
    }
    let resources = match Http::new(&config.http) {
        Ok(http) => Resources::new(http, &config.resources),
        Err(error) => {
            eprintln!("error: {error}");
            return outsides;
        }
    };
    while outsides.len() < MAX_OUTSIDES {
        let missing = plan::missing(&document.text, &document.name, &outsides);
        let before = outsides.len();
        for outside in missing.iter().take(MAX_OUTSIDES - before) {
            let purpose = if outside.kind == OutsideKind::Function { Purpose::Run } else { Purpose::Read };
            let resource = Data::object([("uri", Data::string(&*outside.uri))]);
            match resources.fetch(&resource, purpose).await {
                Ok(found) => drop(outsides.insert(outside.uri.to_string(), found.text)),
                Err(error) => eprintln!("error: {}: {error}", outside.uri),
            }
        }
        if outsides.len() == before {
            break;
        }
    }
    outsides
}
