//! Is Temporal there, over what kind of connection, until when are the certificates good, which version is it.

use temporalio_client::Client;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest;
use temporalio_common::protos::temporal::api::workflowservice::v1::GetSystemInfoRequest;

use super::finding::{Finding, failed, ok, warning};
use super::{Site, certificate};
use crate::temporal::connect::ConnectError;

pub(super) async fn look(site: &Site) -> Vec<Finding> {
    let mut findings = vec![match &site.client {
        Ok(client) => reached(site, client).await,
        Err(ConnectError::Configuration(problem)) => failed(
            format!("the connection is wrongly configured: {problem}"),
            "correct the setting; `workflow-runner worker --dump-config` shows what is in effect and from where",
        ),
        Err(ConnectError::Unreachable { target, reason }) => {
            failed(format!("Temporal at {target} is not reachable: {reason}"), fix(target, reason))
        }
    }];
    if let Ok(target) = site.target.as_ref()
        && target.scheme() == "https"
    {
        let name = site.config.temporal.tls_server_name.as_deref();
        findings.extend(certificate::of_server(target, name, (site.now)()).await);
    }
    if let Some(path) = &site.config.temporal.tls_client_cert_path {
        findings.push(certificate::of_file(path, (site.now)()));
    }
    findings
}

async fn reached(site: &Site, client: &Client) -> Finding {
    let target = site.target.as_ref().map_or_else(Clone::clone, ToString::to_string);
    let temporal = &site.config.temporal;
    let secured = match (target.starts_with("https"), temporal.api_key.is_some() || temporal.api_key_file.is_some()) {
        (true, true) => "TLS, API key accepted",
        (true, false) => "TLS",
        (false, _) => "plaintext",
    };
    match WorkflowService::get_system_info(&mut client.clone(), GetSystemInfoRequest {}.into_request()).await {
        Ok(answer) => ok(format!("Temporal {} at {target} ({secured})", answer.into_inner().server_version)),
        Err(status) => warning(
            format!("Temporal at {target} ({secured}) does not say its version: {:?}: {}", status.code(), status.message()),
            "nothing that a worker needs; a proxy before the server may hide it",
        ),
    }
}

/// By the words of the reason: the layers below give nothing else.
fn fix(target: &str, reason: &str) -> String {
    let text = reason.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["unauthori", "unauthenticated", "permission", "api key", "apikey", "jwt", "token"]) {
        return "the key is not accepted: set TEMPORAL_API_KEY to one that is valid for this namespace".to_owned();
    }
    if has(&["unknownissuer", "unknown issuer", "notvalidforname", "invalid peer certificate", "certificate"]) {
        return "set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the authority of the server's certificate, or TEMPORAL_TLS_SERVER_NAME to the name in it".to_owned();
    }
    if target.starts_with("https") && has(&["corrupt message", "invalidcontenttype", "eof", "closed", "reset"]) {
        return "the server may not speak TLS: set TEMPORAL_TLS=false".to_owned();
    }
    if has(&["frame", "h2", "http2", "preface", "broken pipe", "reset", "closed", "went away"]) {
        return "the server may want TLS: set TEMPORAL_TLS=true (with TEMPORAL_TLS_SERVER_CA_CERT_PATH for an authority of your own)"
            .to_owned();
    }
    if has(&["lookup", "resolve", "name or service", "dns"]) {
        return "the host name is not known here: correct TEMPORAL_ADDRESS (host:port)".to_owned();
    }
    "start the server (`temporal server start-dev`), or set TEMPORAL_ADDRESS to where it listens (host:port)".to_owned()
}

#[cfg(test)]
mod tests {
    use super::fix;

    #[test]
    fn a_reason_leads_to_a_fix() {
        for (target, reason, want) in [
            ("http://h:1/", "Connection refused (os error 111)", "temporal server start-dev"),
            ("http://h:1/", "no answer within 5 s", "TEMPORAL_ADDRESS"),
            ("http://nowhere:1/", "failed to lookup address information: Name or service not known", "host name is not known"),
            ("https://h:1/", "received corrupt message of type InvalidContentType", "TEMPORAL_TLS=false"),
            ("http://h:1/", "frame with invalid size", "TEMPORAL_TLS=true"),
            ("https://h:1/", "invalid peer certificate: UnknownIssuer", "TEMPORAL_TLS_SERVER_CA_CERT_PATH"),
            ("https://h:1/", "Request unauthorized.", "TEMPORAL_API_KEY"),
        ] {
            assert!(fix(target, reason).contains(want), "{reason}: {}", fix(target, reason));
        }
    }
}
