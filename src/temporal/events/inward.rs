//! Signals as events.
//!
//! | signal | event |
//! |---|---|
//! | `cloudevent` | the whole event that it carries |
//! | any other name | one of that type, with the signal's argument as data (the list of them, when there are several) |

use jiff::Timestamp;
use temporalio_common::data_converters::RawValue;

use crate::activities::payload::{data_of, first};
use crate::engine::event;
use crate::expr::Data;

/// Carries a whole event. The name is on the wire: never change it.
pub const EVENT_SIGNAL: &str = "cloudevent";
const SIGNAL_SOURCE: &str = "/temporal/signal";

/// The event of a signal. `id` and `time` are for one that has none of its own.
///
/// # Errors
/// It cannot be read, or carries no event; the text says why.
pub fn event_of_signal(name: &str, input: &RawValue, id: &str, time: Timestamp) -> Result<Data, String> {
    if name == EVENT_SIGNAL {
        return event::receive(&first(input)?);
    }
    let event = Data::object([
        ("specversion", Data::from("1.0")),
        ("id", Data::from(id)),
        ("source", Data::from(SIGNAL_SOURCE)),
        ("type", Data::from(name)),
        ("time", Data::from(time.to_string())),
    ]);
    let event = match input.payloads.as_slice() {
        [] => event,
        [argument] => event.with("data", data_of(argument)?),
        arguments => event.with("data", Data::array(arguments.iter().map(data_of).collect::<Result<Vec<_>, _>>()?)),
    };
    event::receive(&event)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::activities::payload::json_of;

    fn event(name: &str, arguments: &[Value]) -> Result<Value, String> {
        let raw = RawValue::new(arguments.iter().map(json_of).collect());
        event_of_signal(name, &raw, "id-1", Timestamp::UNIX_EPOCH).map(|event| event.to_json())
    }

    #[test]
    fn any_signal_is_an_event_of_its_name() {
        let head =
            json!({"specversion": "1.0", "id": "id-1", "source": "/temporal/signal", "type": "paid", "time": "1970-01-01T00:00:00Z"});
        let with = |data: Value| {
            json!({"data": data}).as_object().into_iter().flatten().fold(head.clone(), |mut all, (k, v)| {
                all[k] = v.clone();
                all
            })
        };
        assert_eq!(event("paid", &[]), Ok(head.clone()));
        assert_eq!(event("paid", &[json!({"n": 1})]), Ok(with(json!({"n": 1}))));
        assert_eq!(event("paid", &[json!(1), json!("b")]), Ok(with(json!([1, "b"]))));
    }

    #[test]
    fn a_whole_event_is_taken_as_it_is_or_not_at_all() {
        let whole = json!({"specversion": "1.0", "id": "7", "source": "/s", "type": "t", "data": [1]});
        assert_eq!(event("cloudevent", std::slice::from_ref(&whole)), Ok(whole));
        assert!(event("cloudevent", &[json!({"type": "t"})]).unwrap_err().contains("required"));
        assert!(event("cloudevent", &[]).unwrap_err().contains("an event is an object"));
    }
}
