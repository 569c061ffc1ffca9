//! Programs are rewritten so that they take fuel: by a call of a native of `cost` wherever time, memory or depth can come from.
//!
//! Everything in jq that can go on for ever is made of definitions that call themselves, of `reduce` and `foreach`, and of `range`.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};

use super::cost::{ADD, DIV, MUL, SUB, TICK, WEIGH};

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
        Term::Recurse => pipe(Term::Recurse, call(TICK)),
        Term::Str(format, parts) => Term::Str(format, parts.into_iter().map(part_of_string).collect()),
        Term::Arr(Some(items)) => pipe(Term::Arr(Some(boxed(items))), call(TICK)),
        Term::Obj(members) if members.is_empty() => Term::Obj(members),
        Term::Obj(members) => {
            let members = members.into_iter().map(|(key, value)| match (key, value) {
                // `{$x}` and `{"a"}` are keys whose value the compiler finds.
                (key, None) => (key, None),
                (key, Some(value)) => (weighed(key), Some(term(value))),
            });
            pipe(Term::Obj(members.collect()), call(TICK))
        }
        Term::Neg(inner) => Term::Neg(boxed(inner)),
        Term::BinOp(l, BinaryOp::Pipe(Some(p)), r) => Term::BinOp(boxed(l), BinaryOp::Pipe(Some(pattern(p))), boxed(r)),
        Term::BinOp(l, BinaryOp::Math(op), r) => calculation(op, term(*l), term(*r)),
        Term::BinOp(l, BinaryOp::UpdateMath(op), r) => {
            const BY: &str = "$__by";
            let update = calculation(op, Term::Id, Term::Var(BY));
            let update = Term::BinOp(boxed(l), BinaryOp::Update, Box::new(update));
            Term::BinOp(boxed(r), BinaryOp::Pipe(Some(Pattern::Var(BY))), Box::new(update))
        }
        Term::BinOp(l, BinaryOp::Cmp(op), r) => Term::BinOp(Box::new(weighed(*l)), BinaryOp::Cmp(op), Box::new(weighed(*r))),
        Term::BinOp(l, BinaryOp::Comma, r) => comma(*l, *r),
        Term::BinOp(l, op, r) => Term::BinOp(boxed(l), op, boxed(r)),
        Term::Label(name, inner) => Term::Label(name, boxed(inner)),
        Term::Fold(name, source, p, args) => Term::Fold(name, Box::new(pipe(term(*source), call(TICK))), pattern(p), terms(args)),
        Term::TryCatch(inner, catch) => Term::TryCatch(boxed(inner), catch.map(boxed)),
        Term::IfThenElse(cases, otherwise) => {
            Term::IfThenElse(cases.into_iter().map(|(c, t)| (term(c), term(t))).collect(), otherwise.map(boxed))
        }
        Term::Def(defs, inner) => Term::Def(defs.into_iter().map(definition).collect(), boxed(inner)),
        Term::Call(name, args) => Term::Call(name, terms(args)),
        Term::Path(head, Path(parts)) => {
            let part = |part| match part {
                Part::Index(index) => Part::Index(weighed(index)),
                Part::Range(from, to) => Part::Range(from.map(term), to.map(term)),
            };
            // `.[]` gives many: without this, `.[] | .[] | .[]` would multiply for nothing.
            let iterates = parts.iter().any(|(part, _)| matches!(part, Part::Range(None, None)));
            let path = Term::Path(boxed(head), Path(parts.into_iter().map(|(p, opt)| (part(p), opt)).collect()));
            if iterates { pipe(path, call(TICK)) } else { path }
        }
        leaf @ (Term::Id | Term::Num(_) | Term::Break(_) | Term::Var(_) | Term::Arr(None)) => leaf,
    }
}

/// `a, b, c` gives many, too. The unit stands before each: behind them, a call at the end would be no tail call, and loops would grow the stack.
fn comma<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    let left = match left {
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

/// The same, for a place where a value is compared, hashed or written out.
fn weighed(t: Term<&str>) -> Term<&str> {
    match t {
        Term::Num(_) => t,
        Term::Str(_, ref parts) if !parts.iter().any(|part| matches!(part, StrPart::Term(_))) => t,
        t => pipe(term(t), call(WEIGH)),
    }
}

fn part_of_string<'s>(part: StrPart<&'s str, Term<&'s str>>) -> StrPart<&'s str, Term<&'s str>> {
    match part {
        StrPart::Term(t) => StrPart::Term(weighed(t)),
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
    Fold,
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
            if let BinaryOp::Pipe(Some(p)) = op {
                in_pattern(p, see);
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
