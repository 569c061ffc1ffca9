//! What tasks have in common: durations, errors, endpoints, policies, events.

use serde_json::{Value, json};

use super::words::{boolean, choice, integer, list, map, mapping_or, object, or_expression, reference, text, text_or, with_one_of, word};

pub fn all() -> Vec<(&'static str, Value)> {
    [flow(), limits(), errors(), endpoints(), authentication(), oauth(), events(), extensions()].concat()
}

fn flow() -> Vec<(&'static str, Value)> {
    let transform = |what: &str| {
        let mut transform = json!({"type": ["string", "object"]});
        transform["description"] = what.into();
        transform
    };
    let schema = object(
        "What data must look like",
        [
            ("format", text("`json`, the default")),
            ("document", json!({"description": "The schema itself", "type": ["object", "boolean"]})),
            ("resource", reference("resource")),
        ],
    );
    vec![
        ("expression", json!({"description": "An expression in `${ }`", "type": "string", "pattern": r"^\s*\$\{[\s\S]*\}\s*$"})),
        ("condition", text("An expression, with or without `${ }`")),
        ("schema", with_one_of(schema, &["document", "resource"])),
        ("input", object("What comes in", [("schema", reference("schema")), ("from", transform("What the task sees of it"))])),
        ("output", object("What goes out", [("schema", reference("schema")), ("as", transform("What the next task sees of it"))])),
        ("export", object("What becomes `$context`", [("schema", reference("schema")), ("as", transform("The new context"))])),
        (
            "then",
            json!({"description": "Where the flow goes: continue, exit, end, or a task of the same list", "type": "string", "minLength": 1}),
        ),
        ("textMap", or_expression(map("Values that become text", json!({"type": ["string", "integer", "boolean"]})))),
        ("texts", or_expression(list("Texts", json!({"type": ["string", "integer", "boolean"]})))),
        ("data", or_expression(json!({"description": "Data, with expressions in `${ }`", "type": "object"}))),
    ]
}

fn limits() -> Vec<(&'static str, Value)> {
    let units = ["days", "hours", "minutes", "seconds", "milliseconds"];
    let mut inline = object("A length of time", units.map(|unit| (unit, integer("A whole number", 0))));
    inline["minProperties"] = 1.into();
    let written = json!({
        "description": "ISO 8601 (`PT1H30M`), or an expression in `${ }` that gives it",
        "type": "string",
        "pattern": r"^\s*(P[0-9.DWTHMS]+|\$\{[\s\S]*\})\s*$",
    });
    let empty = |what: &str| json!({"description": what, "type": "object", "maxProperties": 0});
    let kinds = ["constant", "linear", "exponential"];
    let backoff = with_one_of(object("How the delay grows", kinds.map(|kind| (kind, empty("Nothing to set")))), &kinds);
    let attempt = object("Of one attempt", [("count", integer("Attempts at most", 1)), ("duration", reference("duration"))]);
    let retry = [
        ("when", reference("condition")),
        ("exceptWhen", reference("condition")),
        ("delay", reference("duration")),
        ("backoff", backoff),
        ("limit", object("When to give up", [("attempt", attempt), ("duration", reference("duration"))])),
        (
            "jitter",
            object(
                "Something random between these is added to the delay",
                [("from*", reference("duration")), ("to*", reference("duration"))],
            ),
        ),
    ];
    vec![
        ("duration", mapping_or(inline, written)),
        ("timeoutAfter", object("A time limit", [("after*", reference("duration"))])),
        ("timeout", text_or(text("The name of a timeout in `use.timeouts`"), reference("timeoutAfter"))),
        ("retry", object("A retry policy", retry)),
    ]
}

fn errors() -> Vec<(&'static str, Value)> {
    let status = || or_expression(json!({"description": "An HTTP status", "type": "integer", "minimum": 100, "maximum": 599}));
    let error = [
        ("type*", text("A URI, or an expression")),
        ("status*", status()),
        ("title", text("A short title, or an expression")),
        ("detail", text("What happened, or an expression")),
        ("instance", text("A JSON pointer to where it happened")),
    ];
    let filter = [
        ("type", text("A URI, or an expression")),
        ("status", status()),
        ("instance", text("A JSON pointer")),
        ("title", text("The title")),
        ("detail", text("The detail")),
        ("details", text("The detail, as DSL 1.0.3 wrote it")),
    ];
    let mut filter = object("Members that the error must have", filter);
    filter["minProperties"] = 1.into();
    vec![("error", object("An error (RFC 9457)", error)), ("errorFilter", filter)]
}

fn endpoints() -> Vec<(&'static str, Value)> {
    let address = || text("A URI template, `https://example.com/pets/{petId}`, or an expression in `${ }`");
    let written = object("An endpoint", [("uri*", address()), ("authentication", reference("authentication"))]);
    let resource = object("A document elsewhere", [("name", text("A name, for people")), ("endpoint*", reference("endpoint"))]);
    vec![("endpoint", mapping_or(written, address())), ("resource", resource)]
}

fn authentication() -> Vec<(&'static str, Value)> {
    let secret = || object("The scheme's members stand in a secret", [("use*", text("The name of a secret"))]);
    let scheme = |members: Value| json!({"if": {"required": ["use"]}, "then": secret(), "else": members});
    let password = |what: &str| scheme(object(what, [("username*", text("User name")), ("password*", text("Password"))]));
    let bearer = scheme(object("A token", [("token*", text("The token"))]));
    let schemes = ["basic", "bearer", "digest", "oauth2", "oidc"];
    let policy = object(
        "How a call proves who it is",
        [
            ("basic", password("User and password")),
            ("bearer", bearer),
            ("digest", password("User and password, never sent as they are")),
            ("oauth2", scheme(reference("oauth2"))),
            ("oidc", scheme(reference("oidc"))),
        ],
    );
    let named = object("A policy of `use.authentications`", [("use*", text("Its name"))]);
    vec![
        ("policy", with_one_of(policy, &schemes)),
        ("authentication", json!({"if": {"required": ["use"]}, "then": named, "else": reference("policy")})),
    ]
}

fn oauth() -> Vec<(&'static str, Value)> {
    let texts = |what: &str| list(what, json!({"type": "string"}));
    let token = |what: &str| object(what, [("token*", text("The token")), ("type*", text("Its type"))]);
    let grants =
        ["authorization_code", "client_credentials", "password", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"];
    let ways = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"];
    let client = object(
        "Who asks",
        [
            ("id", text("Client id")),
            ("secret", text("Client secret")),
            ("assertion", text("A JWT")),
            ("authentication", word("How it is sent", &ways)),
        ],
    );
    let encoding = word("Of the request's body", &["application/x-www-form-urlencoded", "application/json"]);
    let members = || {
        vec![
            ("authority*", text("Where tokens come from")),
            ("grant*", word("The kind of grant", &grants)),
            ("client", client.clone()),
            ("request", object("How a token is asked for", [("encoding", encoding.clone())])),
            ("issuers", texts("Issuers that are trusted")),
            ("scopes", texts("Scopes to ask for")),
            ("audiences", texts("Audiences to ask for")),
            ("username", text("User name")),
            ("password", text("Password")),
            ("subject", token("Whose token it is")),
            ("actor", token("Who acts")),
        ]
    };
    let paths = ["token", "revocation", "introspection"].map(|path| (path, text("A path below the authority")));
    let endpoints = [("endpoints", object("Where below the authority", paths))];
    vec![("oauth2", object("OAuth 2.0", members().into_iter().chain(endpoints))), ("oidc", object("OpenID Connect", members()))]
}

fn events() -> Vec<(&'static str, Value)> {
    let known = ["id", "source", "type", "time", "subject", "datacontenttype", "dataschema"];
    let attributes = |what: &str| {
        let mut attributes = map(what, json!({}));
        attributes["properties"] = known.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
        attributes["minProperties"] = 1.into();
        attributes
    };
    let mut event = attributes("Attributes of a CloudEvent, and its `data`; what is left out is added");
    event["required"] = json!(["type"]);
    let correlation =
        object("What events must have in common", [("from*", reference("condition")), ("expect", text("The value, or an expression"))]);
    let filter = object(
        "Which events",
        [("with*", attributes("Attributes and what they must be")), ("correlate", map("Correlations by name", correlation))],
    );
    let mut all = list("Each of these once", reference("eventFilter"));
    all["minItems"] = 1.into();
    let ways = || {
        [
            ("one", reference("eventFilter")),
            ("all", all.clone()),
            ("any", list("Any of these; `[]` is every event", reference("eventFilter"))),
        ]
    };
    let until = mapping_or(with_one_of(object("Until these events come", ways()), &["one", "all", "any"]), reference("condition"));
    let mut consumption = with_one_of(object("Which events", ways().into_iter().chain([("until", until)])), &["one", "all", "any"]);
    consumption["dependentRequired"] = json!({"until": ["any"]});
    let foreach = [
        ("item", text("Name of the variable that holds the event: `item` without one")),
        ("at", text("Name of the variable that holds its position: `index` without one")),
        ("do", reference("taskList")),
        ("output", reference("output")),
        ("export", reference("export")),
    ];
    let read = || choice("Which part of an event is taken", &["data", "envelope", "raw"]);
    let mut schedule = object(
        "When the workflow starts by itself",
        [
            ("every", reference("duration")),
            ("cron", text("Five fields: minute, hour, day of month, month, day of week")),
            ("after", reference("duration")),
            ("on", reference("consumption")),
            ("read", read()),
        ],
    );
    schedule["dependentRequired"] = json!({"read": ["on"]});
    vec![
        ("event", event),
        ("eventFilter", filter),
        ("consumption", consumption),
        ("foreach", object("What is done with each event, one after the other", foreach)),
        ("listen", object("Events to wait for", [("to*", reference("consumption")), ("read", read())])),
        ("schedule", schedule),
    ]
}

fn extensions() -> Vec<(&'static str, Value)> {
    let types = ["all", "call", "composite", "emit", "for", "listen", "raise", "run", "set", "switch", "try", "wait"];
    let extension = object(
        "Tasks before and after each task of a type",
        [
            ("extend*", choice("Which tasks", &types)),
            ("when", reference("condition")),
            ("before", reference("taskList")),
            ("after", reference("taskList")),
        ],
    );
    let process = |members: Vec<(&'static str, Value)>, what: &str| {
        let common = [("arguments", reference("texts")), ("stdin", text("What it reads")), ("environment", reference("textMap"))];
        object(what, members.into_iter().chain(common))
    };
    let script = process(
        vec![
            ("language*", choice("js or python", &["js", "python", "javascript"])),
            ("code", text("The program")),
            ("source", reference("resource")),
        ],
        "A script",
    );
    let lifetime = object(
        "What becomes of the container",
        [("cleanup*", choice("When it is removed", &["always", "never", "eventually"])), ("after", reference("duration"))],
    );
    let container = process(
        vec![
            ("image*", text("The image")),
            ("name", text("The container's name")),
            ("command", text("What is run in it")),
            ("ports", json!({"description": "Ports of the host by ports of the container", "type": "object"})),
            ("volumes", json!({"description": "Paths of the host by paths of the container", "type": "object"})),
            ("lifetime", lifetime),
            ("pullPolicy", choice("When the image is fetched", &["ifNotPresent", "always", "never"])),
        ],
        "A container",
    );
    let workflow = [
        ("namespace*", text("Namespace")),
        ("name*", text("Name")),
        ("version", text("Version; the newest without one")),
        ("input", reference("data")),
    ];
    let run = [
        ("container", container),
        ("script", with_one_of(script, &["code", "source"])),
        ("shell", process(vec![("command*", text("The command"))], "A command")),
        ("workflow", object("Another workflow", workflow)),
        ("await", boolean("Whether the task waits for the end: true without it")),
        ("return", choice("What the output is", &["stdout", "stderr", "code", "all", "none"])),
    ];
    vec![
        ("namedExtension", json!({"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": extension})),
        ("run", with_one_of(object("What to run", run), &["container", "script", "shell", "workflow"])),
    ]
}
