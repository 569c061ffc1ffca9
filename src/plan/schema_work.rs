//! How much work a schema may make.
//!
//! Validation follows every alternative, so a few lines can ask for more steps than there are atoms: `allOf` of two that are each `allOf` of two …,
//! or a schema that comes back to itself by two ways for each level of the data. The bound is found when the schema is compiled: how often, at
//! most, one place of the data is looked at, by the depth of that place.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Steps that finding the bound may take.
const STEPS_MAX: usize = 50_000;
/// Deepest data there is.
const DEPTH_MAX: usize = 128;
/// Subschemas that one validation looks at, at most: about a second.
const WORK_MAX: u64 = 10_000_000;
/// Counts stop growing here.
const MANY: i128 = 1 << 60;

/// How often a place of the data is looked at, at most, by depth.
#[derive(Clone, Debug)]
pub struct Work(Vec<u64>);

/// Which parts of a value a subschema is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'s> {
    Member(&'s str),
    AnyMember,
    Name,
    Item(usize),
    AnyItem,
}

/// A subschema, by its address: no two have the same.
type Id = *const Value;
/// Which subschemas a part is held against, and how often.
type Parts<'s> = BTreeMap<Part<'s>, BTreeMap<Id, i128>>;

/// What is looked at in one place of the data: how many subschemas there, and which in its parts.
struct Place<'s> {
    own: i128,
    parts: Parts<'s>,
}

impl Work {
    /// `None`: the schema asks for too much whatever the data, or for itself in the same place.
    pub fn of(schema: &Value) -> Option<Self> {
        let mut anchors = BTreeMap::new();
        collect_anchors(schema, &mut anchors);
        let mut places: BTreeMap<Id, Place<'_>> = BTreeMap::new();
        let (mut open, mut steps) = (vec![schema], 0);
        while let Some(begin) = open.pop() {
            if places.contains_key(&std::ptr::from_ref(begin)) {
                continue;
            }
            let mut place = Place { own: 0, parts: Parts::new() };
            let mut here = vec![begin];
            while let Some(subschema) = here.pop() {
                place.own += 1;
                let Some(members) = subschema.as_object() else { continue };
                let begun = (here.len(), open.len());
                same_place(members, schema, &anchors, &mut here);
                parts(members, &mut |part, target, count| {
                    *place.parts.entry(part).or_default().entry(std::ptr::from_ref(target)).or_default() += count;
                    open.push(target);
                });
                steps += 1 + here.len() - begun.0 + open.len() - begun.1;
                if steps > STEPS_MAX {
                    return None;
                }
            }
            places.insert(std::ptr::from_ref(begin), place);
        }
        Some(Self::by_depth(&places, std::ptr::from_ref(schema)))
    }

    fn by_depth(places: &BTreeMap<Id, Place<'_>>, root: Id) -> Self {
        let mut counts: BTreeMap<Id, i128> = places.iter().map(|(id, place)| (*id, place.own)).collect();
        let mut work = Vec::with_capacity(DEPTH_MAX + 1);
        let mut most = 0;
        for _ in 0..=DEPTH_MAX {
            most = most.max(counts.get(&root).copied().unwrap_or_default());
            work.push(u64::try_from(most).unwrap_or(u64::MAX));
            counts = places.iter().map(|(id, place)| (*id, place.most(&counts))).collect();
        }
        Self(work)
    }

    /// Whether data of this depth and with so many values can be validated in bounded time.
    pub fn allows(&self, depth: usize, values: usize) -> bool {
        let often = self.0.get(depth).or(self.0.last()).copied().unwrap_or(u64::MAX);
        often.saturating_mul(values as u64) <= WORK_MAX
    }
}

impl Place<'_> {
    /// The most that one of its parts is looked at.
    fn most(&self, counts: &BTreeMap<Id, i128>) -> i128 {
        let sum = |part: &Part<'_>| -> i128 {
            let targets = self.parts.get(part).into_iter().flatten();
            targets.map(|(id, often)| often.saturating_mul(counts.get(id).copied().unwrap_or_default())).fold(0, i128::saturating_add)
        };
        let (member, item) = (sum(&Part::AnyMember), sum(&Part::AnyItem));
        let one = self.parts.keys().map(|part| match part {
            Part::Member(_) => sum(part).saturating_add(member),
            Part::Item(_) => sum(part).saturating_add(item),
            Part::AnyMember | Part::AnyItem | Part::Name => sum(part),
        });
        one.max().unwrap_or(0).min(MANY)
    }
}

/// Subschemas for the same place.
fn same_place<'s>(members: &'s Map<String, Value>, root: &'s Value, anchors: &BTreeMap<&'s str, &'s Value>, here: &mut Vec<&'s Value>) {
    for (keyword, value) in members {
        match (keyword.as_str(), value) {
            ("allOf" | "anyOf" | "oneOf", Value::Array(all)) => here.extend(all),
            ("not" | "if" | "then" | "else", value) => here.push(value),
            ("dependentSchemas" | "dependencies", Value::Object(all)) => here.extend(all.values().filter(|value| !value.is_array())),
            ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(target)) => {
                let pointed = target.strip_prefix('#').and_then(|pointer| root.pointer(&unescaped(pointer)));
                // What stands outside is one of the standard's own schemas, which are known to be harmless, or does not compile.
                here.extend(pointed.or_else(|| anchors.get(target.trim_start_matches('#')).copied()));
            }
            _ => {}
        }
    }
}

/// Subschemas for the parts of the place, and how often each is used.
fn parts<'s>(members: &'s Map<String, Value>, found: &mut dyn FnMut(Part<'s>, &'s Value, i128)) {
    let object = |key: &str| members.get(key).and_then(Value::as_object);
    let properties = || object("properties").into_iter().flatten();
    for (name, schema) in properties() {
        found(Part::Member(name), schema, 1);
    }
    for schema in object("patternProperties").into_iter().flat_map(Map::values) {
        found(Part::AnyMember, schema, 1);
    }
    if let Some(others) = members.get("additionalProperties") {
        found(Part::AnyMember, others, 1);
        properties().for_each(|(name, _)| found(Part::Member(name), others, -1));
    }
    let first = members.get("prefixItems").or_else(|| members.get("items").filter(|items| items.is_array())).and_then(Value::as_array);
    for (at, schema) in first.into_iter().flatten().enumerate() {
        found(Part::Item(at), schema, 1);
    }
    for rest in [members.get("items").filter(|items| !items.is_array()), members.get("additionalItems")].into_iter().flatten() {
        found(Part::AnyItem, rest, 1);
        (0..first.map_or(0, Vec::len)).for_each(|at| found(Part::Item(at), rest, -1));
    }
    for (key, part) in [("contains", Part::AnyItem), ("unevaluatedItems", Part::AnyItem), ("unevaluatedProperties", Part::AnyMember)] {
        if let Some(schema) = members.get(key) {
            found(part, schema, 1);
        }
    }
    if let Some(names) = members.get("propertyNames") {
        found(Part::Name, names, 1);
    }
}

/// Names that a reference may use in the place of a pointer.
fn collect_anchors<'s>(value: &'s Value, anchors: &mut BTreeMap<&'s str, &'s Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_anchors(item, anchors)),
        Value::Object(members) => {
            for key in ["$anchor", "$dynamicAnchor", "$id", "id"] {
                if let Some(name) = members.get(key).and_then(Value::as_str) {
                    anchors.insert(name.trim_start_matches('#'), value);
                }
            }
            members.values().for_each(|value| collect_anchors(value, anchors));
        }
        _ => {}
    }
}

/// A pointer in a URI fragment, without its percent signs.
fn unescaped(pointer: &str) -> String {
    let mut parts = pointer.split('%');
    let mut bytes: Vec<u8> = parts.next().unwrap_or_default().into();
    for part in parts {
        match part.split_at_checked(2).and_then(|(digits, rest)| Some((u8::from_str_radix(digits, 16).ok()?, rest))) {
            Some((byte, rest)) => bytes.extend(std::iter::once(byte).chain(rest.bytes())),
            None => bytes.extend(std::iter::once(b'%').chain(part.bytes())),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// How often a place is looked at, by depth.
    fn often(schema: &Value) -> Option<Vec<u64>> {
        Work::of(schema).map(|work| work.0[..5].to_vec())
    }

    #[test]
    fn what_grows_and_what_does_not() {
        let node = |of: Value| json!({"$defs": {"node": of}, "$ref": "#/$defs/node"});
        let again = json!({"$ref": "#/$defs/node"});
        for (schema, expected) in [
            (json!(true), vec![1, 1, 1, 1, 1]),
            (json!({"properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}), vec![1; 5]),
            (json!({"allOf": [{"anyOf": [{}, {}]}, {"not": {}}]}), vec![6; 5]),
            // A tree of two branches: each has its own name.
            (node(json!({"properties": {"left": again, "right": again}})), vec![2; 5]),
            (node(json!({"properties": {"a": again}, "additionalProperties": again})), vec![2; 5]),
            (node(json!({"prefixItems": [again], "items": again})), vec![2; 5]),
            // The same part by two ways.
            (json!({"anyOf": [{"properties": {"x": {"$ref": "#"}}}, {"properties": {"x": {"$ref": "#"}}}]}), vec![3, 8, 16, 32, 64]),
            (json!({"items": {"$ref": "#"}, "contains": {"$ref": "#"}}), vec![1, 4, 8, 16, 32]),
            (json!({"$anchor": "a", "items": {"$ref": "#a"}, "unevaluatedItems": {"$dynamicRef": "#a"}}), vec![1, 4, 8, 16, 32]),
            (json!({"$defs": {"a b": {"allOf": [{}, {}]}}, "$ref": "#/$defs/a%20b"}), vec![4; 5]),
        ] {
            assert_eq!(often(&schema), Some(expected), "{schema}");
        }
        let mut doubled: Map<String, Value> = Map::new();
        for at in 0..40 {
            let next = json!({"$ref": format!("#/$defs/{}", at + 1)});
            doubled.insert(at.to_string(), json!({"allOf": [next, next]}));
        }
        doubled.insert("40".to_owned(), json!({}));
        for schema in [json!({"$ref": "#"}), json!({"not": {"$ref": "#"}}), json!({"$defs": doubled, "$ref": "#/$defs/0"})] {
            assert_eq!(often(&schema), None, "{schema}");
        }
    }

    #[test]
    fn deep_data_is_refused_where_work_doubles() {
        let work = Work::of(&json!({"anyOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]})).expect("bounded");
        assert!(work.allows(10, 100) && !work.allows(30, 100) && !work.allows(usize::MAX, 1));
        assert!(Work::of(&json!({"items": {"$ref": "#"}})).is_some_and(|work| work.allows(128, 100_000)));
    }
}
