//! One line a case.

use serde_json::{Value, json};

use super::*;

const VARIABLES: [(&str, usize); 3] = [("context", 0), ("input", 1), ("item", 10)];

struct Vars;

impl Variables for Vars {
    fn get(&self, index: usize) -> Data {
        Data::from(json!({"index": index}))
    }
}

fn run(source: &str, value: Value) -> Result<Value, String> {
    let program = compile(source, &VARIABLES).map_err(|e| e.to_string())?;
    eval(&program, &Data::from(value), &Vars, &Fuel::new(100_000)).map(|data| data.to_json()).map_err(|e| e.to_string())
}

macro_rules! yields {
    ($($name:ident: $source:expr, $value:tt => $expected:tt;)*) => {
        $(#[test] fn $name() { assert_eq!(run($source, json!($value)), Ok(json!($expected))); })*
    };
}

macro_rules! fails {
    ($($name:ident: $source:expr => $text:expr;)*) => {
        $(#[test] fn $name() {
            let error = run($source, json!(null)).unwrap_err();
            assert!(error.contains($text), "{error}");
        })*
    };
}

yields! {
    identity: ".", {"a": 1} => {"a": 1};
    path: ".a.b", {"a": {"b": 2}} => 2;
    variable: "$item.index", null => 10;
    two_variables: "[$input.index, $context.index]", null => [1, 0];
    alternative: ".missing // \"x\"", {} => "x";
    interpolation: "\"a \\(.b) c\"", {"b": 1} => "a 1 c";
    addition: ".a + 1", {"a": 2} => 3;
    order_is_kept: "{z: 1, a: 2} | keys_unsorted", null => ["z", "a"];
    reduce: "reduce .[] as $x (0; . + $x)", [1, 2, 3] => 6;
    foreach: "[foreach .[] as $x (0; . + $x)]", [1, 2, 3] => [1, 3, 6];
    ranges: "[range(3)] + [range(1; 3)]", null => [0, 1, 2, 1, 2];
    recursion: "[.. | numbers]", {"a": [1, {"b": 2}]} => [1, 2];
    definition: "def f: . + 1; f | f", 1 => 3;
    paths: "[paths]", {"a": [1]} => [["a"], ["a", 0]];
    update_through_definitions: "map_values(. + 1)", {"a": 1} => {"a": 2};
    update_recursively: "(.. | numbers) |= . + 1", {"a": [1]} => {"a": [2]};
    deletion: "del(.a)", {"a": 1, "b": 2} => {"b": 2};
    entries: "with_entries(.value += 1)", {"a": 1} => {"a": 2};
    shorthand_object: "$item as $x | {$x}", null => {"x": {"index": 10}};
    destructuring: ". as {a: $b} | $b", {"a": 5} => 5;
    try_catches: "try error(\"x\") catch .", null => "x";
    labels: "label $out | 1, break $out", null => 1;
    big_integers: ".", 9_007_199_254_740_993_i64 => 9_007_199_254_740_993_i64;
    dates_from_data: "0 | todate", null => "1970-01-01T00:00:00Z";
    regular_expressions: "test(\"^a+$\")", "aaa" => true;
    results_are_data: ".", "${ halt }" => "${ halt }";
    text_functions: "ascii_upcase | split(\"B\") | join(\"-\")", "abc" => "A-C";
}

fails! {
    no_output: "empty" => "no result";
    two_outputs: "1, 2" => "more than one result";
    infinity: "1 / 0" => "infinite";
    not_a_number: "[0 / 0]" => "NaN";
    strange_key: "{(1 | tostring): 1} | with_entries(.key = 1)" => "not a string";
    unknown_variable: "$nobody" => "unknown variable `$nobody`";
    unknown_function: "lenght" => "unknown function `lenght/0`";
    syntax: ".a +" => "expected";
    halt: "halt" => "not available";
    halt_with_code: "halt_error(1)" => "not available";
    clock: "now" => "not available";
    environment: "env" => "not available";
    environment_variable: "$ENV" => "unknown variable";
    printing: "debug" => "not available";
    local_time: "0 | localtime" => "not available";
    modules: "include \"a\"; ." => "expected";
    index: "\"a\" | .b" => "index";
}

#[test]
fn what_never_ends_ends_in_an_error() {
    let endless = [
        "until(false; .)",
        "last(range(1000000000000))",
        "[recurse(.; true)] | length",
        "[limit(100000000; repeat(\"x\"))] | length",
        "reduce range(1000000000000) as $i (0; . + $i)",
        "[foreach range(1000000000000) as $i (0; . + $i)] | length",
        "first(range(1000000000000) | select(. < 0))",
        "[range(infinite)] | length",
    ];
    for source in endless {
        let error = run(source, json!(null)).unwrap_err();
        assert!(error.contains("used up its fuel"), "{source}: {error}");
    }
}

#[test]
fn definitions_that_call_themselves_are_refused() {
    for source in
        ["def f: f; f", "def f: 1 + f; f", "def f: def g: f; g; f", "def f(x): {a: f(x)}; f(1)", "def f: try error(\"x\") catch f; f"]
    {
        let error = run(source, json!(null)).unwrap_err();
        assert!(error.contains("`f` calls itself"), "{source}: {error}");
    }
    assert_eq!(run("def f: 1; def g: f + f; g", json!(null)), Ok(json!(2)));
}

#[test]
fn functions_of_jq_that_jaq_lacks() {
    for (source, input, output) in [
        (r#"[.[] | IN("a", "b")]"#, json!(["a", "c"]), json!([true, false])),
        (r#"IN(.[]; "x", "c")"#, json!(["a", "c"]), json!(true)),
        ("INDEX(.id)", json!([{"id": 1, "v": "a"}, {"id": 1, "v": "b"}]), json!({"1": {"id": 1, "v": "b"}})),
        ("INDEX(.[]; .v)", json!([{"v": "a"}]), json!({"a": {"v": "a"}})),
        ("[toarray, (.a | toarray)]", json!({"a": [1]}), json!([[{"a": [1]}], [1]])),
        ("[leaf_paths]", json!({"a": [1, {"b": null}]}), json!([["a", 0], ["a", 1, "b"]])),
        ("[65, 122] | map(ascii)", json!(null), json!(["A", "z"])),
        (r#"0 | [date, (dateadd("seconds"; 60) | date)]"#, json!(null), json!(["1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z"])),
        (r#"trimstr("x")"#, json!("xaxx"), json!("ax")),
        ("@csv", json!([1, "say \"hi\", she said", null, true]), json!("1,\"say \"\"hi\"\", she said\",,true")),
        (r#"@csv "row: \(.)""#, json!(["a", 2.5]), json!("row: \"a\",2.5")),
        ("@tsv", json!(["a\tb", "c\\d", 1, null]), json!("a\\tb\tc\\\\d\t1\t")),
    ] {
        assert_eq!(run(source, input), Ok(output), "{source}");
    }
    assert!(run("@csv", json!([[1]])).unwrap_err().contains("array has no place in a row of CSV"));
}

#[test]
fn ordinary_expressions_take_little_fuel() {
    for source in [".a", ".a + 1", "$item.index", "{a: .b, c: \"\\(.d)\"}", ".a // 1", "[.a[]?]"] {
        let fuel = Fuel::new(1000);
        let program = compile(source, &VARIABLES).unwrap();
        eval(&program, &Data::from(json!({"a": [], "d": 1})), &Vars, &fuel).ok();
        assert!(fuel.left() >= 990, "{source} took {}", 1000 - fuel.left());
    }
}

#[test]
fn only_named_variables_are_asked_for() {
    let program = compile("$item + $input | . as $context | $context", &VARIABLES).unwrap();
    // A local of the same name counts as named; asking once too often is harmless.
    assert_eq!(program.uses(), [0, 1, 10]);
    assert_eq!(compile(".a", &VARIABLES).unwrap().uses(), [0_usize; 0]);
}

#[test]
fn errors_say_where_and_what_to_do() {
    let error = |source: &str| compile(source, &VARIABLES).unwrap_err();
    assert_eq!(error(".a | $nobody").offset, Some(5));
    assert_eq!(error("$nobody").help.as_deref(), Some("here are: $context, $input, $item"));
    assert_eq!(error("1 | lenght").help.as_deref(), Some("did you mean `length`?"));
    assert_eq!(error("now").help.as_deref(), Some("it would read the clock; use `$task.startedAt` or `$workflow.startedAt`"));
    assert_eq!(error(".a == 'x'").help.as_deref(), Some("jq strings stand in double quotes"));
    assert!(error(&"(".repeat(1000)).message.contains("nests deeper"));
    assert!(error(&"1+".repeat(100_000)).message.contains("bytes"));
    for chain in ["1+", "-", "1|", "if 1 then 2 else ", ". as $x | ", "try ", "label $a | ", "not or "] {
        assert!(error(&chain.repeat(2_000)).message.contains("operators"), "{chain}");
    }
}

#[test]
fn whole_strings_are_expressions() {
    for (text, inside) in [
        ("${ .a }", Some(".a")),
        ("  ${.a}\n", Some(".a")),
        ("${ .a |\n .b }", Some(".a |\n .b")),
        ("${}", None),
        ("a ${ .b }", None),
        (".a", None),
        ("$", None),
    ] {
        assert_eq!(expression(text), inside, "{text:?}");
    }
}

#[test]
fn templates_evaluate_once_and_keep_order() {
    let program = |source: &str| Template::Expr(compile(source, &VARIABLES).unwrap());
    let template = Template::Object(vec![
        ("z".into(), Template::Array(vec![program(".a"), Template::Literal(Data::from("x"))])),
        ("a".into(), program(".text")),
    ]);
    let value = Data::from(json!({"a": 1, "text": "${ .a }"}));
    assert_eq!(template.eval(&value, &Vars, &Fuel::new(1000)).unwrap().to_string(), r#"{"z":[1,"x"],"a":"${ .a }"}"#);
    assert_eq!(template.programs().len(), 2);
}

#[test]
fn data_keeps_numbers_and_order() {
    let text = r#"{"z":1.0,"a":[1e3,-0.5,12345678901234567890],"s":"\u00e4\n\"\\"}"#;
    let data = Data::parse(text.as_bytes()).unwrap();
    assert_eq!(data.to_string(), "{\"z\":1.0,\"a\":[1e3,-0.5,12345678901234567890],\"s\":\"ä\\n\\\"\\\\\"}");
    assert_eq!(data.json_len(), data.to_string().len());
    assert_eq!(serde_json::from_str::<Value>(&data.to_string()).unwrap(), data.to_json());
    assert_eq!(serde_json::from_str::<Data>(text).unwrap().to_json(), data.to_json());
    assert_eq!(serde_json::to_value(&data).unwrap(), data.to_json());
    assert_eq!(Data::from(json!(1.0)).to_string(), "1.0");
    assert_eq!(Data::from(json!(3.0)).as_i64(), Some(3));
    assert_eq!(Data::from(json!(3.5)).as_i64(), None);
}

#[test]
fn what_is_not_json_is_refused() {
    for text in [
        "NaN",
        "[Infinity]",
        "{1: 2}",
        "{",
        "",
        "1 2",
        "b\"x\"",
        "+1.5",
        "[1] # x",
        "007.5",
        "18446744073709551616",
        "[-9223372036854775809]",
    ] {
        assert!(Data::parse(text.as_bytes()).is_err(), "{text}");
    }
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(Data::parse(deep.as_bytes()).unwrap_err().to_string().contains("deeper"));
    assert!(serde_json::from_str::<Data>(&deep).is_err());
    assert!(Data::parse(b"\"\xff\"").is_err());
    assert!(run("\"/w==\" | @base64d", json!(null)).unwrap_err().contains("UTF-8"));
    assert_eq!(run("\"/w==\" | @base64d | @base64", json!(null)), Ok(json!("/w==")));
    // A quote in a comment hides nothing.
    assert!(Data::parse(format!("#\"\n{deep}").as_bytes()).is_err());
    assert!(Data::parse("9".repeat(1_000_000).as_bytes()).unwrap_err().to_string().contains("digits"));
    assert!(Data::parse(b"[\"#+01\", 1e+3, 0.01, 1e-05, 10, 0, 18446744073709551615, -9223372036854775808]").is_ok());
}

#[test]
fn data_never_nests_deeper_than_can_be_read() {
    let wrap = Template::Object(vec![("a".into(), Template::Expr(compile(".", &[]).unwrap()))]);
    let mut value = Data::null();
    let error = loop {
        match wrap.eval(&value, &(), &Fuel::new(10_000)) {
            Ok(wrapped) => value = wrapped,
            Err(error) => break error,
        }
    };
    assert_eq!(error, EvalError::NotJson { what: "a value too deep" });
    assert_eq!(Data::parse(value.to_string().as_bytes()).unwrap(), value);
    assert_eq!(serde_json::from_str::<Data>(&serde_json::to_string(&value).unwrap()).unwrap(), value);
}

#[test]
fn programs_that_look_inside_a_secret_are_found() {
    let look = |source: &str| {
        let program = compile(source, &[("secrets", 0), ("input", 1)]).unwrap();
        program.looks_inside_secrets().map(|look| (look.offset, look.what.clone()))
    };
    for (source, at, what) in [
        ("$secrets.X | length", "length", "`length`"),
        ("$secrets.X == \"a\"", "$secrets", "`==`"),
        ("\"a\" != $secrets[\"X\"]", "$secrets", "`!=`"),
        ("$secrets.X[0:3]", "$secrets", "a slice"),
        ("($secrets.X + \"a\") | test(\"a\")", "test", "`test`"),
        ("$secrets.X as $x | \"\\($x)!\" | split(\",\")", "split", "`split`"),
        ("{a: ($secrets | .X | @base64 | @base64d)}", "@base64d", "`@base64d`"),
        ("@base64d \"\\($secrets.X)\"", "@base64d", "`@base64d`"),
        ("$secrets.X / \",\"", "$secrets", "`/`"),
        ("{($secrets.X): 1}", "$secrets", "the key of an object"),
        ("$input[$secrets.X]", "$secrets", "an index"),
        ("$input | test($secrets.X)", "test", "`test`"),
        ("if $input.a then $secrets.X else $secrets.Y end | explode", "explode", "`explode`"),
        ("$input.a | map($secrets.X | ascii_downcase)", "ascii_downcase", "`ascii_downcase`"),
        ("$secrets.X < $secrets.Y", "$secrets", "`<`"),
    ] {
        assert_eq!(look(source), Some((source.find(at).unwrap(), what.to_owned())), "{source}");
    }
    for source in [
        "$secrets.X",
        "$secrets | length",
        "$secrets | has(\"X\")",
        "\"Basic \" + (\"\\($secrets.u):\\($secrets.p)\" | @base64)",
        "$secrets.X == null",
        "$secrets.X == $secrets.X",
        "$secrets.X | type == \"string\"",
        "[$secrets.X] | length",
        "{a: $secrets.X} | .a",
        "$input | sub(\"a\"; $secrets.X)",
        "def length: 1; $secrets.X | length",
        "$input as $secrets | $secrets.X | length",
        "$secrets.X | if . then $input else 1 end | length",
        "$input.secrets | length",
    ] {
        assert_eq!(look(source), None, "{source}");
    }
}

#[test]
fn data_is_changed_by_copies() {
    let data = Data::from(json!({"a": 1}));
    assert_eq!(data.with("b", true.into()).to_string(), r#"{"a":1,"b":true}"#);
    assert_eq!(data.merged(&Data::from(json!({"a": 2, "c": 3}))).to_string(), r#"{"a":2,"c":3}"#);
    assert_eq!(data.to_string(), r#"{"a":1}"#);
    assert_eq!(Data::null().with("k", "v".into()).to_string(), r#"{"k":"v"}"#);
}
