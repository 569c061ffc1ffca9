//! What hostile or unlucky programs and data come to: an error, and the process goes on.

use serde_json::{Value, json};

use super::*;

/// In a thread with the stack that tokio gives its workers.
fn run(source: &str, value: Value) -> Result<Value, String> {
    let source = source.to_owned();
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let work = move || {
        let program = compile(&source, &[]).map_err(|error| error.to_string())?;
        eval(&program, &Data::from(value), &(), &Fuel::new(300_000)).map(|data| data.to_json()).map_err(|error| error.to_string())
    };
    thread.spawn(work).unwrap().join().unwrap()
}

#[test]
fn what_grows_without_end_ends_in_an_error() {
    let growing = [
        r#""x" * 1000000000"#,
        r#""x" * 9223372036854775807"#,
        r#"reduce range(60) as $i ("x"; . + .)"#,
        r#"reduce range(60) as $i ("x"; "\(.)\(.)")"#,
        r#"reduce range(60) as $i (["x"]; . + .)"#,
        r#"reduce range(60) as $i ("x"; [., .] | join(""))"#,
        "[range(30)] | [combinations(6)] | length",
        "[range(1000)] as $a | [$a[] | $a[] | $a[]] | length",
        "[(1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, 2)
            | (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, 2)] | length",
    ];
    for source in growing {
        assert!(run(source, json!(null)).unwrap_err().contains("used up its fuel"), "{source}");
    }
    assert!(run("reduce range(40) as $i (10; . * .) | . > 1", json!(null)).unwrap_err().contains("too large"));
}

/// What looks at all of its input.
const WALKS: &[&str] = &[
    "tojson",
    "tostring",
    ".",
    ". == .",
    "sort",
    "contains([1])",
    "[.] - [.]",
    "try (. - 1) catch length",
    "flatten",
    ". as $x | {} | .[{a: $x}]",
    "[.[] == .[]]",
    "{a: .} | {a: 1} * .",
    "[..]",
    "[paths]",
    "[leaf_paths]",
    "walk(.)",
    "group_by(.)",
    "unique",
    r#""\(.)""#,
    "[.] | index(.)",
    "indices(.)",
    "@json",
    "@text",
    "@sh",
    "[.] | @html",
    "ascii_downcase? // tojson",
    "[splits(\"a\")]? // tojson",
    ". as $x | [1] | inside($x)",
    "to_entries | tojson",
    "[limit(10; ..)]",
    "bsearch(.)",
    "min_by(.)",
    ". as $x | {(\"a\"): $x} | has($x)",
    "tobytes",
    "error(.)",
    "[.] | implode? // tojson",
    "add | tojson",
    "flatten(100)",
    "(.. | select(type == \"number\")) |= 2",
    "transpose | tojson",
    ". < [.]",
    "[.] | sort_by(.)",
    "env",
];

/// What cannot use its input, and says so.
const QUOTES: &[&str] = &[
    ".a",
    ".[\"a\"]",
    "-.",
    ". - 1",
    "{} + .",
    "1 % .",
    "ascii_downcase",
    ".[1:] = 1",
    "test(\"a\")",
    "first | .a",
    "@base64d",
    "tonumber?, .a",
    "fromjson",
    "ltrimstr(.)",
    "error(.[0]) | 1",
    "map_values(.a)",
    "to_entries[0].key.a",
    "(.a |= 1)",
    "sort_by(.a)",
    "path(1)",
    "limit(.; 1)",
    "range(.)",
];

#[test]
fn what_is_small_only_by_sharing_is_never_walked_to_its_end() {
    for walk in WALKS {
        let source = format!("reduce range(60) as $i (1; [., .]) | {walk}");
        let result = run(&source, json!(null));
        assert!(result.is_err(), "{walk}: {result:?}");
    }
}

#[test]
fn errors_quote_no_more_than_the_beginning() {
    // What fails quotes the value; whoever catches that gets the beginning.
    for quotes in QUOTES {
        let source =
            format!("reduce range(60) as $i (1; [., .]) | try ({quotes}) catch (if type == \"string\" then length < 1000 else true end)");
        let result = run(&source, json!(null));
        assert!(result == Ok(json!(true)) || result.is_err(), "{quotes}: {result:?}");
    }
    assert!(run("reduce range(60) as $i (1; [., .]) | error", json!(null)).unwrap_err().ends_with('…'));
}

#[test]
fn what_nests_too_deep_is_an_error() {
    let text = Value::String("[".repeat(200_000));
    assert!(run("fromjson", text.clone()).unwrap_err().contains("nests deeper"));
    assert!(run("tonumber", text).unwrap_err().contains("nests deeper"));
    assert!(run("reduce range(250) as $i (1; [.])", json!(null)).unwrap_err().contains("nests deeper"));
    assert!(run("reduce range(250) as $i (1; [.]) | tojson", json!(null)).unwrap_err().contains("nests deeper"));
    // Deep values are dropped, and updates recurse, on a stack that holds them.
    assert_eq!(run("reduce range(50000) as $i (1; [.]) | length", json!(null)), Ok(json!(1)));
    for source in ["(recurse(.; true)) |= .", "until(false; .) |= 1", "repeat(.) |= 1", "last(recurse([.]))"] {
        assert!(run(source, json!(null)).unwrap_err().contains("used up its fuel"), "{source}");
    }
}

#[test]
fn long_flat_programs_run() {
    for (part, last) in [("1 + ", "1"), (". | ", "."), (".a // ", "1"), ("- ", "1"), ("try ", "1"), (". as $x | ", "1")] {
        let source = part.repeat(400) + last;
        assert!(run(&source, json!({})).is_ok(), "{part}");
    }
    let commas = ", - / | ".repeat(1000);
    assert_eq!(run(&format!("\"{commas}\""), json!(null)), Ok(json!(commas)));
    assert!(run(&"1 + ".repeat(5000), json!(null)).unwrap_err().contains("operators"));
}

#[test]
fn ordinary_loops_over_much_data_stay_linear() {
    let many = json!((0..20_000).collect::<Vec<i32>>());
    for (source, length) in [
        (r#"reduce .[] as $i (""; . + "line \($i)\n") | length"#, 208_890),
        ("reduce .[] as $i ([]; . + [$i]) | length", 20_000),
        (r#"reduce .[] as $i ({}; .["k\($i)"] = $i) | length"#, 20_000),
        (r#"map(tostring) | join(",") | length"#, 108_889),
        ("map(. + 1) | add", 200_010_000),
    ] {
        assert_eq!(run(source, many.clone()), Ok(json!(length)), "{source}");
    }
}

#[test]
fn what_jq_cannot_calculate_is_an_error_not_a_panic() {
    // Whether it panics depends on the build; that the process goes on does not.
    assert!(run("[-9223372036854775808] | implode", json!(null)).is_err());
    assert!(Data::parse(b"1e400").is_err());
    assert!(run("1e400", json!(null)).unwrap_err().contains("beyond"));
}

#[test]
fn walk_goes_from_the_leaves_to_the_root() {
    assert_eq!(run(r#"walk(if type == "array" then add else . end)"#, json!([[1]])), Ok(json!(1)));
}

#[test]
fn offsets_are_those_of_the_name_that_is_wrong() {
    let error = compile(r#""$nobody" + $nobody"#, &[]).unwrap_err();
    assert_eq!(error.offset, Some(12));
    assert_eq!(compile(".now | now", &[]).unwrap_err().offset, Some(7));
}
