//! Programs that are certain to look inside a secret, found before they run.
//!
//! A walk that follows what `$secrets.…` flows into. It knows little on purpose: what it does not know may be anything, and is passed. What gets past
//! it fails when it is evaluated (`guard`).

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::ops::{Cmp, Math};
use jaq_core::path::{Part, Path};

use super::compile::offset_of;
use super::harden::{self, Met};

/// Where a program looks inside a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Byte in the source.
    pub offset: usize,
    /// What does it: `` `length` ``, "a slice".
    pub what: String,
}

/// Functions that look at the characters of their input.
const LOOK: [&str; 36] = [
    "length",
    "utf8bytelength",
    "explode",
    "test",
    "match",
    "capture",
    "scan",
    "split",
    "splits",
    "sub",
    "gsub",
    "startswith",
    "endswith",
    "ltrimstr",
    "rtrimstr",
    "trimstr",
    "trim",
    "ltrim",
    "rtrim",
    "ascii_downcase",
    "ascii_upcase",
    "contains",
    "inside",
    "index",
    "rindex",
    "indices",
    "tonumber",
    "toboolean",
    "fromjson",
    "tobytes",
    "fromdate",
    "fromdateiso8601",
    "strptime",
    "@base64d",
    "@urid",
    "@htmld",
];

/// Functions that give their input back, or what waits for its value.
const PASS: [&str; 8] = ["tostring", "tojson", "@text", "@json", "@base64", "@uri", "@html", "@sh"];

/// What is known of a value.
#[derive(Clone, Copy, PartialEq)]
enum Shape<'s> {
    Unknown,
    /// `$secrets` itself.
    All(&'s str),
    /// Text with a secret in it, which came from the `$secrets` that stands there.
    Secret(&'s str),
}

struct Walk<'s> {
    source: &'s str,
    found: Option<Look>,
    /// Variables in scope, the innermost last.
    variables: Vec<(&'s str, Shape<'s>)>,
    /// Names that the program defines itself: they may do anything.
    defined: Vec<&'s str>,
}

/// The first look inside a secret in the program.
pub fn look<'s>(source: &'s str, t: &Term<&'s str>) -> Option<Look> {
    if !source.contains("$secrets") {
        return None;
    }
    let mut defined = Vec::new();
    harden::walk(t, &mut |met| {
        if let Met::Definition(def) = met {
            defined.push(def.name);
        }
    });
    let mut walk = Walk { source, found: None, variables: Vec::new(), defined };
    walk.term(t, Shape::Unknown);
    walk.found
}

impl<'s> Walk<'s> {
    fn report(&mut self, at: &'s str, what: impl Into<String>) {
        let look = offset_of(self.source, at).map(|offset| Look { offset, what: what.into() });
        self.found = self.found.take().or(look);
    }

    fn variable(&self, name: &'s str) -> Shape<'s> {
        match self.variables.iter().rev().find(|(known, _)| *known == name) {
            Some((_, shape)) => *shape,
            None if name == "$secrets" => Shape::All(name),
            None => Shape::Unknown,
        }
    }

    /// The shape of what a term gives for this input.
    fn term(&mut self, t: &Term<&'s str>, input: Shape<'s>) -> Shape<'s> {
        match t {
            Term::Id => input,
            Term::Var(name) => self.variable(name),
            Term::Str(format, parts) => self.text(*format, parts, input),
            Term::Path(head, Path(parts)) => self.path(head, parts, input),
            Term::BinOp(l, op, r) => self.operation(l, op, r, input),
            Term::Call(name, args) => self.call(name, args, input),
            Term::IfThenElse(cases, otherwise) => {
                let mut shapes = vec![];
                for (condition, then) in cases {
                    self.term(condition, input);
                    shapes.push(self.term(then, input));
                }
                shapes.push(otherwise.as_ref().map_or(input, |otherwise| self.term(otherwise, input)));
                agreed(&shapes)
            }
            Term::TryCatch(t, catch) => {
                self.term(t, input);
                catch.iter().for_each(|catch| {
                    self.term(catch, Shape::Unknown);
                });
                Shape::Unknown
            }
            Term::Obj(members) => {
                for (key, value) in members {
                    if let Shape::Secret(at) = self.term(key, input) {
                        self.report(at, "the key of an object");
                    }
                    value.iter().for_each(|value| {
                        self.term(value, input);
                    });
                }
                Shape::Unknown
            }
            Term::Arr(Some(t)) | Term::Neg(t) => {
                self.term(t, input);
                Shape::Unknown
            }
            Term::Label(_, t) => self.term(t, input),
            Term::Fold(_, source, p, args) => {
                let item = self.term(source, input);
                let scope = self.variables.len();
                self.bind(p, item);
                args.iter().for_each(|t| {
                    self.term(t, Shape::Unknown);
                });
                self.variables.truncate(scope);
                Shape::Unknown
            }
            Term::Def(defs, t) => {
                for def in defs {
                    let scope = self.variables.len();
                    self.variables.extend(def.args.iter().map(|arg| (*arg, Shape::Unknown)));
                    self.term(&def.body, Shape::Unknown);
                    self.variables.truncate(scope);
                }
                self.term(t, input)
            }
            Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Arr(None) => Shape::Unknown,
        }
    }

    fn bind(&mut self, p: &Pattern<&'s str>, shape: Shape<'s>) {
        match p {
            Pattern::Var(name) => self.variables.push((name, shape)),
            Pattern::Arr(items) => items.iter().for_each(|p| self.bind(p, Shape::Unknown)),
            Pattern::Obj(members) => members.iter().for_each(|(_, p)| {
                self.bind(p, if let Shape::All(at) = shape { Shape::Secret(at) } else { Shape::Unknown });
            }),
        }
    }

    fn text(&mut self, format: Option<&'s str>, parts: &[StrPart<&'s str, Term<&'s str>>], input: Shape<'s>) -> Shape<'s> {
        let mut shape = Shape::Unknown;
        for part in parts {
            let StrPart::Term(t) = part else { continue };
            let part = self.term(t, input);
            let part = format.map_or(part, |format| self.called(format, part));
            if let Shape::Secret(_) = part {
                shape = part;
            }
        }
        shape
    }

    fn path(&mut self, head: &Term<&'s str>, parts: &[(Part<Term<&'s str>>, jaq_core::path::Opt)], input: Shape<'s>) -> Shape<'s> {
        let mut shape = self.term(head, input);
        for (part, _) in parts {
            shape = match part {
                Part::Index(index) => {
                    if let Shape::Secret(at) = self.term(index, input) {
                        self.report(at, "an index");
                    }
                    if let Shape::All(at) = shape { Shape::Secret(at) } else { Shape::Unknown }
                }
                Part::Range(None, None) => {
                    if let Shape::All(at) = shape {
                        Shape::Secret(at)
                    } else {
                        Shape::Unknown
                    }
                }
                Part::Range(from, to) => {
                    from.iter().chain(to).for_each(|t| {
                        self.term(t, input);
                    });
                    if let Shape::Secret(at) = shape {
                        self.report(at, "a slice");
                    }
                    Shape::Unknown
                }
            };
        }
        shape
    }

    fn operation(&mut self, l: &Term<&'s str>, op: &BinaryOp<&'s str>, r: &Term<&'s str>, input: Shape<'s>) -> Shape<'s> {
        let left = self.term(l, input);
        let scope = self.variables.len();
        let right_input = match op {
            BinaryOp::Pipe(None) => left,
            BinaryOp::Pipe(Some(p)) => {
                self.bind(p, left);
                input
            }
            BinaryOp::Update => Shape::Unknown,
            _ => input,
        };
        let right = self.term(r, right_input);
        self.variables.truncate(scope);
        match op {
            BinaryOp::Pipe(_) => right,
            BinaryOp::Comma => agreed(&[left, right]),
            // Text is true, so it is what comes out.
            BinaryOp::Alt => left,
            BinaryOp::Math(Math::Add) => {
                [left, right].into_iter().find(|shape| matches!(shape, Shape::Secret(_))).unwrap_or(Shape::Unknown)
            }
            BinaryOp::Math(Math::Div) => {
                if let (Shape::Secret(at), _) | (_, Shape::Secret(at)) = (left, right) {
                    self.report(at, "`/`");
                }
                Shape::Unknown
            }
            BinaryOp::Cmp(op) => {
                self.comparison(*op, (l, left), (r, right));
                Shape::Unknown
            }
            _ => Shape::Unknown,
        }
    }

    fn comparison(&mut self, op: Cmp, (l, left): (&Term<&'s str>, Shape<'s>), (r, right): (&Term<&'s str>, Shape<'s>)) {
        let (at, other) = match (left, right) {
            (Shape::Secret(at), _) => (at, r),
            (_, Shape::Secret(at)) => (at, l),
            _ => return,
        };
        let both = matches!((left, right), (Shape::Secret(_), Shape::Secret(_)));
        if both && format!("{l:?}") == format!("{r:?}") {
            return;
        }
        let empty = matches!(other, Term::Str(None, parts) if parts.is_empty());
        let is_text = matches!(other, Term::Str(..)) && (!empty || matches!(op, Cmp::Eq | Cmp::Ne));
        if both || is_text {
            let sign = match op {
                Cmp::Eq => "==",
                Cmp::Ne => "!=",
                Cmp::Lt => "<",
                Cmp::Le => "<=",
                Cmp::Gt => ">",
                Cmp::Ge => ">=",
            };
            self.report(at, format!("`{sign}`"));
        }
    }

    fn call(&mut self, name: &'s str, args: &[Term<&'s str>], input: Shape<'s>) -> Shape<'s> {
        if name == "select" && args.len() == 1 && !self.defined.contains(&name) {
            self.term(&args[0], input);
            return input;
        }
        let looks = self.looks(name);
        for (at, arg) in args.iter().enumerate() {
            // Replacements are put in as they are.
            let looks = looks && !(matches!(name, "sub" | "gsub") && at == 1);
            // Arguments of what is not known may get any input.
            let shape = self.term(arg, if looks { input } else { Shape::Unknown });
            if let (true, Shape::Secret(_)) = (looks, shape) {
                self.report(name, format!("`{name}`"));
            }
        }
        self.called(name, input)
    }

    fn called(&mut self, name: &'s str, input: Shape<'s>) -> Shape<'s> {
        let Shape::Secret(_) = input else { return Shape::Unknown };
        if self.looks(name) {
            self.report(name, format!("`{name}`"));
        }
        if PASS.contains(&name) && !self.defined.contains(&name) { input } else { Shape::Unknown }
    }

    fn looks(&self, name: &str) -> bool {
        LOOK.contains(&name) && !self.defined.contains(&name)
    }
}

/// What all of several agree on.
fn agreed<'s>(shapes: &[Shape<'s>]) -> Shape<'s> {
    match shapes {
        [first, rest @ ..] if rest.iter().all(|shape| matches!((first, shape), (Shape::Secret(_), Shape::Secret(_)))) => *first,
        _ => Shape::Unknown,
    }
}
