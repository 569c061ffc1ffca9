//! Series that somebody else keeps, shown on the same page as ours.

use std::fmt::{Display, Write as _};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

/// A scrape must not hang on a page of our own process.
const TIMEOUT: Duration = Duration::from_secs(2);

type Fetch = dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync;

/// Where to get more series, in the text format of Prometheus. The Temporal SDK's registry is private: it serves its own page on loopback.
#[derive(Clone, Default)]
pub struct MoreMetrics(Option<Arc<Fetch>>);

impl MoreMetrics {
    pub fn none() -> Self {
        Self::default()
    }

    pub fn from_fn(fetch: impl Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(fetch)))
    }

    /// Reads the page at `url`, on this machine. Errors when no HTTP client can be made.
    pub fn from_url(url: impl Into<String>) -> reqwest::Result<Self> {
        // reqwest wants a TLS library even where, as between two sockets of one process, neither TLS nor a proxy has a place.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(TIMEOUT).build()?;
        let url = url.into();
        Ok(Self::from_fn(move || {
            let request = client.get(&url);
            Box::pin(async move {
                let page = request.send().await.and_then(reqwest::Response::error_for_status).map_err(in_words)?;
                page.text().await.map_err(in_words)
            })
        }))
    }

    /// Appends what there is. Ours are shown even when the others cannot be had; then a comment says why.
    pub(super) async fn append_to(&self, text: &mut String) {
        let Some(fetch) = &self.0 else { return };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        match fetch().await {
            Ok(more) => text.push_str(&more),
            Err(problem) => {
                let _ = writeln!(text, "# series of the Temporal SDK are missing: {}", problem.replace('\n', " "));
            }
        }
    }
}

fn in_words(error: impl Display) -> String {
    error.to_string()
}
