//! Mermaid's flowcharts, which many viewers of Markdown draw.

use std::fmt::Write as _;

use super::model::{Edge, Graph, Item, Line, Mark, Scope, Shape};

pub fn write(graph: &Graph) -> String {
    let mut text = format!("%% {}\nflowchart TB\n", graph.title);
    scope(&mut text, &graph.flow, 1);
    graph.others.iter().for_each(|other| item(&mut text, other, 1));
    classes(&mut text, graph);
    text
}

/// The colours of a run, where there is one. A group is coloured at its border: what is in it has colours of its own.
fn classes(text: &mut String, graph: &Graph) {
    let marked = graph.marked();
    for mark in Mark::ALL {
        let (word, (fill, stroke)) = (mark.word(), mark.colours());
        for (class, fill, groups) in [(word.to_owned(), fill, false), (format!("{word}group"), "transparent", true)] {
            let of = |(item, of): &&(&Item, Mark)| *of == mark && item.inside.is_some() == groups;
            let ids: Vec<&str> = marked.iter().filter(of).map(|(item, _)| item.id.as_str()).collect();
            if !ids.is_empty() {
                let _ = writeln!(text, "  classDef {class} fill:{fill},stroke:{stroke},color:#1f2328\n  class {} {class}", ids.join(","));
            }
        }
    }
}

fn scope(text: &mut String, scope: &Scope, depth: usize) {
    scope.items.iter().for_each(|it| item(text, it, depth));
    scope.edges.iter().for_each(|it| edge(text, scope, it, depth));
}

fn item(text: &mut String, item: &Item, depth: usize) {
    let indent = "  ".repeat(depth);
    if let Some(inside) = &item.inside {
        let _ = writeln!(text, "{indent}subgraph {}[\"{}\"]\n{indent}  direction TB", item.id, title(&item.lines));
        scope(text, inside, depth + 1);
        let _ = writeln!(text, "{indent}end");
        return;
    }
    let label = item.lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br/>");
    let (open, close) = match item.shape {
        Shape::Start | Shape::Exit | Shape::Bar => ("((", "))"),
        Shape::End => ("(((", ")))"),
        Shape::Choice => ("{", "}"),
        Shape::Error => ("{{", "}}"),
        Shape::Handling => ("([", "])"),
        Shape::Task | Shape::Group => ("[", "]"),
    };
    let _ = writeln!(text, "{indent}{}{open}\"{label}\"{close}", item.id);
}

fn edge(text: &mut String, scope: &Scope, edge: &Edge, depth: usize) {
    let arrow = match edge.line {
        Line::Flow => "-->",
        Line::Error => "-.->",
    };
    let label = edge.label.as_ref().map(|label| format!("|\"{}\"|", escaped(label))).unwrap_or_default();
    let (from, to) = (&scope.items[edge.from].id, &scope.items[edge.to].id);
    let _ = writeln!(text, "{}{from} {arrow}{label} {to}", "  ".repeat(depth));
}

/// Mermaid keeps room for one line, and shows entities in it as they are written: what could mean something looks alike instead.
fn title(lines: &[String]) -> String {
    let alike = |c: char| match c {
        '"' | '`' => '\'',
        '<' => '‹',
        '>' => '›',
        '#' => '♯',
        '&' => '＆',
        ';' => ',',
        c => c,
    };
    lines.join(" · ").chars().map(alike).collect()
}

/// Everything that could mean something to Mermaid becomes an entity of its own kind, `#35;`.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        if c.is_alphanumeric() || " .,:/-_+=()[]?!'…".contains(c) {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "#{};", u32::from(c));
        }
        escaped
    })
}
