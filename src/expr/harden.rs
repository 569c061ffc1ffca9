//! Programs are rewritten so that they take fuel: by a call of a native of `cost` wherever time, memory or depth can come from.
//!
//! Everything in jq that can go on for ever is made of definitions that call themselves, of `reduce` and `foreach`, and of `range`.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Opt, Part, Path};

use super::compare;
use super::copies::COPIED;
use super::cost::{ADD, CAUGHT, CHARGE, DIV, MUL, SUB, TICK, WEIGH};
use super::guard::{KEY, WHOLE, WRITTEN};

/// A definition that takes fuel when it is called.
pub fn definition(def: Def<&str>) -> Def<&str> {
    Def { name: def.name, args: def.args, body: pipe(call(TICK), term(def.body)) }
}

pub fn call(name: &str) -> Term<&str> {
    Term::Call(name, vec![])
}

pub fn pipe<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

#[allow(clippy::boxed_local, reason = "the tree holds boxes")]
fn boxed(t: Box<Term<&str>>) -> Box<Term<&str>> {
    Box::new(term(*t))
}

fn terms(all: Vec<Term<&str>>) -> Vec<Term<&str>> {
    all.into_iter().map(term).collect()
}

/// The same program, taking fuel in its loops.
pub fn term(t: Term<&str>) -> Term<&str> {
    match t {
        // Not a call of `recurse`: updates go from the leaves to the root here, as `walk` needs it.
        // It goes as deep as the value does, again for each part: so the value must not be deep.
        Term::Recurse => pipe(pipe(call(WEIGH), Term::Recurse), call(TICK)),
        Term::Str(format, parts) => {
            // A format writes by itself.
            let written = if format.is_some() { WEIGH } else { WRITTEN };
            Term::Str(format, parts.into_iter().map(|part| part_of_string(part, written)).collect())
        }
        Term::Arr(Some(items)) => pipe(Term::Arr(Some(boxed(items))), call(TICK)),
        Term::Obj(members) if members.is_empty() => Term::Obj(members),
        Term::Obj(members) => {
            let members = members.into_iter().map(|(key, value)| match (key, value) {
                // `{"a\(.b)"}` is the member of the input that has this name.
                (key, None) if !is_constant(&key) && matches!(key, Term::Str(..)) => (keyed(key.clone()), Some(member(key))),
                // `{$x}` and `{a}` are keys whose value the compiler finds.
                (key, None) => (key, None),
                (key, Some(value)) => (keyed(key), Some(term(value))),
            });
            pipe(Term::Obj(members.collect()), call(TICK))
        }
        Term::Neg(inner) => Term::Neg(boxed(inner)),
        Term::BinOp(l, BinaryOp::Pipe(Some(p)), r) => Term::BinOp(boxed(l), BinaryOp::Pipe(Some(pattern(p))), boxed(r)),
        Term::BinOp(l, BinaryOp::Math(op), r) => calculation(op, term(*l), term(*r)),
        Term::BinOp(l, BinaryOp::UpdateMath(op), r) => {
            const BY: &str = "$__by";
            let update = calculation(op, Term::Id, Term::Var(BY));
            let update = updating(*l, BinaryOp::Update, update);
            Term::BinOp(boxed(r), BinaryOp::Pipe(Some(Pattern::Var(BY))), Box::new(update))
        }
        Term::BinOp(l, BinaryOp::Cmp(op), r) => Term::Call(compare::native(op), vec![term(*l), term(*r)]),
        Term::BinOp(l, op @ (BinaryOp::Update | BinaryOp::UpdateAlt | BinaryOp::Assign), r) => updating(*l, op, term(*r)),
        Term::BinOp(l, BinaryOp::Comma, r) => comma(*l, *r),
        Term::BinOp(l, op, r) => Term::BinOp(boxed(l), op, boxed(r)),
        Term::Label(name, inner) => Term::Label(name, boxed(inner)),
        Term::Fold(name, source, p, args) => Term::Fold(name, Box::new(pipe(term(*source), call(TICK))), pattern(p), terms(args)),
        Term::TryCatch(inner, catch) => Term::TryCatch(Box::new(Term::Call(CAUGHT, vec![term(*inner)])), catch.map(boxed)),
        Term::IfThenElse(cases, otherwise) => {
            Term::IfThenElse(cases.into_iter().map(|(c, t)| (term(c), term(t))).collect(), otherwise.map(boxed))
        }
        Term::Def(defs, inner) => Term::Def(defs.into_iter().map(definition).collect(), boxed(inner)),
        Term::Call(name, args) => Term::Call(name, terms(args)),
        Term::Path(head, Path(parts)) => path(term(*head), parts),
        leaf @ (Term::Id | Term::Num(_) | Term::Break(_) | Term::Var(_) | Term::Arr(None)) => leaf,
    }
}

/// An update, which pays for what it copies first. Updates within the paths of an update have no paths themselves: they only fail.
fn updating<'s>(paths: Term<&'s str>, op: BinaryOp<&'s str>, by: Term<&'s str>) -> Term<&'s str> {
    let everything = match &paths {
        Term::Recurse => true,
        Term::Path(head, Path(parts)) => matches!((&**head, parts.as_slice()), (Term::Id, [(Part::Range(None, None), _)])),
        _ => false,
    };
    let mut nested = false;
    walk(&paths, &mut |met| nested |= matches!(met, Met::Update));
    let paying = match (nested, everything) {
        (true, _) => call(WEIGH),
        // Its guards pay for all of it.
        (_, true) => call(CHARGE),
        _ => Term::Call(COPIED, vec![term(paths.clone())]),
    };
    pipe(paying, Term::BinOp(Box::new(term(paths)), op, Box::new(by)))
}

/// `a, b, c` gives many, too. The unit stands before each: behind them, a call at the end would be no tail call, and loops would grow the stack.
fn comma<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    let left = match left {
        Term::BinOp(l, op @ (BinaryOp::Update | BinaryOp::UpdateAlt | BinaryOp::Assign), r) => updating(*l, op, term(*r)),
        Term::BinOp(l, BinaryOp::Comma, r) => comma(*l, *r),
        left => pipe(call(TICK), term(left)),
    };
    Term::BinOp(Box::new(left), BinaryOp::Comma, Box::new(pipe(call(TICK), term(right))))
}

/// The operator as a native, which knows what it copies.
fn calculation<'s>(op: Math, left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    let native = match op {
        Math::Add => ADD,
        Math::Sub => SUB,
        Math::Mul => MUL,
        Math::Div => DIV,
        Math::Rem => return Term::BinOp(Box::new(left), BinaryOp::Math(op), Box::new(right)),
    };
    Term::Call(native, vec![left, right])
}

/// A path, with guards where it cuts out parts or gives many: `.[] | .[] | .[]` would multiply for nothing, and both may copy what they stand on.
///
/// What comes before a guard becomes the head of a path, not the left side of a pipe: indices are evaluated on the input of the whole path.
fn path<'s>(head: Term<&'s str>, parts: Vec<(Part<Term<&'s str>>, Opt)>) -> Term<&'s str> {
    let mut head = head;
    let mut plain = Vec::new();
    for (part, opt) in parts {
        let (before, part, after) = match part {
            Part::Index(index) => {
                plain.push((Part::Index(keyed(index)), opt));
                continue;
            }
            Part::Range(None, None) => (CHARGE, Part::Range(None, None), TICK),
            Part::Range(from, to) => (WHOLE, Part::Range(from.map(term), to.map(term)), CHARGE),
        };
        if !plain.is_empty() {
            head = Term::Path(Box::new(head), Path(std::mem::take(&mut plain)));
        }
        let guarded = Term::Path(Box::new(pipe(head, call(before))), Path(vec![(part, opt)]));
        head = pipe(guarded, call(after));
    }
    if plain.is_empty() { head } else { Term::Path(Box::new(head), Path(plain)) }
}

fn member(key: Term<&str>) -> Term<&str> {
    path(Term::Id, vec![(Part::Index(key), Opt::Essential)])
}

/// A term in the place of a key or an index.
fn keyed(t: Term<&str>) -> Term<&str> {
    if is_constant(&t) { t } else { pipe(term(t), call(KEY)) }
}

fn is_constant(t: &Term<&str>) -> bool {
    match t {
        Term::Num(_) => true,
        Term::Str(_, parts) => !parts.iter().any(|part| matches!(part, StrPart::Term(_))),
        _ => false,
    }
}

fn part_of_string<'s>(part: StrPart<&'s str, Term<&'s str>>, written: &'static str) -> StrPart<&'s str, Term<&'s str>> {
    match part {
        StrPart::Term(t) if is_constant(&t) => StrPart::Term(t),
        StrPart::Term(t) => StrPart::Term(pipe(term(t), call(written))),
        text => text,
    }
}

fn pattern(p: Pattern<&str>) -> Pattern<&str> {
    match p {
        Pattern::Var(name) => Pattern::Var(name),
        Pattern::Arr(items) => Pattern::Arr(items.into_iter().map(pattern).collect()),
        Pattern::Obj(members) => Pattern::Obj(members.into_iter().map(|(k, v)| (keyed(k), pattern(v))).collect()),
    }
}

/// What a walk over a program meets.
pub enum Met<'t, 's> {
    Variable(&'s str),
    Call(&'s str, usize),
    Definition(&'t Def<&'s str>),
    Fold,
    Update,
}

/// Calls the function with everything that the program names or defines; it decides itself whether to look into a definition.
pub fn walk<'t, 's>(t: &'t Term<&'s str>, see: &mut dyn FnMut(Met<'t, 's>)) {
    match t {
        Term::Var(name) => see(Met::Variable(name)),
        Term::Str(format, parts) => {
            if let Some(format) = format {
                see(Met::Call(format, 0));
            }
            parts.iter().for_each(|p| {
                if let StrPart::Term(t) = p {
                    walk(t, see);
                }
            });
        }
        Term::Arr(Some(t)) | Term::Neg(t) | Term::Label(_, t) => walk(t, see),
        Term::Obj(members) => members.iter().for_each(|(k, v)| {
            walk(k, see);
            // `{$x}` is a key without a value.
            v.iter().for_each(|v| walk(v, see));
        }),
        Term::BinOp(l, op, r) => {
            walk(l, see);
            match op {
                BinaryOp::Pipe(Some(p)) => in_pattern(p, see),
                BinaryOp::Update | BinaryOp::UpdateAlt | BinaryOp::UpdateMath(_) | BinaryOp::Assign => see(Met::Update),
                _ => {}
            }
            walk(r, see);
        }
        Term::Fold(_, source, p, args) => {
            see(Met::Fold);
            walk(source, see);
            in_pattern(p, see);
            args.iter().for_each(|t| walk(t, see));
        }
        Term::TryCatch(t, catch) => {
            walk(t, see);
            catch.iter().for_each(|t| walk(t, see));
        }
        Term::IfThenElse(cases, otherwise) => {
            cases.iter().for_each(|(c, t)| {
                walk(c, see);
                walk(t, see);
            });
            otherwise.iter().for_each(|t| walk(t, see));
        }
        Term::Def(defs, t) => {
            for def in defs {
                see(Met::Definition(def));
                walk(&def.body, see);
            }
            walk(t, see);
        }
        Term::Call(name, args) => {
            see(Met::Call(name, args.len()));
            args.iter().for_each(|t| walk(t, see));
        }
        Term::Path(head, Path(parts)) => {
            walk(head, see);
            parts.iter().for_each(|(part, _)| match part {
                Part::Index(t) => walk(t, see),
                Part::Range(from, to) => from.iter().chain(to).for_each(|t| walk(t, see)),
            });
        }
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Arr(None) => {}
    }
}

/// How deep the syntax tree is, objects counted by their members, as they are evaluated.
pub fn depth(t: &Term<&str>) -> usize {
    let deepest = |all: &mut dyn Iterator<Item = &Term<&str>>| all.map(depth).max().unwrap_or(0);
    1 + match t {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Arr(None) | Term::Var(_) => 0,
        Term::Str(_, parts) => {
            let terms = parts.iter().filter_map(|part| if let StrPart::Term(t) = part { Some(depth(t)) } else { None });
            parts.len() + terms.max().unwrap_or(0)
        }
        Term::Arr(Some(t)) | Term::Neg(t) | Term::Label(_, t) => depth(t),
        Term::Obj(members) => members.len() + deepest(&mut members.iter().flat_map(|(key, value)| std::iter::once(key).chain(value))),
        Term::BinOp(l, op, r) => {
            let bound = if let BinaryOp::Pipe(Some(p)) = op { pattern_depth(p) } else { 0 };
            bound.max(depth(l)).max(depth(r))
        }
        Term::Fold(_, source, p, args) => pattern_depth(p).max(depth(source)).max(deepest(&mut args.iter())),
        Term::TryCatch(t, catch) => depth(t).max(catch.as_ref().map_or(0, |catch| depth(catch))),
        Term::IfThenElse(cases, otherwise) => {
            let otherwise = otherwise.as_ref().map_or(0, |otherwise| depth(otherwise));
            cases.len() + deepest(&mut cases.iter().flat_map(|(condition, then)| [condition, then])).max(otherwise)
        }
        Term::Def(defs, t) => defs.iter().map(|def| depth(&def.body)).sum::<usize>() + depth(t),
        Term::Call(_, args) => args.len() + deepest(&mut args.iter()),
        Term::Path(head, Path(parts)) => {
            let parts_depth = parts.iter().map(|(part, _)| match part {
                Part::Index(t) => depth(t),
                Part::Range(from, to) => from.iter().chain(to).map(depth).max().unwrap_or(0),
            });
            parts.len() + parts_depth.max().unwrap_or(0).max(depth(head))
        }
    }
}

fn pattern_depth(p: &Pattern<&str>) -> usize {
    1 + match p {
        Pattern::Var(_) => 0,
        Pattern::Arr(items) => items.len() + items.iter().map(pattern_depth).max().unwrap_or(0),
        Pattern::Obj(members) => members.len() + members.iter().map(|(k, p)| depth(k).max(pattern_depth(p))).max().unwrap_or(0),
    }
}

/// A definition of the program that can come to call itself. Its depth would be the machine's stack, whose end is the end of the process.
/// Definitions are told apart by name and number of arguments only, so two of the same signature count as one.
pub fn recursive<'s>(t: &Term<&'s str>) -> Option<&'s str> {
    let mut defined = Vec::new();
    walk(t, &mut |met| {
        if let Met::Definition(def) = met {
            defined.push(def);
        }
    });
    let calls = |def: &Def<&'s str>| {
        let mut called = Vec::new();
        walk(&def.body, &mut |met| {
            if let Met::Call(name, arity) = met {
                called.extend(defined.iter().position(|d| d.name == name && d.args.len() == arity));
            }
        });
        called
    };
    let graph: Vec<Vec<usize>> = defined.iter().map(|def| calls(def)).collect();
    (0..graph.len()).find(|start| reaches(&graph, *start)).map(|at| defined[at].name)
}

fn reaches(graph: &[Vec<usize>], start: usize) -> bool {
    let (mut open, mut seen) = (graph[start].clone(), vec![false; graph.len()]);
    while let Some(at) = open.pop() {
        if at == start {
            return true;
        }
        if !std::mem::replace(&mut seen[at], true) {
            open.extend(&graph[at]);
        }
    }
    false
}

fn in_pattern<'t, 's>(p: &'t Pattern<&'s str>, see: &mut dyn FnMut(Met<'t, 's>)) {
    match p {
        Pattern::Var(_) => {}
        Pattern::Arr(items) => items.iter().for_each(|p| in_pattern(p, see)),
        Pattern::Obj(members) => members.iter().for_each(|(k, p)| {
            walk(k, see);
            in_pattern(p, see);
        }),
    }
}
