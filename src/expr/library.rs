//! What of jq there is.
//!
//! Left out: whatever reads the clock, the time zone or the environment, ends the process, or prints. What remains is charged: jq's definitions are
//! rewritten like any program, and each native stands behind a definition of its name that takes fuel first.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jaq_core::Bind;
use jaq_core::load::parse::{Def, Term};
use jaq_core::native::Fun;

use super::cost::{self, CHARGE, SHALLOW, TICK, WEIGH};
use super::eval::Kind;
use super::harden::{self, Met, call, pipe};

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

/// Natives that walk their input or arguments, however deep and however often parts are shared.
const LOOK_INSIDE: [&str; 10] =
    ["tojson", "contains", "indices", "has", "bsearch", "sort", "sort_by", "group_by", "min_by_or_empty", "max_by_or_empty"];

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
    let own = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    defs.extend(own.filter(|def| denied(def.name).is_none()).map(harden::definition));
    let mut by_name: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, def) in defs.iter().enumerate() {
        by_name.entry(def.name).or_default().push(at);
    }
    Library { defs, by_name, inner }
});

/// Natives that take no fuel by themselves.
fn charged() -> impl Iterator<Item = Fun<Kind>> {
    let range = jaq_core::funs().filter(|(name, args, _)| *name == "range" && args.len() == 3);
    range.chain(jaq_std::funs()).chain(jaq_json::funs()).filter(|(name, _, _)| denied(name).is_none())
}

fn guarded(name: &'static str, behind: &'static str, args: &[Bind]) -> Def<&'static str> {
    const VARIABLES: [&str; 3] = ["$a", "$b", "$c"];
    const FILTERS: [&str; 3] = ["a", "b", "c"];
    let looks_inside = LOOK_INSIDE.contains(&name);
    let named: Vec<(&str, Term<&str>)> = args
        .iter()
        .zip(VARIABLES.into_iter().zip(FILTERS))
        .map(|(arg, (variable, filter))| match arg {
            Bind::Var(()) => (variable, Term::Var(variable)),
            Bind::Fun(()) => (filter, call(filter)),
        })
        .collect();
    let (args, given): (Vec<&str>, Vec<Term<&str>>) =
        named.into_iter().map(|(name, given)| (name, if looks_inside { pipe(given, call(WEIGH)) } else { given })).unzip();
    let native = Term::Call(behind, given);
    let body = match name {
        // Each of its outputs is a round.
        "range" => pipe(native, call(TICK)),
        "fromjson" => pipe(call(SHALLOW), native),
        _ => pipe(call(if looks_inside { WEIGH } else { CHARGE }), native),
    };
    Def { name, args, body }
}

/// The natives of jq less the denied ones, and ours.
pub fn natives() -> impl Iterator<Item = Fun<Kind>> {
    let plain = jaq_core::funs().filter(|(name, args, _)| !(*name == "range" && args.len() == 3));
    let behind = charged().map(|(name, args, native)| (LIBRARY.inner.get(name).copied().unwrap_or(name), args, native));
    plain.chain(behind).chain(cost::natives())
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
