//! Arranged items → SVG.

use std::fmt::Write as _;

use super::layout::{Point, Size};
use super::{Arranged, LINE, LOOP, MARGIN, PADDING, Sized};
use crate::cli::graph::model::{Edge, Item, Line, Mark, Shape};
use crate::cli::markup::escaped;

const STYLE: &str = "\
.workflow text { font: 11px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #1f2328; text-anchor: middle }
.workflow .name { font-weight: 600 }
.workflow .paper { fill: #ffffff }
.workflow .box { fill: #ffffff; stroke: #57606a }
.workflow .group > .box { fill: #8c959f; fill-opacity: .1; stroke: #8c959f }
.workflow .choice > .box { fill: #fff8c5; stroke: #9a6700 }
.workflow .error > .box { fill: #ffebe9; stroke: #cf222e }
.workflow .handling > .box { fill: #ffebe9; stroke: #cf222e; stroke-dasharray: 4 3 }
.workflow .bar > .box { fill: #d0d7de; stroke: none }
.workflow .start > .box, .workflow .end > .box { fill: #1f2328; stroke: none }
.workflow .end text { fill: #ffffff }
.workflow .exit > .box { fill: #ffffff; stroke: #1f2328; stroke-width: 3 }
.workflow path { fill: none; stroke: #57606a; stroke-width: 1.2; marker-end: url(#arrow) }
.workflow path.error { stroke: #cf222e; stroke-dasharray: 4 3; marker-end: url(#arrow-error) }
.workflow .label { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round }
";

/// The colours of a run: after those of shapes, which they replace.
fn colours(marks: &[Mark]) -> String {
    let mut text = String::new();
    for mark in marks {
        let ((fill, line), word) = (mark.colours(), mark.word());
        // Grey lines are fainter than text may be.
        let ink = if matches!(mark, Mark::Skipped | Mark::NotReached) { "#59636e" } else { line };
        let _ = writeln!(text, ".workflow .{word} > .box {{ fill: {fill}; stroke: {line}; stroke-width: 1.6 }}");
        let _ = writeln!(text, ".workflow .{word} > .state {{ fill: {ink}; font-weight: 600 }}");
    }
    text
}

pub fn picture(title: &str, flow: &Arranged<'_>, others: &[Sized<'_>], marks: &[Mark]) -> String {
    let mut body = String::new();
    let head = 2.0 * LINE;
    scope(&mut body, flow, Point { x: MARGIN, y: MARGIN + head });
    let (mut x, mut bottom) = (MARGIN + flow.placed.size.width, flow.placed.size.height);
    let mut y = MARGIN + head;
    // What stands beside the flow is a column to its right.
    let widest = others.iter().map(|other| other.size.width).fold(0.0, f64::max);
    for other in others {
        let centre = Point { x: x + 2.0 * MARGIN + widest / 2.0, y: y + other.size.height / 2.0 };
        item(&mut body, other, centre);
        y += other.size.height + MARGIN;
        bottom = bottom.max(y - MARGIN - head);
    }
    if !others.is_empty() {
        x += 2.0 * MARGIN + widest;
    }
    let (width, height) = ((x + MARGIN).max(super::width_of(title) + 2.0 * MARGIN), bottom + head + 2.0 * MARGIN);
    let arrow = |id: &str, colour: &str| {
        format!(
            "<marker id=\"{id}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><polygon points=\"0,0 8,4 0,8\" fill=\"{colour}\"/></marker>"
        )
    };
    let (title, colours) = (escaped(title), colours(marks));
    format!(
        "<svg class=\"workflow\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}{colours}</style>\n<defs>{}{}</defs>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n\
         <text class=\"name\" x=\"{MARGIN}\" y=\"{:.1}\" style=\"text-anchor: start\">{title}</text>\n{body}</svg>\n",
        arrow("arrow", "#57606a"),
        arrow("arrow-error", "#cf222e"),
        MARGIN + LINE,
    )
}

/// Draws a scope whose left upper corner is `at`: boxes, then lines, so that no label is hidden.
fn scope(body: &mut String, arranged: &Arranged<'_>, at: Point) {
    let shifted = |point: &Point| Point { x: point.x + at.x, y: point.y + at.y };
    let centres: Vec<Point> = arranged.placed.boxes.iter().map(shifted).collect();
    for (sized, centre) in arranged.items.iter().zip(&centres) {
        item(body, sized, *centre);
    }
    for ((edge, bends), label) in arranged.scope.edges.iter().zip(&arranged.placed.bends).zip(&arranged.placed.labels) {
        let ends = [edge.from, edge.to].map(|end| (centres[end], arranged.items[end].size, reach(&arranged.items[end])));
        let bends: Vec<Point> = bends.iter().map(shifted).collect();
        line(body, edge, ends, &bends);
        if let (Some(point), Some(text)) = (label, &edge.label) {
            let Point { x, y } = shifted(point);
            let _ = writeln!(body, "<text class=\"label\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>", y + 4.0, escaped(text));
        }
    }
}

fn item(body: &mut String, sized: &Sized<'_>, centre: Point) {
    let Sized { item, size, head, inside } = sized;
    let reference = item.reference.as_ref().map(|reference| format!(" data-reference=\"{}\"", escaped(reference))).unwrap_or_default();
    let mark = item.mark.map(|mark| format!(" {}", mark.word())).unwrap_or_default();
    let _ = writeln!(body, "<g id=\"{}\" class=\"{}{mark}\"{reference}>", item.id, item.shape.word());
    let (left, top) = (centre.x - size.width / 2.0, centre.y - size.height / 2.0);
    shape(body, item.shape, centre, *size);
    if !matches!(item.shape, Shape::Start | Shape::Exit) {
        let first = if inside.is_some() { top + PADDING / 2.0 } else { centre.y - head / 2.0 };
        lines(body, item, centre.x, first);
    }
    if let Some(inside) = inside {
        // In the middle of a box that its own lines made wider.
        let x = left + (size.width - inside.placed.size.width) / 2.0;
        scope(body, inside, Point { x, y: top + head });
    }
    body.push_str("</g>\n");
}

fn lines(body: &mut String, item: &Item, x: f64, top: f64) {
    let mut y = top + LINE - 4.0;
    let last = item.lines.len() - 1;
    for (at, line) in item.lines.iter().enumerate() {
        let class = match at {
            0 => " class=\"name\"",
            _ if at == last && item.mark.is_some() => " class=\"state\"",
            _ => "",
        };
        let _ = writeln!(body, "<text{class} x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(line));
        y += LINE;
    }
}

fn shape(body: &mut String, shape: Shape, centre: Point, size: Size) {
    let Point { x, y } = centre;
    let (half_width, half_height) = (size.width / 2.0, size.height / 2.0);
    let _ = match shape {
        Shape::Start | Shape::Exit => writeln!(body, "<circle class=\"box\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{half_height:.1}\"/>"),
        Shape::Choice => writeln!(
            body,
            "<polygon class=\"box\" points=\"{:.1},{y:.1} {x:.1},{:.1} {:.1},{y:.1} {x:.1},{:.1}\"/>",
            x - half_width,
            y - half_height,
            x + half_width,
            y + half_height
        ),
        _ => {
            let radius = if shape == Shape::End { half_height } else { 5.0 };
            writeln!(
                body,
                "<rect class=\"box\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{radius:.1}\"/>",
                x - half_width,
                y - half_height,
                size.width,
                size.height
            )
        }
    };
}

/// How far from its middle a line may end at an item: a round or pointed one has one place only.
fn reach(sized: &Sized<'_>) -> f64 {
    match sized.item.shape {
        Shape::Start | Shape::Exit | Shape::End | Shape::Choice => 0.0,
        _ => sized.size.width / 4.0,
    }
}

/// A line from box to box through its bends.
fn line(body: &mut String, edge: &Edge, ends: [(Point, Size, f64); 2], bends: &[Point]) {
    let class = if edge.line == Line::Error { " class=\"error\"" } else { "" };
    let [(from, from_size, from_reach), (to, to_size, to_reach)] = ends;
    // Lines to different places leave a box at different places.
    let towards = |from: Point, reach: f64, to: Point| from.x + (to.x - from.x).clamp(-reach, reach);
    if edge.from == edge.to {
        let (x, y) = (from.x + from_size.width / 2.0, from.y);
        let (far, up, down) = (x + LOOP, y - 6.0, y + 6.0);
        let _ = writeln!(body, "<path{class} d=\"M{x:.1},{down:.1} C{far:.1},{:.1} {far:.1},{:.1} {x:.1},{up:.1}\"/>", y + 16.0, y - 16.0);
        return;
    }
    let down = if from.y < to.y { 1.0 } else { -1.0 };
    let start = Point { x: towards(from, from_reach, *bends.first().unwrap_or(&to)), y: from.y + down * from_size.height / 2.0 };
    let end = Point { x: towards(to, to_reach, *bends.last().unwrap_or(&from)), y: to.y - down * to_size.height / 2.0 };
    let mut path = format!("M{:.1},{:.1}", start.x, start.y);
    let mut last = start;
    for point in bends.iter().chain([&end]) {
        let middle = f64::midpoint(last.y, point.y);
        let _ = write!(path, " C{:.1},{middle:.1} {:.1},{middle:.1} {:.1},{:.1}", last.x, point.x, point.x, point.y);
        last = *point;
    }
    let _ = writeln!(body, "<path{class} d=\"{path}\"/>");
}
