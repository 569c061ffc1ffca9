//! What functions are called with.

use serde_json::{Value, json};

use super::words::{boolean, choice, integer, list, map, object, or_expression, reference, text, with_one_of};

/// Functions that need no declaration, and the part that describes their `with`.
pub const NAMES: [(&str, &str); 8] = [
    ("http", "withHttp"),
    ("openapi", "withOpenapi"),
    ("grpc", "withGrpc"),
    ("asyncapi", "withAsyncapi"),
    ("a2a", "withA2a"),
    ("mcp", "withMcp"),
    ("agent", "withAgent"),
    ("activity", "withActivity"),
];

pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("withHttp", http()),
        ("withOpenapi", openapi()),
        ("withGrpc", grpc()),
        ("withAsyncapi", asyncapi()),
        ("withA2a", a2a()),
        ("withMcp", mcp()),
        ("withAgent", agent()),
        ("withActivity", activity()),
    ]
}

/// `with` is read by what is called.
pub fn chosen() -> Vec<Value> {
    let chosen = NAMES.iter().map(|(name, part)| {
        json!({
            "if": {"required": ["call"], "properties": {"call": {"const": name}}},
            "then": {"required": ["with"], "properties": {"with": reference(part)}},
        })
    });
    chosen.collect()
}

fn output() -> Value {
    choice("What the output is: the body, the body in base64, or the whole response", &["content", "raw", "response"])
}

fn http() -> Value {
    object(
        "An HTTP request",
        [
            ("method*", text("get, post, put, patch, delete …, or an expression")),
            ("endpoint*", reference("endpoint")),
            ("headers", reference("textMap")),
            ("query", reference("textMap")),
            ("body", json!({"description": "Any data, with expressions in `${ }`"})),
            ("output", output()),
            ("redirect", boolean("Statuses from 300 to 399 are no errors")),
        ],
    )
}

fn openapi() -> Value {
    object(
        "An operation of an OpenAPI document",
        [
            ("document*", reference("resource")),
            ("operationId*", text("The operation")),
            ("parameters", reference("data")),
            ("authentication", reference("authentication")),
            ("output", output()),
            ("redirect", boolean("Statuses from 300 to 399 are no errors")),
        ],
    )
}

fn grpc() -> Value {
    let mut port = integer("A port", 0);
    port["maximum"] = 65_535.into();
    let service = object(
        "The service",
        [("name*", text("Name")), ("host*", text("Host")), ("port", port), ("authentication", reference("authentication"))],
    );
    object(
        "A unary call of gRPC",
        [
            ("proto*", reference("resource")),
            ("service*", service),
            ("method*", text("The method")),
            ("arguments", json!({"description": "The message", "type": "object"})),
        ],
    )
}

fn asyncapi() -> Value {
    let free = |what: &str| json!({"description": what, "type": "object"});
    let consume = object(
        "How much",
        [
            ("amount", integer("So many messages", 1)),
            ("while", reference("expression")),
            ("until", reference("expression")),
            ("for", reference("duration")),
        ],
    );
    let subscription = object(
        "Messages to receive",
        [
            ("filter", reference("expression")),
            ("consume*", with_one_of(consume, &["amount", "while", "until"])),
            ("foreach", reference("foreach")),
        ],
    );
    let protocols = [
        "amqp",
        "amqp1",
        "anypointmq",
        "googlepubsub",
        "http",
        "ibmmq",
        "jms",
        "kafka",
        "mercure",
        "mqtt",
        "mqtt5",
        "nats",
        "pulsar",
        "redis",
        "sns",
        "solace",
        "sqs",
        "stomp",
        "ws",
    ];
    let mut with = object(
        "An operation of an AsyncAPI document",
        [
            ("document*", reference("resource")),
            ("channel", text("The channel (AsyncAPI 2)")),
            ("operation", text("The operation (AsyncAPI 3)")),
            ("server", object("The server", [("name*", text("Name")), ("variables", free("Its variables"))])),
            ("protocol", choice("The protocol", &protocols)),
            ("message", object("A message to send", [("payload", free("The payload")), ("headers", free("The headers"))])),
            ("subscription", subscription),
            ("authentication", reference("authentication")),
        ],
    );
    let one_of = |keys: [&str; 2]| json!({"oneOf": keys.map(|key| json!({"required": [key]}))});
    with["allOf"] = json!([one_of(["channel", "operation"]), one_of(["message", "subscription"])]);
    with
}

fn a2a() -> Value {
    let methods = [
        "message/send",
        "message/stream",
        "tasks/get",
        "tasks/list",
        "tasks/cancel",
        "tasks/resubscribe",
        "tasks/pushNotificationConfig/set",
        "tasks/pushNotificationConfig/get",
        "tasks/pushNotificationConfig/list",
        "tasks/pushNotificationConfig/delete",
        "agent/getAuthenticatedExtendedCard",
    ];
    let with = object(
        "A call of an A2A agent",
        [
            ("agentCard", reference("resource")),
            ("server", reference("endpoint")),
            ("method*", choice("The method", &methods)),
            ("parameters", or_expression(json!({"description": "Its parameters", "type": "object", "minProperties": 1}))),
        ],
    );
    with_one_of(with, &["agentCard", "server"])
}

fn mcp() -> Value {
    let methods =
        ["tools/list", "tools/call", "prompts/list", "prompts/get", "resources/list", "resources/read", "resources/templates/list"];
    let http = object("A server behind HTTP", [("endpoint*", reference("endpoint")), ("headers", reference("textMap"))]);
    let stdio = object(
        "A server to start",
        [("command*", text("The command")), ("arguments", reference("texts")), ("environment", reference("textMap"))],
    );
    let transport =
        object("How the server is reached", [("http", http), ("stdio", stdio), ("options", map("Settings of the transport", json!({})))]);
    let client = object(
        "Who asks",
        [("name*", text("Name")), ("version*", text("Version")), ("description", text("The version, as the schema of 1.0.3 had it"))],
    );
    object(
        "A call of an MCP server",
        [
            ("protocolVersion", text("Version of the protocol")),
            ("method*", choice("The method", &methods)),
            ("parameters", reference("data")),
            ("timeout", reference("duration")),
            ("transport*", with_one_of(transport, &["http", "stdio"])),
            ("client", client),
        ],
    )
}

fn agent() -> Value {
    let number = |what: &str| json!({"description": what, "type": ["number", "string"]});
    let config = object(
        "Settings of the agent",
        [("model", text("The model")), ("timeout", number("Seconds, a whole number from 1")), ("temperature", number("From 0 up"))],
    );
    object(
        "A message to an agent",
        [
            ("agent*", text("Its name")),
            ("scope", text("Where it is looked for")),
            ("message*", text("What it is asked")),
            ("env", reference("textMap")),
            ("config", or_expression(config)),
        ],
    )
}

fn activity() -> Value {
    object(
        "Any activity of the Temporal namespace",
        [
            ("activity*", text("Its type")),
            ("queue", text("Its task queue; that of the run without one")),
            ("arguments", or_expression(list("Its arguments", json!({})))),
        ],
    )
}
