//! Graphviz's DOT.

use std::fmt::Write as _;

use super::model::{Graph, Item, Line, Mark, Scope, Shape};

const HEAD: &str = "  compound=true;\n  fontname=\"sans-serif\";\n  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];\n  \
                    edge [fontname=\"sans-serif\", fontsize=10];\n";

pub fn write(graph: &Graph) -> String {
    let mut text = format!("digraph {} {{\n{HEAD}", quoted(&graph.title));
    scope(&mut text, &graph.flow, 1);
    graph.others.iter().for_each(|other| item(&mut text, other, 1));
    text + "}\n"
}

fn scope(text: &mut String, scope: &Scope, depth: usize) {
    scope.items.iter().for_each(|it| item(text, it, depth));
    for edge in &scope.edges {
        let (from, to) = (&scope.items[edge.from], &scope.items[edge.to]);
        // Edges join nodes; where they seem to end at a group they are cut off at its border.
        let mut attributes: Vec<String> = edge.label.iter().map(|label| format!("label={}", quoted(label))).collect();
        attributes.extend((edge.line == Line::Error).then(|| "style=dashed".to_owned()));
        attributes.extend(from.inside.as_ref().map(|_| format!("ltail=cluster_{}", from.id)));
        attributes.extend(to.inside.as_ref().map(|_| format!("lhead=cluster_{}", to.id)));
        let attributes = if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
        let _ = writeln!(text, "{}{} -> {}{attributes};", "  ".repeat(depth), last(from).id, first(to).id);
    }
}

fn item(text: &mut String, item: &Item, depth: usize) {
    let indent = "  ".repeat(depth);
    let label = item.lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\\n");
    if let Some(inside) = &item.inside {
        let _ = writeln!(
            text,
            "{indent}subgraph cluster_{} {{\n{indent}  label=\"{label}\";{}",
            item.id,
            item.mark.map(painted_group).unwrap_or_default()
        );
        scope(text, inside, depth + 1);
        let _ = writeln!(text, "{indent}}}");
        return;
    }
    let form = match item.shape {
        Shape::Start => "shape=point, width=0.12, label=\"\"".to_owned(),
        Shape::Exit => "shape=point, width=0.12, color=gray40, label=\"\"".to_owned(),
        Shape::End => format!("shape=doublecircle, style=\"\", label=\"{label}\""),
        Shape::Choice => format!("shape=diamond, style=\"\", label=\"{label}\""),
        Shape::Error => format!("shape=octagon, style=\"\", label=\"{label}\""),
        Shape::Bar => format!("shape=box, style=filled, fillcolor=gray85, height=0.2, label=\"{label}\""),
        Shape::Handling => format!("style=\"rounded,dashed\", label=\"{label}\""),
        Shape::Task | Shape::Group => format!("label=\"{label}\""),
    };
    let _ = writeln!(text, "{indent}{} [{form}{}];", item.id, item.mark.map(painted).unwrap_or_default());
}

/// A later `style` replaces the one before it, so the corners of tasks are said again.
fn painted(mark: Mark) -> String {
    let (fill, line) = mark.colours();
    format!(", style=\"rounded,filled\", fillcolor=\"{fill}\", color=\"{line}\"")
}

fn painted_group(mark: Mark) -> String {
    let (_, line) = mark.colours();
    format!(" color=\"{line}\"; fontcolor=\"{line}\";")
}

/// The first node in an item, which may be itself.
fn first(item: &Item) -> &Item {
    item.inside.as_ref().and_then(|scope| scope.items.first()).map_or(item, first)
}

fn last(item: &Item) -> &Item {
    item.inside.as_ref().and_then(|scope| scope.items.last()).map_or(item, last)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
