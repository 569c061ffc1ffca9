//! A message as Go's plain `encoding/json` writes its generated struct: `snake_case` names, enums as numbers, bytes as base64, empty fields left
//! out. So the platform puts an agent execution into a callback.

use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::Value;

use crate::stigmer::DESCRIPTORS;

static POOL: LazyLock<Option<DescriptorPool>> = LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).ok());

/// Null for a message that has no such form (a `Struct` with a number that is not finite).
pub(super) fn plain<M: Message + Name>(message: &M) -> Value {
    let descriptor = POOL.as_ref().and_then(|pool| pool.get_message_by_name(&M::full_name()));
    let dynamic = descriptor.and_then(|descriptor| DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).ok());
    let options = SerializeOptions::new().use_proto_field_name(true).use_enum_numbers(true).stringify_64_bit_integers(false);
    dynamic.and_then(|message| message.serialize_with_options(serde_json::value::Serializer, &options).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stigmer::{
        agx::{AgentExecution, AgentExecutionSpec, AgentExecutionStatus},
        ar::ApiResourceMetadata,
    };

    #[test]
    fn an_agent_execution_looks_as_the_platform_sends_it() {
        let execution = AgentExecution {
            kind: "AgentExecution".to_owned(),
            metadata: Some(ApiResourceMetadata { id: "aex-1".to_owned(), tags: vec!["t".to_owned()], ..Default::default() }),
            spec: Some(AgentExecutionSpec { agent_id: "agt-1".to_owned(), callback_token: b"token".to_vec(), ..Default::default() }),
            status: Some(AgentExecutionStatus { phase: 1, ..Default::default() }),
            ..Default::default()
        };
        let expected = json!({
            "kind": "AgentExecution",
            "metadata": {"id": "aex-1", "tags": ["t"]},
            "spec": {"agent_id": "agt-1", "callback_token": "dG9rZW4="},
            "status": {"phase": 1},
        });
        assert_eq!(plain(&execution), expected);
    }
}
