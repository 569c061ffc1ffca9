use std::collections::BTreeMap;

use super::*;
use crate::stigmer::environment::EnvironmentValue;

fn rewrite(expression: &str, dot: Dot) -> (String, Vec<String>) {
    let secret = EnvironmentValue { is_secret: true, ..Default::default() };
    let declared = BTreeMap::from([("HIDDEN".to_owned(), secret), ("REGION".to_owned(), EnvironmentValue::default())]);
    let queues = crate::stigmer::convert::Queues::new();
    let mut context = Context::new(&declared, &queues);
    let locals = [("item", Local::Item), ("index", Local::Item), ("error", Local::Error)];
    let text = context.inside(&locals, |context| names(expression, dot, context));
    (text, context.secrets().into_iter().map(str::to_owned).collect())
}

#[test]
fn paths_become_variables() {
    for (expression, expected) in [
        (".secrets.API_KEY", "$secrets.API_KEY"),
        (".env_vars.REGION", r#"($env.REGION.value // error("the variable REGION has no value"))"#),
        (".env_vars.HIDDEN", "$secrets.HIDDEN"),
        (r#""Bearer " + .secrets.KEY"#, r#""Bearer " + $secrets.KEY"#),
        (".item.name", "$item.name"),
        (".item", "$item"),
        ("(.item.a + .index)", "($item.a + $index)"),
        ("{id: .item.id, all: [.item]}", "{id: $item.id, all: [$item]}"),
        ("if .item.ok then .item else .other end", "if $item.ok then $item else .other end"),
        ("if(.item) then 1 else 2 end", "if($item) then 1 else 2 end"),
        (
            r#""at \(.item.name) in \(.env_vars.REGION)!""#,
            r#""at \($item.name) in \(($env.REGION.value // error("the variable REGION has no value")))!""#,
        ),
        (".error.message", "($error | .detail // .title)"),
        (".error.status", "$error.status"),
        ("$output.total", ".total"),
        ("$output", "."),
        ("[$output]", "[.]"),
    ] {
        assert_eq!(rewrite(expression, Dot::Input).0, expected, "{expression}");
    }
}

#[test]
fn what_may_be_another_value_stays() {
    for expression in [
        ".",
        ".items",
        ".items.item",
        "$data.item",
        "$context[\"fetch\"].item",
        "$context.list | .item",
        "map(.item)",
        "$context.list[] as $x (.item)",
        "\".item .secrets.KEY\"",
        ".secrets",
        ".. | .item",
        "1.5 # .item",
        "$env.REGION.value",
        "$context.list | $output",
        ")(][",
        "\"open",
        "é.item",
    ] {
        assert_eq!(rewrite(expression, Dot::Input).0, expression);
    }
    assert_eq!(rewrite(".item + .secrets.X + $output", Dot::Value).0, ".item + .secrets.X + $output");
}

#[test]
fn secrets_are_collected_however_they_are_written() {
    let (_, secrets) = rewrite(r#".secrets.A + $secrets.B + $secrets["c-d"] + .env_vars.HIDDEN + .env_vars.REGION"#, Dot::Input);
    assert_eq!(secrets, ["A", "B", "HIDDEN", "c-d"]);
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!("{}.item{}", "(".repeat(200_000), ")".repeat(200_000));
    assert!(rewrite(&deep, Dot::Input).0.contains("($item)"));
}
