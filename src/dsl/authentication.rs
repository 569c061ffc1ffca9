//! Authentication policies: `{basic: {username, password}}`, `{digest: {…}}`, `{bearer: {token}}`, or the same with a secret's name in
//! the place of the members, `{basic: {use: mySecret}}`. OAuth 2.0 and OIDC are read for their form only.

use super::codes;
use super::diagnostic::Span;
use super::expression::Expression;
use super::node::{Entry, Name, Node, Value};
use super::read::{Fields, Shape};
use super::report::{Problem, Report};
use super::resource;
use super::usage::Reference;

/// Members are literal text or expressions in `${ }`.
#[derive(Clone, Debug)]
pub enum Policy {
    Basic {
        username: Node,
        password: Node,
    },
    Digest {
        username: Node,
        password: Node,
    },
    Bearer {
        token: Node,
    },
    /// The secret's value has the members of the scheme.
    Secret {
        scheme: Scheme,
        secret: Name,
    },
    /// OAuth 2.0 or OIDC, and the key that says so.
    Later(Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Basic,
    Digest,
    Bearer,
}

const SCHEMES: [&str; 5] = ["basic", "bearer", "digest", "oauth2", "oidc"];
const POLICY: Shape = Shape { what: "an authentication policy", keys: &SCHEMES, required: &[] };
const NAMED: Shape = Shape { what: "`authentication`", keys: &["use"], required: &["use"] };
const SECRET: Shape = Shape { what: "a policy with a secret", keys: &["use"], required: &["use"] };
const BEARER: Shape = Shape { what: "`bearer`", keys: &["token"], required: &["token"] };

/// A policy in place, or `{use: name}` with the name of one in `use.authentications`.
pub fn reference(report: &mut Report<'_>, node: &Node) -> Option<Reference<Policy>> {
    if node.get("use").is_none() {
        return read(report, node).map(Reference::Inline);
    }
    let fields = report.fields(node, &NAMED)?;
    fields.text(report, "use").map(Reference::Named)
}

/// `authentication` of a mapping.
pub fn of(report: &mut Report<'_>, fields: &Fields<'_>) -> Option<Reference<Policy>> {
    fields.get("authentication").and_then(|node| reference(report, node))
}

/// One policy, in place or in `use.authentications`.
pub fn read(report: &mut Report<'_>, node: &Node) -> Option<Policy> {
    let fields = report.fields(node, &POLICY)?;
    let Entry { key, value } = match fields.entries {
        [entry] => entry,
        [] => {
            let problem = Problem::new(codes::EMPTY, node.span, "an authentication policy needs one scheme");
            report.add(problem.help(format!("write one of: {}", SCHEMES.join(", "))));
            return None;
        }
        [_, second, ..] => {
            let message = format!("an authentication policy has one scheme, `{}` is a second one", second.key.text);
            report.add(Problem::new(codes::EXCLUSIVE_KEYS, second.key.span, message));
            return None;
        }
    };
    let scheme = match &*key.text {
        "basic" => Some(Scheme::Basic),
        "digest" => Some(Scheme::Digest),
        "bearer" => Some(Scheme::Bearer),
        "oauth2" | "oidc" => None,
        _ => return None,
    };
    if value.get("use").is_some() {
        let secret = report.fields(value, &SECRET)?.text(report, "use")?;
        return Some(scheme.map_or(Policy::Later(key.span), |scheme| Policy::Secret { scheme, secret }));
    }
    match scheme {
        Some(Scheme::Basic) => password(report, value, "`basic`").map(|(username, password)| Policy::Basic { username, password }),
        Some(Scheme::Digest) => password(report, value, "`digest`").map(|(username, password)| Policy::Digest { username, password }),
        Some(Scheme::Bearer) => {
            let token = report.fields(value, &BEARER)?.text_template(report, "token")?;
            Some(Policy::Bearer { token })
        }
        None => {
            oauth(report, value, &key.text);
            Some(Policy::Later(key.span))
        }
    }
}

fn password(report: &mut Report<'_>, node: &Node, what: &'static str) -> Option<(Node, Node)> {
    let fields = report.fields(node, &Shape { what, keys: &["username", "password"], required: &["username", "password"] })?;
    let username = fields.text_template(report, "username");
    fields.text_template(report, "password").and_then(|password| Some((username?, password)))
}

const OIDC_KEYS: [&str; 12] =
    ["authority", "grant", "client", "request", "issuers", "scopes", "audiences", "username", "password", "subject", "actor", "endpoints"];
const OAUTH2: Shape = Shape { what: "`oauth2`", keys: &OIDC_KEYS, required: &["authority", "grant"] };
/// The endpoints are discovered.
const OIDC: Shape = Shape { what: "`oidc`", keys: OIDC_KEYS.split_at(11).0, required: &["authority", "grant"] };
const ENDPOINTS: Shape = Shape { what: "`endpoints`", keys: &["token", "revocation", "introspection"], required: &[] };
const CLIENT: Shape = Shape { what: "`client`", keys: &["id", "secret", "assertion", "authentication"], required: &[] };
const REQUEST: Shape = Shape { what: "`request`", keys: &["encoding"], required: &[] };
const TOKEN: Shape = Shape { what: "a token", keys: &["token", "type"], required: &["token", "type"] };
const GRANTS: [&str; 5] =
    ["authorization_code", "client_credentials", "password", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"];
const CLIENT_AUTHENTICATIONS: [&str; 5] = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"];
const ENCODINGS: [&str; 2] = ["application/x-www-form-urlencoded", "application/json"];

/// The form of `oauth2` and `oidc`.
fn oauth(report: &mut Report<'_>, node: &Node, scheme: &str) -> Option<()> {
    let fields = report.fields(node, if scheme == "oauth2" { &OAUTH2 } else { &OIDC })?;
    if let Some(authority) = fields.get("authority") {
        resource::address(report, authority, "`authority`", resource::HTTP);
    }
    word(report, &fields, "grant", &GRANTS);
    for key in ["username", "password"] {
        fields.text(report, key);
    }
    for key in ["issuers", "scopes", "audiences"] {
        for item in fields.get(key).and_then(|node| report.list(node, &format!("`{key}`"))).unwrap_or_default() {
            report.text(item, &format!("an item of `{key}`"));
        }
    }
    if let Some(fields) = fields.get("endpoints").and_then(|node| report.fields(node, &ENDPOINTS)) {
        for key in ENDPOINTS.keys {
            fields.text(report, key);
        }
    }
    if let Some(client) = fields.get("client").and_then(|node| report.fields(node, &CLIENT)) {
        for key in ["id", "secret", "assertion"] {
            client.text(report, key);
        }
        word(report, &client, "authentication", &CLIENT_AUTHENTICATIONS);
    }
    if let Some(request) = fields.get("request").and_then(|node| report.fields(node, &REQUEST)) {
        word(report, &request, "encoding", &ENCODINGS);
    }
    for key in ["subject", "actor"] {
        let Some(token) = fields.get(key).and_then(|node| report.fields(node, &TOKEN)) else { continue };
        token.text(report, "token");
        token.text(report, "type");
    }
    Some(())
}

/// One of a few words, or an expression.
fn word(report: &mut Report<'_>, fields: &Fields<'_>, key: &str, words: &[&'static str]) {
    let Some(node) = fields.get(key).filter(|node| Expression::strict(node).is_none()) else { return };
    let choices: Vec<(&'static str, ())> = words.iter().map(|word| (*word, ())).collect();
    if matches!(node.value, Value::String(_)) {
        report.choice(node, &format!("`{key}`"), &choices);
    } else {
        report.wrong_type(node, &format!("`{key}`"), "text");
    }
}
