//! What of jq there is.
//!
//! Beside jaq's there are a few of jq's that it lacks (`defs.jq`). Left out: whatever reads the clock, the time zone or the environment, ends the process, or prints. What remains is charged: jq's definitions are
//! rewritten like any program, and each native stands behind a definition of its name that takes fuel first.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jaq_core::Bind;
use jaq_core::load::parse;
use jaq_core::load::parse::{Def, Term};
use jaq_core::native::Fun;

use super::cost::{self, PAIR, ROUNDS, SHALLOW, STEP, TICK};
use super::eval::Kind;
use super::guard::{self, IN_JSON, INSIDE, KEY, NUMBER, PLAIN, READ, ZONELESS};
use super::harden::{self, Met, call, pipe};
use super::{compare, copies, regex};

/// Name, and why it is not there.
pub const DENIED: [(&str, &str); 15] = [
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
];

/// Natives that compare values in full, or write them out when they cannot use them.
const LOOK_INSIDE: [&str; 9] = ["contains", "indices", "bsearch", "sort", "tobytes", "mktime", "strftime", "gmtime", "todateiso8601"];

/// Of jaq's core: what copies its input.
const COPY: [&str; 2] = ["keys_unsorted", "key_values"];

/// Under these, a program can come to any depth: they call themselves, or fold over a path.
const LOOPS: [&str; 9] = ["recurse", "repeat", "until", "while", "getpath", "setpath", "delpaths", "pick", "combinations"];

pub fn denied(name: &str) -> Option<&'static str> {
    DENIED.iter().find(|(denied, _)| *denied == name).map(|(_, why)| *why)
}

pub fn loops(name: &str) -> bool {
    LOOPS.contains(&name)
}

/// jq's definitions as they are compiled, and for each name the definitions that it needs.
struct Library {
    defs: Vec<Def<&'static str>>,
    by_name: BTreeMap<&'static str, Vec<usize>>,
    /// The names under which natives stand behind definitions of ours.
    inner: BTreeMap<&'static str, &'static str>,
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let mut inner = BTreeMap::new();
    let mut defs = Vec::new();
    for (name, args, _) in charged() {
        // Once in a process.
        let behind: &'static str = format!("__{name}").leak();
        inner.insert(name, behind);
        defs.push(guarded(name, behind, &args));
    }
    let theirs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    // A test compiles each of them: were the text no jq, they would not be there.
    let ours = parse(include_str!("defs.jq"), |parser| parser.defs()).unwrap_or_default();
    defs.extend(theirs.chain(ours).filter(|def| denied(def.name).is_none()).map(harden::definition));
    let mut by_name: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, def) in defs.iter().enumerate() {
        by_name.entry(def.name).or_default().push(at);
    }
    Library { defs, by_name, inner }
});

/// Natives that take no fuel by themselves, or not for what they are given.
fn charged() -> impl Iterator<Item = Fun<Kind>> {
    let replaced: Vec<&str> = guard::deferring().chain(regex::natives()).map(|(name, _, _)| name).collect();
    let core = jaq_core::funs().filter(|(name, args, _)| is_charged(name, args));
    let others = jaq_std::funs().chain(jaq_json::funs()).filter(move |(name, _, _)| denied(name).is_none() && !replaced.contains(name));
    core.chain(others).chain(regex::natives())
}

fn is_charged(name: &str, args: &[Bind]) -> bool {
    (name == "range" && args.len() == 3) || COPY.contains(&name)
}

/// A definition that lets a native have what is fit for it, and pays for it.
fn guarded(name: &'static str, behind: &'static str, args: &[Bind]) -> Def<&'static str> {
    const VARIABLES: [&str; 3] = ["$a", "$b", "$c"];
    const FILTERS: [&str; 3] = ["a", "b", "c"];
    let looks_inside = LOOK_INSIDE.contains(&name);
    let mut given = Vec::new();
    let mut names = Vec::new();
    for (at, arg) in args.iter().enumerate() {
        let (called, fit) = match arg {
            // The filter runs once for each item, and what it gives is compared.
            Bind::Fun(()) => (FILTERS[at], pipe(call(TICK), pipe(call(FILTERS[at]), call(INSIDE)))),
            Bind::Var(()) => {
                let guard = match (name, at) {
                    ("range", _) => NUMBER,
                    ("has", _) => KEY,
                    ("jn" | "yn", 0) => ROUNDS,
                    ("strptime", _) => ZONELESS,
                    _ if looks_inside => INSIDE,
                    _ => PLAIN,
                };
                (VARIABLES[at], pipe(Term::Var(VARIABLES[at]), call(guard)))
            }
        };
        names.push(called);
        given.push(fit);
    }
    let native = Term::Call(behind, given);
    let body = match name {
        // Each of its outputs is a round, and may be longer than the one before.
        "range" => pipe(native, call(STEP)),
        "fromjson" => pipe(pipe(call(SHALLOW), native), call(READ)),
        "tojson" => pipe(call(IN_JSON), native),
        // A key is looked up, whatever there is.
        "has" => native,
        // Each with each.
        "contains" | "indices" => {
            let pair = Term::Call(PAIR, vec![Term::Var(VARIABLES[0])]);
            pipe(call(INSIDE), pipe(pair, native))
        }
        _ => pipe(call(if looks_inside { INSIDE } else { PLAIN }), native),
    };
    Def { name, args: names, body }
}

/// The natives of jq less the denied ones, and ours.
pub fn natives() -> impl Iterator<Item = Fun<Kind>> {
    let plain = jaq_core::funs().filter(|(name, args, _)| !is_charged(name, args));
    let behind = charged().map(|(name, args, native)| (LIBRARY.inner.get(name).copied().unwrap_or(name), args, native));
    plain
        .chain(behind)
        .chain(cost::natives())
        .chain(compare::natives())
        .chain(copies::natives())
        .chain(guard::natives())
        .chain(guard::deferring())
}

/// The definitions that a program needs, in their order: a tenth of all, as a rule, and compiling them is most of the work.
pub fn needed(term: &Term<&str>) -> Vec<Def<&'static str>> {
    // The compiler itself writes calls of this one.
    let mut open = vec!["!empty"];
    let mut named: Vec<&str> = Vec::new();
    harden::walk(term, &mut |met| {
        if let Met::Call(name, _) = met {
            named.push(name);
        }
    });
    let mut wanted = vec![false; LIBRARY.defs.len()];
    let known = |name: &str| LIBRARY.by_name.get_key_value(name).map(|(name, _)| *name);
    open.extend(named.into_iter().filter_map(known));
    while let Some(name) = open.pop() {
        for at in LIBRARY.by_name.get(name).into_iter().flatten() {
            if !std::mem::replace(&mut wanted[*at], true) {
                harden::walk(&LIBRARY.defs[*at].body, &mut |met| {
                    if let Met::Call(name, _) = met {
                        open.push(name);
                    }
                });
            }
        }
    }
    LIBRARY.defs.iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(def, _)| def.clone()).collect()
}

/// All names that a program may call.
pub fn names() -> impl Iterator<Item = &'static str> {
    let natives = jaq_core::funs::<Kind>().map(|(name, _, _)| name);
    LIBRARY.by_name.keys().copied().chain(natives).filter(|name| !name.starts_with(['_', '!']))
}
