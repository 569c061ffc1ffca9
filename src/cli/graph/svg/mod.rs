//! A picture that needs no program to be made and no font to be readable. Each scope is laid out by itself and is a box in the one around it.
//!
//! Every task is a `<g class="task …" data-reference="/do/0/name">`, so that a style sheet or a program can paint a run onto it.

mod draw;
mod layout;

use std::collections::BTreeSet;

use self::layout::{Link, Placed, Size, TooLarge};
use super::model::{Graph, Item, Mark, Scope, Shape};

/// Of the font: monospaced, so that widths are known.
const CHARACTER: f64 = 6.7;
const LINE: f64 = 15.0;
const PADDING: f64 = 10.0;
/// Around the picture.
const MARGIN: f64 = 16.0;
/// Room for a loop at the side of a box.
const LOOP: f64 = 22.0;

/// A graph with more than this is not looked at as a picture.
#[derive(Debug, thiserror::Error)]
#[error("the definition is too large to be drawn; use `--format dot` or `--format mermaid` and a program that can show it")]
pub struct Unreadable;

impl From<TooLarge> for Unreadable {
    fn from(_: TooLarge) -> Self {
        Self
    }
}

/// An item with its size, and where everything in it stands.
struct Sized<'g> {
    item: &'g Item,
    size: Size,
    /// Height of its own lines, which stand above what is in it.
    head: f64,
    inside: Option<Arranged<'g>>,
}

struct Arranged<'g> {
    scope: &'g Scope,
    items: Vec<Sized<'g>>,
    placed: Placed,
}

/// # Errors
/// There is more than a picture can show.
pub fn write(graph: &Graph) -> Result<String, Unreadable> {
    let flow = arrange(&graph.flow)?;
    let others = graph.others.iter().map(measure).collect::<Result<Vec<_>, _>>()?;
    let marks: BTreeSet<Mark> = graph.marked().into_iter().map(|(_, mark)| mark).collect();
    Ok(draw::picture(&graph.title, &flow, &others, &marks.into_iter().collect::<Vec<_>>()))
}

fn arrange(scope: &Scope) -> Result<Arranged<'_>, TooLarge> {
    let items = scope.items.iter().map(measure).collect::<Result<Vec<_>, _>>()?;
    let sizes: Vec<Size> = items.iter().map(|item| item.size).collect();
    let links = scope.edges.iter().map(|edge| {
        let label = edge.label.as_ref().map(|label| Size { width: width_of(label) + PADDING, height: LINE + 2.0 });
        Link { from: edge.from, to: edge.to, label: label.filter(|_| edge.from != edge.to) }
    });
    let mut placed = layout::place(&sizes, &links.collect::<Vec<_>>())?;
    if scope.edges.iter().any(|edge| edge.from == edge.to) {
        placed.size.width += LOOP;
    }
    Ok(Arranged { scope, items, placed })
}

fn measure(item: &Item) -> Result<Sized<'_>, TooLarge> {
    let widest = item.lines.iter().map(|line| width_of(line)).fold(0.0, f64::max);
    let lines = item.lines.iter().fold(0.0, |height, _| height + LINE);
    let Some(scope) = &item.inside else {
        let size = match item.shape {
            Shape::Start | Shape::Exit => Size { width: 14.0, height: 14.0 },
            // The corners of a diamond hold no text.
            Shape::Choice => Size { width: widest + 4.0 * PADDING, height: lines + 3.0 * PADDING },
            Shape::Bar => Size { width: widest.max(80.0) + PADDING, height: LINE },
            _ => Size { width: widest + 2.0 * PADDING, height: lines + PADDING },
        };
        return Ok(Sized { item, size, head: lines, inside: None });
    };
    let inside = arrange(scope)?;
    let Size { width, height } = inside.placed.size;
    let head = lines + PADDING;
    let size = Size { width: width.max(widest) + 2.0 * PADDING, height: head + height + PADDING };
    Ok(Sized { item, size, head, inside: Some(inside) })
}

/// Wide characters (CJK, emoji) take two places.
fn width_of(text: &str) -> f64 {
    text.chars().map(|c| if c >= '\u{1100}' { 2.0 * CHARACTER } else { CHARACTER }).sum()
}
