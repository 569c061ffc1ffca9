//! A list of values as a table in which nothing of some size stands twice.
//!
//! Equal parts of values (equal as text: `1` and `1.0` are two) become entries of their own, before those that hold them. In an entry an object
//! with the one member `$` is a sign:
//!
//! | sign | means |
//! |---|---|
//! | `{"$": 3}` | the value of entry 3 |
//! | `{"$": "1.10"}` | this number, which a reader of JSON might round |
//! | `{"$": [value]}` | an object with the one member `$` |

use std::collections::BTreeMap;

use crate::expr::Data;

/// Parts with less text than this are written where they stand: a sign is about as long.
const SHARED_MIN_BYTES: usize = 24;
/// Deeper parts are entries of their own, so that no entry nests deeper than readers of JSON allow.
const DEPTH_MAX: u32 = 32;
const SIGN: &str = "$";

/// What is wrong with a cursor that was not made by this code, or was changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is broken: {0}")]
pub struct Broken(pub &'static str);

/// The first entries of the table are not the values: entry `n` of the values is found at the place that the last entry, a list, has for it.
pub fn pack(values: &[Data]) -> Vec<Data> {
    let mut parts = Parts::default();
    let roots: Vec<usize> = values.iter().map(|value| parts.add(value)).collect();
    for root in &roots {
        parts.nodes[*root].shared = true;
    }
    let mut table = Vec::new();
    for at in 0..parts.nodes.len() {
        if parts.nodes[at].shared {
            parts.nodes[at].entry = Some(table.len());
            let entry = parts.write(at);
            table.push(entry);
        } else {
            parts.settle_depth(at, &mut table);
        }
    }
    let places =
        roots.iter().map(|root| parts.nodes[*root].entry.and_then(|at| i64::try_from(at).ok()).map_or_else(Data::null, Data::from));
    table.push(Data::array(places));
    table
}

/// What [`pack`] was given.
pub fn unpack(table: &[Data]) -> Result<Vec<Data>, Broken> {
    let Some((places, entries)) = table.split_last() else { return Err(Broken("there are no values")) };
    let mut values: Vec<Data> = Vec::with_capacity(entries.len());
    for entry in entries {
        let value = read(entry, &values)?;
        values.push(value);
    }
    let places = places.items().ok_or(Broken("the values have no places"))?;
    places.map(|place| entry(&place, &values)).collect()
}

fn read(packed: &Data, before: &[Data]) -> Result<Data, Broken> {
    if let Some(items) = packed.items() {
        return items.map(|item| read(&item, before)).collect::<Result<Vec<_>, _>>().map(Data::array);
    }
    let Some(members) = packed.entries() else { return Ok(packed.clone()) };
    match sign(packed) {
        None => members.map(|(key, member)| Ok((key, read(&member, before)?))).collect::<Result<Vec<_>, _>>().map(Data::object),
        Some(sign) => match sign.kind() {
            "number" => entry(&sign, before),
            "string" => Data::parse(sign.as_str().unwrap_or_default().as_bytes()).map_err(|_| Broken("a number is none")),
            "array" if sign.len() == 1 => Ok(Data::object([(SIGN, read(&sign.item(0).unwrap_or_default(), before)?)])),
            _ => Err(Broken("a sign means nothing")),
        },
    }
}

fn entry(place: &Data, before: &[Data]) -> Result<Data, Broken> {
    let at = place.as_i64().and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| before.get(at)).cloned().ok_or(Broken("a value is missing"))
}

/// What stands in an object with the one member `$`.
fn sign(value: &Data) -> Option<Data> {
    if value.is_object() && value.len() == 1 { value.get(SIGN) } else { None }
}

/// All different parts of some values. What a part is made of stands before it.
#[derive(Default)]
struct Parts {
    nodes: Vec<Node>,
    /// By text, in which parts are numbers: as long as what stands in the part itself.
    known: BTreeMap<String, usize>,
}

struct Node {
    value: Data,
    /// In the order of the items or members.
    children: Vec<Option<usize>>,
    bytes: usize,
    uses: u32,
    shared: bool,
    /// Nesting down to parts that are entries.
    depth: u32,
    entry: Option<usize>,
}

impl Parts {
    /// The number of a value, which counts as used once more where it is new to its holder.
    fn add(&mut self, value: &Data) -> usize {
        let mut text = String::new();
        let mut children = Vec::new();
        if let Some(items) = value.items() {
            text.push('[');
            items.for_each(|item| self.child(&item, &mut text, &mut children));
        } else if let Some(members) = value.entries() {
            text.push('{');
            for (key, member) in members {
                text.push_str(&Data::from(key).to_string());
                self.child(&member, &mut text, &mut children);
            }
        } else {
            text = value.to_string();
        }
        if let Some(&known) = self.known.get(&text) {
            return known;
        }
        let bytes = text.len() + children.iter().flatten().map(|child| self.nodes[*child].bytes).sum::<usize>();
        for child in children.iter().flatten() {
            let child = &mut self.nodes[*child];
            child.uses += 1;
            child.shared |= child.uses > 1 && child.bytes >= SHARED_MIN_BYTES;
        }
        let at = self.nodes.len();
        self.nodes.push(Node { value: value.clone(), children, bytes, uses: 0, shared: false, depth: 0, entry: None });
        self.known.insert(text, at);
        at
    }

    /// Small scalars are no parts.
    fn child(&mut self, value: &Data, text: &mut String, children: &mut Vec<Option<usize>>) {
        let scalar = (!value.is_array() && !value.is_object()).then(|| value.to_string());
        match scalar {
            Some(scalar) if scalar.len() < SHARED_MIN_BYTES => {
                text.push_str(&scalar);
                children.push(None);
            }
            _ => {
                let child = self.add(value);
                text.push('#');
                text.push_str(&child.to_string());
                children.push(Some(child));
            }
        }
        text.push(',');
    }

    /// Notes how deep a part nests that is no entry, and makes it one when that is too deep.
    fn settle_depth(&mut self, at: usize, table: &mut Vec<Data>) {
        let below = self.nodes[at].children.iter().flatten().map(|child| &self.nodes[*child]);
        let depth = 1 + below.map(|child| if child.entry.is_some() { 1 } else { child.depth }).max().unwrap_or(0);
        self.nodes[at].depth = depth;
        if depth > DEPTH_MAX {
            self.nodes[at].entry = Some(table.len());
            let entry = self.write(at);
            table.push(entry);
        }
    }

    fn write(&self, at: usize) -> Data {
        let node = &self.nodes[at];
        let value = &node.value;
        let mut children = node.children.iter();
        let mut child = |value: &Data| match children.next().copied().flatten() {
            None => scalar(value),
            Some(child) => match self.nodes[child].entry {
                Some(entry) => signed(i64::try_from(entry).map_or_else(|_| Data::null(), Data::from)),
                None => self.write(child),
            },
        };
        if let Some(items) = value.items() {
            Data::array(items.map(|item| child(&item)).collect::<Vec<_>>())
        } else if let Some(members) = value.entries() {
            let members: Vec<_> = members.map(|(key, member)| (key, child(&member))).collect();
            if let [(key, member)] = members.as_slice()
                && key == SIGN
            {
                return signed(Data::array([member.clone()]));
            }
            Data::object(members)
        } else {
            scalar(value)
        }
    }
}

fn signed(what: Data) -> Data {
    Data::object([(SIGN, what)])
}

/// Numbers that serde would write otherwise than they are written become text.
fn scalar(value: &Data) -> Data {
    if value.kind() != "number" {
        return value.clone();
    }
    let text = value.to_string();
    let exact = serde_json::from_str::<serde_json::Number>(&text).is_ok_and(|number| number.to_string() == text);
    if exact { value.clone() } else { signed(Data::from(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Data {
        Data::parse(text.as_bytes()).expect("JSON")
    }

    /// Through the table and through JSON text.
    fn round(values: &[Data]) -> (Vec<String>, usize) {
        let text = serde_json::to_string(&pack(values)).expect("JSON");
        let table: Vec<Data> = serde_json::from_str(&text).expect("a table");
        (unpack(&table).expect("values").iter().map(Data::to_string).collect(), text.len())
    }

    #[test]
    fn values_come_back_as_they_were_written() {
        let deep = format!("{}1{}", "[".repeat(120), "]".repeat(120));
        let texts = [
            "null",
            "1",
            "1.0",
            "1.10",
            "-0.5",
            "9223372036854775807",
            r#""${ .x }""#,
            r#"{"$":1}"#,
            r#"{"$":{"$":"x"}}"#,
            r#"{"$":[1],"b":2}"#,
            r#"{"b":1,"a":[{},[],""]}"#,
            r#"[{"long enough to be shared":1},{"long enough to be shared":1},{"long enough to be shared":1.0}]"#,
            &deep,
        ];
        let values: Vec<Data> = texts.iter().map(|text| json(text)).collect();
        let written: Vec<String> = values.iter().map(Data::to_string).collect();
        assert_eq!(round(&values).0, written);
        assert_eq!(round(&[]).0, Vec::<String>::new());
    }

    #[test]
    fn equal_parts_are_written_once() {
        let items = format!("[{}]", vec![r#"{"name":"somebody with a name","of":"some length"}"#; 100].join(","));
        let input = json(&format!(r#"{{"items":{items},"other":1}}"#));
        let (written, bytes) = round(&[input.clone(), input.clone(), input.get("items").unwrap(), json(&items)]);
        assert_eq!(written[2], written[3]);
        assert!(bytes < 1_200, "{bytes} bytes: one item, 100 signs, one list, four places");
    }

    #[test]
    fn a_table_that_was_changed_is_refused() {
        for table in [
            r"[]",
            r"[1]",
            r"[[0]]",
            r#"[{"$":0},[0]]"#,
            r#"[1,{"$":5},[1]]"#,
            r#"[{"$":"x"},[0]]"#,
            r#"[{"$":[]},[0]]"#,
            r#"[{"$":null},[0]]"#,
            r"[1,[-1]]",
        ] {
            let table: Vec<Data> = serde_json::from_str(table).expect("JSON");
            assert!(unpack(&table).is_err(), "{table:?}");
        }
    }
}
