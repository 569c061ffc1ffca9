//! Variables of deployments made for the runner that this one replaces, beyond those that a setting takes over by itself (`Key::also`).

use std::collections::BTreeMap;

use super::Mistake;
use super::reader::flag;

pub(super) fn check(environment: &BTreeMap<String, String>, mistakes: &mut Vec<Mistake>, warnings: &mut Vec<String>) {
    let get = |name: &str| environment.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let mut refuse = |name: &str, problem: String| mistakes.push(Mistake { place: name.to_owned(), problem });
    if get("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION").is_some_and(|text| flag(text) != Ok(false)) {
        let instead = "name the certificate's authority by temporal.tls_server_ca_cert_path and its host by temporal.tls_server_name";
        refuse("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", format!("the certificate is always checked; {instead}"));
    }
    if get("CLAIMCHECK_ENABLED").is_some_and(|text| flag(text) == Ok(true)) {
        warnings.push("CLAIMCHECK_ENABLED: there is no claim check; a payload over 2 MB is refused with an error that says so".to_owned());
    }
}
