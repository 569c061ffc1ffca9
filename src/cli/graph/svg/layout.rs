//! Places boxes and the links between them, in layers from top to bottom (after Sugiyama): a link leads from a layer to a later one and
//! bends around what stands between, each layer is ordered by where its neighbours stand, and boxes move as near to their neighbours as the
//! gaps between them allow.

/// Pixels between boxes of a layer, and between layers.
const GAP_X: f64 = 28.0;
const GAP_Y: f64 = 30.0;
/// Passes over all layers. More change little.
const PASSES: usize = 6;
/// Bends and boxes together. Enough for anything that can be looked at; more would take long.
const MOST: usize = 20_000;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    pub width: f64,
    pub height: f64,
}

/// The centre of something.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// A link between two boxes, by position. One to an earlier box, or to the same, leads back.
#[derive(Clone, Debug)]
pub struct Link {
    pub from: usize,
    pub to: usize,
    /// Of its label.
    pub label: Option<Size>,
}

#[derive(Debug, Default)]
pub struct Placed {
    pub size: Size,
    pub boxes: Vec<Point>,
    /// Bends of each link, in its direction, its ends not included.
    pub bends: Vec<Vec<Point>>,
    pub labels: Vec<Option<Point>>,
}

/// More than can be drawn.
#[derive(Debug)]
pub struct TooLarge;

/// A box, or the bend of a link: what stands in a layer.
#[derive(Debug)]
struct Cell {
    size: Size,
    layer: usize,
    up: Vec<usize>,
    down: Vec<usize>,
    /// How much it resists being moved away from its neighbours: long links should be straight.
    weight: f64,
    x: f64,
}

/// Boxes stand in the order in which they should be read.
pub fn place(boxes: &[Size], links: &[Link]) -> Result<Placed, TooLarge> {
    if boxes.is_empty() {
        return Ok(Placed::default());
    }
    let (mut cells, chains) = cells(boxes, links)?;
    let mut layers = vec![Vec::new(); cells.iter().map(|cell| cell.layer + 1).max().unwrap_or(1)];
    for (at, cell) in cells.iter().enumerate() {
        layers[cell.layer].push(at);
    }
    for pass in 0..PASSES {
        order(&mut cells, &mut layers, pass % 2 == 0);
    }
    layers.iter().for_each(|layer| pack(&mut cells, layer));
    for pass in 0..2 * PASSES {
        settle(&mut cells, &layers, pass % 2 == 0);
    }
    Ok(placed(&cells, &layers, boxes.len(), links, &chains))
}

/// Boxes first, then the bends of each link from its upper end to its lower one.
fn cells(boxes: &[Size], links: &[Link]) -> Result<(Vec<Cell>, Vec<Vec<usize>>), TooLarge> {
    let layers = layers(boxes.len(), links);
    let cell = |size, layer, weight| Cell { size, layer, up: Vec::new(), down: Vec::new(), weight, x: 0.0 };
    let mut cells: Vec<Cell> = boxes.iter().zip(&layers).map(|(size, layer)| cell(*size, *layer, 1.0)).collect();
    let mut chains = Vec::with_capacity(links.len());
    for link in links {
        let (upper, lower) = (link.from.min(link.to), link.from.max(link.to));
        let between = layers[upper] + 1..layers[lower];
        if cells.len() + between.len() > MOST {
            return Err(TooLarge);
        }
        let middle = between.start + between.len() / 2;
        let mut chain = Vec::with_capacity(between.len());
        let mut above = upper;
        for layer in between {
            let size = link.label.filter(|_| layer == middle).unwrap_or_default();
            let bend = cells.len();
            cells.push(cell(size, layer, 4.0));
            join(&mut cells, above, bend);
            chain.push(bend);
            above = bend;
        }
        if upper != lower {
            join(&mut cells, above, lower);
        }
        chains.push(chain);
    }
    Ok((cells, chains))
}

fn join(cells: &mut [Cell], above: usize, below: usize) {
    cells[above].down.push(below);
    cells[below].up.push(above);
}

/// The layer of each box: below everything earlier that it is linked with. A link with a label, or back, has a layer of its own between.
fn layers(boxes: usize, links: &[Link]) -> Vec<usize> {
    let mut above: Vec<Vec<(usize, usize)>> = vec![Vec::new(); boxes];
    for link in links.iter().filter(|link| link.from != link.to) {
        let length = if link.label.is_some() || link.from > link.to { 2 } else { 1 };
        above[link.from.max(link.to)].push((link.from.min(link.to), length));
    }
    let mut layers: Vec<usize> = Vec::with_capacity(boxes);
    for (at, above) in above.iter().enumerate() {
        let below = above.iter().map(|(upper, length)| layers[*upper] + length).max();
        // What nothing leads to keeps its place in the order.
        layers.push(below.unwrap_or_else(|| if at == 0 { 0 } else { layers[at - 1] + 1 }));
    }
    layers
}

/// Orders each layer by the mean position of its neighbours above, or below.
fn order(cells: &mut [Cell], layers: &mut [Vec<usize>], downwards: bool) {
    let count = layers.len();
    for step in 0..count {
        let layer = &mut layers[if downwards { step } else { count - 1 - step }];
        for (position, at) in layer.iter().enumerate() {
            cells[*at].x = number(position);
        }
        let mut keyed: Vec<(f64, usize)> = layer.iter().map(|at| (wished(cells, *at, downwards), *at)).collect();
        // Stable: what has no reason to move stays.
        keyed.sort_by(|left, right| left.0.total_cmp(&right.0));
        for (position, (slot, (_, at))) in layer.iter_mut().zip(keyed).enumerate() {
            *slot = at;
            cells[at].x = number(position);
        }
    }
}

/// Where the neighbours on one side are, on average.
fn wished(cells: &[Cell], at: usize, downwards: bool) -> f64 {
    let cell = &cells[at];
    let neighbours = if downwards { &cell.up } else { &cell.down };
    if neighbours.is_empty() {
        return cell.x;
    }
    neighbours.iter().map(|other| cells[*other].x).sum::<f64>() / number(neighbours.len())
}

/// Side by side, around the middle.
fn pack(cells: &mut [Cell], layer: &[usize]) {
    let total: f64 = layer.iter().map(|at| cells[*at].size.width + GAP_X).sum::<f64>() - GAP_X;
    let mut x = -total / 2.0;
    for at in layer {
        let width = cells[*at].size.width;
        cells[*at].x = x + width / 2.0;
        x += width + GAP_X;
    }
}

fn settle(cells: &mut [Cell], layers: &[Vec<usize>], downwards: bool) {
    let count = layers.len();
    for step in 0..count {
        let layer = &layers[if downwards { step } else { count - 1 - step }];
        let wishes: Vec<(f64, f64)> = layer.iter().map(|at| (wished(cells, *at, downwards), cells[*at].weight)).collect();
        let widths: Vec<f64> = layer.iter().map(|at| cells[*at].size.width).collect();
        for (at, x) in layer.iter().zip(nearest(&wishes, &widths)) {
            cells[*at].x = x;
        }
    }
}

/// The positions nearest to what is wished (position, weight) that keep order and gaps. Without the room that each needs on the left this is
/// the best rising sequence, which comes of joining neighbours that stand in the wrong order until none do.
fn nearest(wishes: &[(f64, f64)], widths: &[f64]) -> Vec<f64> {
    let mut room = Vec::with_capacity(widths.len());
    for (at, width) in widths.iter().enumerate() {
        room.push(if at == 0 { 0.0 } else { room[at - 1] + f64::midpoint(widths[at - 1], *width) + GAP_X });
    }
    // Mean, weight and length of each run of joined neighbours.
    let mut runs: Vec<(f64, f64, usize)> = Vec::new();
    for ((wish, weight), room) in wishes.iter().zip(&room) {
        let mut run = (wish - room, *weight, 1);
        while let Some(last) = runs.pop_if(|last| last.0 >= run.0) {
            let weight = last.1 + run.1;
            run = ((last.0 * last.1 + run.0 * run.1) / weight, weight, last.2 + run.2);
        }
        runs.push(run);
    }
    let means = runs.into_iter().flat_map(|(mean, _, length)| std::iter::repeat_n(mean, length));
    means.zip(room).map(|(mean, room)| mean + room).collect()
}

fn placed(cells: &[Cell], layers: &[Vec<usize>], boxes: usize, links: &[Link], chains: &[Vec<usize>]) -> Placed {
    let left = cells.iter().map(|cell| cell.x - cell.size.width / 2.0).fold(f64::INFINITY, f64::min);
    let right = cells.iter().map(|cell| cell.x + cell.size.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
    let mut points = vec![Point::default(); cells.len()];
    let mut y = 0.0;
    for layer in layers {
        let height = layer.iter().map(|at| cells[*at].size.height).fold(0.0, f64::max);
        for at in layer {
            points[*at] = Point { x: cells[*at].x - left, y: y + height / 2.0 };
        }
        // A layer of bends alone takes no room of its own.
        y += height + if height > 0.0 { GAP_Y } else { 0.0 };
    }
    let bends = links.iter().zip(chains).map(|(link, chain)| {
        let bends = chain.iter().map(|at| points[*at]);
        if link.from > link.to { bends.rev().collect() } else { bends.collect() }
    });
    let labels = chains.iter().map(|chain| chain.iter().find(|at| cells[**at].size.width > 0.0).map(|at| points[*at]));
    Placed {
        size: Size { width: right - left, height: (y - GAP_Y).max(0.0) },
        bends: bends.collect(),
        labels: labels.collect(),
        boxes: points[..boxes].to_vec(),
    }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Size = Size { width: 100.0, height: 40.0 };

    fn link(from: usize, to: usize) -> Link {
        Link { from, to, label: None }
    }

    fn overlap(placed: &Placed) -> bool {
        let apart = |a: &Point, b: &Point| (a.x - b.x).abs() >= BOX.width || (a.y - b.y).abs() >= BOX.height;
        placed.boxes.iter().enumerate().any(|(at, a)| placed.boxes[..at].iter().any(|b| !apart(a, b)))
    }

    #[test]
    fn a_sequence_is_a_column() {
        let placed = place(&[BOX; 3], &[link(0, 1), link(1, 2)]).unwrap();
        assert_eq!(placed.boxes.iter().map(|point| (point.x, point.y)).collect::<Vec<_>>(), [(50.0, 20.0), (50.0, 90.0), (50.0, 160.0)]);
        assert_eq!(placed.size, Size { width: 100.0, height: 180.0 });
    }

    #[test]
    fn branches_stand_side_by_side_under_what_they_come_from() {
        let placed = place(&[BOX; 5], &[link(0, 1), link(0, 2), link(0, 3), link(1, 4), link(2, 4), link(3, 4)]).unwrap();
        let [from, left, middle, right, to] = placed.boxes[..] else { panic!() };
        assert!(
            left.x < middle.x
                && middle.x < right.x
                && (left.y - right.y).abs() < 1.0
                && (middle.y - right.y).abs() < 1.0
                && !overlap(&placed)
        );
        assert!((from.x - middle.x).abs() < 1.0 && (to.x - middle.x).abs() < 1.0 && from.y < left.y && left.y < to.y);
    }

    #[test]
    fn links_bend_around_boxes_and_labels_have_room() {
        let label = Some(Size { width: 60.0, height: 16.0 });
        let links = [link(0, 1), link(1, 2), Link { from: 0, to: 2, label }, link(2, 0), link(1, 1)];
        let placed = place(&[BOX; 3], &links).unwrap();
        let middle = placed.boxes[1];
        for (at, bends) in placed.bends.iter().enumerate().filter(|(_, bends)| !bends.is_empty()) {
            assert!(
                bends.iter().all(|bend| (bend.x - middle.x).abs() > BOX.width / 2.0 || (bend.y - middle.y).abs() > 1.0),
                "{at} {placed:?}"
            );
        }
        assert!(placed.labels[2].is_some() && placed.labels[0].is_none());
        assert!(placed.bends[3].first().unwrap().y >= placed.bends[3].last().unwrap().y, "it leads up");
        assert!(placed.bends[4].is_empty());
    }

    #[test]
    fn what_cannot_be_looked_at_is_refused() {
        let links: Vec<Link> = (0..999).flat_map(|at| [link(at, at + 1), link(at, 999)]).collect();
        assert!(place(&[BOX; 1000], &links).is_err());
        assert!(place(&[], &[]).unwrap().boxes.is_empty());
    }

    #[test]
    fn positions_keep_their_gaps_and_are_as_near_as_can_be() {
        let nearest = nearest(&[(0.0, 1.0), (0.0, 1.0), (500.0, 1.0)], &[100.0; 3]);
        assert_eq!(nearest, [-64.0, 64.0, 500.0]);
    }
}
