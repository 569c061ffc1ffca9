//! What of jq there is, and where fuel is taken.
//!
//! Left out: whatever reads the clock, the time zone or the environment, ends the process, or prints. Everything else of jq that can go on for ever is
//! made of definitions that call themselves, of `reduce` and `foreach`, and of `range`: programs are rewritten so that each of these takes a unit of
//! fuel for every round, by a call of the native `__tick`.

use std::sync::LazyLock;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::native::{Fun, bome, run, v};
use jaq_core::path::{Part, Path};
use jaq_core::{Error, Exn, Native};
use jaq_json::Val;

use super::eval::Kind;

/// Name, and why it is not there.
pub const DENIED: [(&str, &str); 16] = [
    ("now", "it would read the clock; use `$task.startedAt` or `$workflow.startedAt`"),
    ("localtime", "it would read the machine's time zone; use `gmtime`"),
    ("strflocaltime", "it would read the machine's time zone; use `strftime`"),
    ("env", "it would read the worker's environment; use `$env` or `$secrets`"),
    ("halt", "it would end the process; use a `raise` task"),
    ("halt_error", "it would end the process; use a `raise` task"),
    ("stderr", "expressions do not print"),
    ("stderr_empty", "expressions do not print"),
    ("debug", "expressions do not print"),
    ("debug_empty", "expressions do not print"),
    ("input", "there is one input: `.`"),
    ("inputs", "there is one input: `.`"),
    ("input_line_number", "there is one input: `.`"),
    ("input_filename", "there is one input: `.`"),
    ("get_search_list", "there are no modules"),
    ("__tick", "it is reserved"),
];

const TICK: &str = "__tick";
const RANGE: &str = "range";
const RANGE_NATIVE: &str = "__range";

fn denied(name: &str) -> bool {
    DENIED.iter().any(|(denied, _)| *denied == name)
}

/// The natives of jq less the denied ones, and ours.
pub fn natives() -> impl Iterator<Item = Fun<Kind>> {
    let known = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let known = known.filter(|(name, _, _)| !denied(name)).map(|(name, args, native)| {
        let renamed = name == RANGE && args.len() == 3;
        (if renamed { RANGE_NATIVE } else { name }, args, native)
    });
    known.chain([tick()])
}

/// Takes one unit; passes its input through, as itself, as a path and in an update alike.
fn tick() -> Fun<Kind> {
    let native: Native<Kind> = run::<Kind>((TICK, v(0), |cv| bome(cv.0.data().take(1).map(|()| cv.1)))).2;
    let native = native
        .with_paths(|cv| {
            let taken = cv.0.data().take(1).map(|()| cv.1);
            Box::new(std::iter::once(taken.map_err(Exn::from)))
        })
        .with_update(|cv, update| match cv.0.data().take(1) {
            Ok(()) => update(cv.1),
            Err(e) => Box::new(std::iter::once(Err(Exn::from(e)))),
        });
    (TICK, v(0), native)
}

/// The error of an empty tank. The counter stays at zero, so a program cannot catch it and go on.
pub fn exhausted() -> Error<Val> {
    Error::str("the expression does not end: it has used up its fuel")
}

/// jq's own definitions, rewritten once.
pub fn prelude() -> impl Iterator<Item = Def<&'static str>> {
    static DEFS: LazyLock<Vec<Def<&'static str>>> = LazyLock::new(|| {
        let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let mut defs: Vec<_> = defs.filter(|def| !denied(def.name)).map(definition).collect();
        // `range/3` is native: each of its outputs takes fuel.
        defs.insert(
            0,
            Def {
                name: RANGE,
                args: vec!["$from", "$to", "$by"],
                body: pipe(
                    Term::Call(RANGE_NATIVE, vec![Term::Var("$from"), Term::Var("$to"), Term::Var("$by")]),
                    Term::Call(TICK, vec![]),
                ),
            },
        );
        defs
    });
    DEFS.iter().cloned()
}

/// A definition that takes fuel when it is called.
fn definition(def: Def<&str>) -> Def<&str> {
    Def { name: def.name, args: def.args, body: pipe(Term::Call(TICK, vec![]), term(def.body)) }
}

fn pipe<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
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
        Term::Recurse => Term::Call("recurse", vec![]),
        Term::Str(format, parts) => Term::Str(format, parts.into_iter().map(part_of_string).collect()),
        Term::Arr(items) => Term::Arr(items.map(boxed)),
        Term::Obj(members) => Term::Obj(members.into_iter().map(|(k, v)| (term(k), v.map(term))).collect()),
        Term::Neg(inner) => Term::Neg(boxed(inner)),
        Term::BinOp(l, BinaryOp::Pipe(Some(p)), r) => Term::BinOp(boxed(l), BinaryOp::Pipe(Some(pattern(p))), boxed(r)),
        Term::BinOp(l, op, r) => Term::BinOp(boxed(l), op, boxed(r)),
        Term::Label(name, inner) => Term::Label(name, boxed(inner)),
        Term::Fold(name, source, p, args) => {
            Term::Fold(name, Box::new(pipe(term(*source), Term::Call(TICK, vec![]))), pattern(p), terms(args))
        }
        Term::TryCatch(inner, catch) => Term::TryCatch(boxed(inner), catch.map(boxed)),
        Term::IfThenElse(cases, otherwise) => {
            Term::IfThenElse(cases.into_iter().map(|(c, t)| (term(c), term(t))).collect(), otherwise.map(boxed))
        }
        Term::Def(defs, inner) => Term::Def(defs.into_iter().map(definition).collect(), boxed(inner)),
        Term::Call(name, args) => Term::Call(name, terms(args)),
        Term::Path(head, Path(parts)) => {
            let part = |part| match part {
                Part::Index(index) => Part::Index(term(index)),
                Part::Range(from, to) => Part::Range(from.map(term), to.map(term)),
            };
            Term::Path(boxed(head), Path(parts.into_iter().map(|(p, opt)| (part(p), opt)).collect()))
        }
        leaf @ (Term::Id | Term::Num(_) | Term::Break(_) | Term::Var(_)) => leaf,
    }
}

fn part_of_string<'s>(part: StrPart<&'s str, Term<&'s str>>) -> StrPart<&'s str, Term<&'s str>> {
    match part {
        StrPart::Term(t) => StrPart::Term(term(t)),
        text => text,
    }
}

fn pattern(p: Pattern<&str>) -> Pattern<&str> {
    match p {
        Pattern::Var(name) => Pattern::Var(name),
        Pattern::Arr(items) => Pattern::Arr(items.into_iter().map(pattern).collect()),
        Pattern::Obj(members) => Pattern::Obj(members.into_iter().map(|(k, v)| (term(k), pattern(v))).collect()),
    }
}

/// What a walk over a program meets.
pub enum Met<'t, 's> {
    Variable(&'s str),
    Call(&'s str, usize),
    Definition(&'t Def<&'s str>),
}

/// Calls the function with everything that the program names or defines; it decides itself whether to look into a definition.
pub fn walk<'t, 's>(t: &'t Term<&'s str>, see: &mut dyn FnMut(Met<'t, 's>)) {
    match t {
        Term::Var(name) => see(Met::Variable(name)),
        Term::Str(_, parts) => parts.iter().for_each(|p| {
            if let StrPart::Term(t) = p {
                walk(t, see);
            }
        }),
        Term::Arr(Some(t)) | Term::Neg(t) | Term::Label(_, t) => walk(t, see),
        Term::Obj(members) => members.iter().for_each(|(k, v)| {
            walk(k, see);
            // `{$x}` is a key without a value.
            v.iter().for_each(|v| walk(v, see));
        }),
        Term::BinOp(l, op, r) => {
            walk(l, see);
            if let BinaryOp::Pipe(Some(p)) = op {
                in_pattern(p, see);
            }
            walk(r, see);
        }
        Term::Fold(_, source, p, args) => {
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
