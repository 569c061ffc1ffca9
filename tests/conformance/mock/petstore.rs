//! As much of the public pet store as definitions ask it for.

use serde_json::{Value, json};

use super::{Answer, Asked};

pub fn answer(path: &[&str], asked: &Asked) -> Answer {
    match (asked.method.as_str(), path) {
        ("GET", ["v2", "swagger.json"]) => Answer::json(&swagger()),
        ("GET", ["v2", "pet", "findByStatus"]) if asked.query == "status=available" => Answer::json(&json!([pet(1)])),
        ("GET", ["v2", "pet", id]) => match id.parse() {
            Ok(id @ (1 | 2 | 69)) => Answer::json(&pet(id)),
            _ => Answer::not_found(),
        },
        ("PUT", ["v2", "pet", _]) => Answer::typed("application/json", asked.body.clone()),
        _ => Answer::not_found(),
    }
}

fn pet(id: u64) -> Value {
    json!({"id": id, "name": format!("pet {id}"), "status": "available"})
}

/// Swagger 2.0: the origin stands in three members, and a list is sent as a repeated parameter.
fn swagger() -> Value {
    json!({
        "swagger": "2.0",
        "info": {"title": "pets", "version": "1.0.0"},
        "host": "petstore.swagger.io",
        "basePath": "/v2",
        "schemes": ["https", "http"],
        "paths": {
            "/pet/findByStatus": {
                "get": {
                    "operationId": "findPetsByStatus",
                    "produces": ["application/json"],
                    "parameters": [{
                        "name": "status", "in": "query", "required": true, "type": "array",
                        "items": {"type": "string"}, "collectionFormat": "multi"
                    }],
                    "responses": {"200": {"description": "pets"}}
                }
            },
            "/pet/{petId}": {
                "get": {
                    "operationId": "getPetById",
                    "produces": ["application/json"],
                    "parameters": [{"name": "petId", "in": "path", "required": true, "type": "integer", "format": "int64"}],
                    "responses": {"200": {"description": "a pet"}}
                }
            }
        }
    })
}
