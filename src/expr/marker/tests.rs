use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::expr::{Fuel, compile, eval};

fn run(source: &str, value: Value) -> Result<Value, String> {
    let program = compile(source, &[]).map_err(|error| error.to_string())?;
    eval(&program, &Data::from(value), &(), &Fuel::new(300_000)).map(|data| data.to_json()).map_err(|error| error.to_string())
}

fn markers() -> Markers {
    Markers::new("run1")
}

#[test]
fn markers_survive_what_expressions_do_with_text() {
    let mark = markers().mark("TOKEN");
    for source in [
        "\"Bearer \" + .",
        "\"Bearer \\(.)\"",
        "[\"Bearer\", .] | join(\" \")",
        "{a: .} | .a | tostring | \"Bearer \" + .",
        "tojson | fromjson | \"Bearer \" + .",
    ] {
        let text = Data::from(run(source, json!(mark)).unwrap());
        let value = markers().swap_in(&text, &|name| (name == "TOKEN").then(|| "s3cret".to_owned())).unwrap();
        assert_eq!(value.as_str(), Some("Bearer s3cret"), "{source}");
    }
}

#[test]
fn markers_name_their_secrets_and_nothing_else() {
    let data = Data::from(json!({"a": format!("{}-{}", markers().mark("A"), markers().mark("B")), "b": Markers::new("other").mark("C")}));
    assert_eq!(markers().names_in(&data).into_iter().collect::<Vec<_>>(), ["A", "B"]);
    let swapped = markers().swap_in(&data, &|name| Some(name.to_lowercase())).unwrap();
    assert_eq!(swapped.get("a").unwrap().as_str(), Some("a-b"));
    assert_eq!(swapped.get("b"), data.get("b"));
    assert_eq!(markers().swap_in(&data, &|_| None).unwrap_err().name, "A");
}

/// What the effect gets to see, where the user is `ad"min` and the password `p'<w>d`.
fn sent(source: &str) -> Result<String, String> {
    let secrets = json!({"u": markers().mark("u"), "p": markers().mark("p"), "plain": "a\"b"});
    let made = Data::from(run(source, secrets)?);
    let value = |name: &str| Some(if name == "u" { "ad\"min" } else { "p'<w>d" }.to_owned());
    Ok(markers().swap_in(&made, &value).map_err(|missing| missing.to_string())?.as_str().unwrap_or_default().to_owned())
}

/// The same without markers.
fn known(source: &str) -> String {
    run(source, json!({"u": "ad\"min", "p": "p'<w>d", "plain": "a\"b"})).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn operations_wait_for_the_value_and_give_what_jq_gives() {
    for source in [
        r#""Basic " + ("\(.u):\(.p)" | @base64)"#,
        r#"@base64 "x\(.u):\(.p)""#,
        r#""\(.u):\(.p)" | @base64 | @base64"#,
        r#""\(.u):\(.p)" | @base64 | @base64d"#,
        ".p | @uri",
        r#"@uri "https://example.com/?q=\(.p)&r=\(.plain)""#,
        ".u | @base64 | @uri",
        r#""<\(.p)>\(.plain)" | @html"#,
        "[.u, .p, 1] | @sh",
        ".p | @sh",
        ".u | tojson",
        "@json",
        "tojson",
        r#""\({a: [.u, .plain]})""#,
        r#"{(.plain): "\(.u)\"x"} | tostring"#,
        r"{a: .u} | tojson | {b: .} | tojson",
        r#"{a: "x\"\(.u)"} | tojson | fromjson | .a"#,
        r"{a: (.u | @base64)} | tojson | fromjson | .a",
        r#"[.u, .p] | join("-")"#,
        r".u * 2",
        r"[.u, .p] | add",
        r"{a: {b: .u}} | .a.b",
        r#"[.[] | select(type == "string")] | first"#,
        r"{a: 1, b: .u} | to_entries | map(.value) | last",
        r"[{k: 2, v: .u}, {k: 1, v: .p}] | sort_by(.k) | .[0].v",
        r"[{k: 2, v: .u}, {k: 1, v: .p}] | group_by(.k) | .[1][0].v",
        r"[{k: 2, v: .u}, {k: 1, v: .p}] | min_by(.k).v",
        r#"if .u then .u else "" end"#,
        ".u // .p",
        "if .u == .u then .p else .u end",
        "if .u == null or .u == 1 or . == {} then .p else .u end",
        "try error(.u) catch .",
        ".u |= \"Bearer \" + . | .u",
        "reduce (.u, .p) as $x (\"\"; . + $x)",
        "[limit(1; .u)] | .[0:1] | .[0]",
    ] {
        assert_eq!(sent(source).unwrap_or_else(|error| panic!("{source}: {error}")), known(source), "{source}");
    }
}

#[test]
fn nothing_looks_inside() {
    for source in [
        ".u | length",
        ".u | utf8bytelength",
        ".u | test(\"a\")",
        ". as $s | \"x\" | test($s.u)",
        ".u == \"admin\"",
        ".u == .p",
        ".u < .p",
        "[.u] == [\"a\"]",
        "{a: .u} != {a: \"x\"}",
        ".u[0:3]",
        ".u[:-1]",
        "{a: .u} | .a[1:]",
        ".u | split(\",\")",
        ".u / \",\"",
        ".u | explode",
        ".u | ltrimstr(\"a\")",
        ". as $s | \"abc\" | ltrimstr($s.u)",
        ".u | startswith(\"a\")",
        ".u | gsub(\"a\"; \"b\")",
        ".u | contains(\"a\")",
        "[.u] | contains([\"a\"])",
        ".u | index(\"a\")",
        "[.u] | index(\"a\")",
        ".u | tonumber",
        ".u | fromjson",
        "\"{\\\"a\\\": \\\"\\(.u)\\\"}\" | fromjson",
        ".u | ascii_downcase",
        ".u | @base64d",
        ".u | @urid",
        ".u | @htmld",
        ".u | trim",
        ".u | tobytes",
        ".u | strptime(\"%Y\")",
        ". as $s | 0 | strftime($s.u)",
        "[.u, .p] | sort",
        "[.u, .p] | unique",
        "[.u, .p] | min",
        "[.u, .p] | group_by(.)",
        "[.u] - [.p]",
        "{(.u): 1}",
        "{\"\\(.u)\"}",
        ". as $s | {a: 1} | .[$s.u]",
        ". as $s | {a: 1} | has($s.u)",
        ". as {(.u): $x} | 1",
        "(.u | @base64)[0:2]",
        "reduce range(20) as $i (.u; @base64)",
    ] {
        let result = sent(source);
        let refused = result.as_ref().is_err_and(|error| error.contains("look inside a secret") || error.contains("nest too deep"));
        assert!(refused, "{source}: {result:?}");
    }
}

#[test]
fn brackets_from_outside_are_text() {
    let ours = markers().mark("A");
    let forged = [
        "\u{F0001}",
        "\u{F0002}",
        "\u{F0001}\u{F0001}\u{F0002}",
        "\u{F0001}secret:other:A\u{F0002}",
        "\u{F0001}base64:run1:",
        "\u{F0001}base64::x\u{F0002}",
        "\u{F0001}base64:other:x\u{F0002}",
        "\u{F0001}nothing:run1:x\u{F0002}",
    ];
    let fill = |text: &str| markers().swap_in_text(text, &|_| Some("v".to_owned())).unwrap();
    for text in forged {
        assert_eq!(fill(text), text);
        assert_eq!(fill(&format!("{text}{ours}")).replacen(text, "", 1), "v");
        let together = Operation::Base64.defer(&format!("{text}{ours}")).unwrap();
        assert_eq!(fill(&together), Operation::Base64.apply(&format!("{text}v")), "{text}");
        assert_eq!(markers().names_in_text(&together), BTreeSet::from(["A".to_owned()]));
    }
    // Nothing is quadratic in what somebody sends.
    let many = "\u{F0001}secret:".repeat(100_000);
    assert_eq!(fill(&many), many);
    let deep = "\u{F0001}base64:run1:".repeat(50_000) + &"\u{F0002}".repeat(50_000);
    assert!(markers().names_in_text(&deep).is_empty());
    assert!(Operation::Base64.defer(&deep).is_err());
}

#[test]
fn names_of_any_kind_are_found_again() {
    for name in ["A", "a b", "x\"y", "é:%", "a,b"] {
        let text = format!("<{}>", markers().mark(name));
        assert_eq!(markers().names_in_text(&text), BTreeSet::from([name.to_owned()]));
        assert_eq!(markers().swap_in_text(&text, &|asked| (asked == name).then(|| "v".to_owned())).unwrap(), "<v>");
    }
    let nested = base64(&Data::string(format!("x:{}", base64(&Data::string(markers().mark("A"))).unwrap().as_str().unwrap()))).unwrap();
    assert_eq!(markers().deferred_in(nested.as_str().unwrap()).len(), 2);
    assert_eq!(base64(&Data::from("plain")).unwrap().as_str(), Some("cGxhaW4="));
    assert_eq!(markers().swap_in(&nested, &|_| None).unwrap_err().name, "A");
}
