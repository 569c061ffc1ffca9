//! Which variables an expression may name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Builder;
use crate::dsl::{Name, Problem, codes};
use crate::plan::{BUILTIN_VARIABLES, Plan, slot};

/// Where an expression stands, which decides what exists when it is evaluated (specification, "Runtime Expression Arguments").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    WorkflowInput,
    WorkflowOutput,
    /// `if` and `input.from`: before the task's input is made.
    TaskInput,
    /// What the task does, `switch`, `catch` and `timeout` included.
    Task,
    TaskOutput,
    Export,
}

impl Place {
    /// Variables that exist here besides loop and catch variables. `$data` and `$env` are this runtime's own.
    fn slots(self) -> &'static [usize] {
        use slot::{AUTHORIZATION, CONTEXT, DATA, ENV, INPUT, OUTPUT, RUNTIME, SECRETS, TASK, WORKFLOW};
        match self {
            Self::WorkflowInput => &[SECRETS, WORKFLOW, RUNTIME],
            Self::WorkflowOutput => &[CONTEXT, SECRETS, WORKFLOW, RUNTIME],
            Self::TaskInput => &[CONTEXT, SECRETS, TASK, WORKFLOW, RUNTIME, DATA, ENV],
            Self::Task | Self::TaskOutput => &[CONTEXT, INPUT, SECRETS, TASK, WORKFLOW, RUNTIME, AUTHORIZATION, DATA, ENV],
            Self::Export => &[CONTEXT, INPUT, OUTPUT, SECRETS, TASK, WORKFLOW, RUNTIME, AUTHORIZATION, DATA, ENV],
        }
    }

    /// The place in the author's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::WorkflowInput => "the workflow's `input` and `timeout`",
            Self::WorkflowOutput => "the workflow's `output`",
            Self::TaskInput => "`if` and `input.from`",
            Self::Task => "the task itself",
            Self::TaskOutput => "`output.as`",
            Self::Export => "`export.as`",
        }
    }
}

/// Loop and catch variables, the outermost first. Their position is their index from [`Plan::FIRST_LOCAL`] on.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    pub locals: Vec<Arc<str>>,
    /// Of a function that stands elsewhere: `$secrets` is not for its author.
    pub foreign: bool,
}

impl Scope {
    /// Index that the next variable gets.
    pub fn next(&self) -> usize {
        Plan::FIRST_LOCAL + self.locals.len()
    }

    pub fn with(&self, names: &[&Name]) -> Self {
        let added = names.iter().map(|name| name.text.clone());
        Self { locals: self.locals.iter().cloned().chain(added).collect(), foreign: self.foreign }
    }

    /// All variables by name. An inner one hides an outer one of the same name.
    pub fn variables(&self, place: Place) -> Vec<(&str, usize)> {
        let slots = place.slots().iter().filter(|slot| !(self.foreign && **slot == slot::SECRETS));
        let builtin = slots.map(|slot| (BUILTIN_VARIABLES[*slot], *slot));
        let locals = self.locals.iter().enumerate().map(|(at, name)| (&**name, Plan::FIRST_LOCAL + at));
        builtin.chain(locals).collect::<BTreeMap<_, _>>().into_iter().collect()
    }
}

impl Builder<'_, '_> {
    /// Checks the name that a document gives to a loop or catch variable.
    pub(super) fn check_variable(&mut self, name: &Name) {
        let text = &*name.text;
        let mut letters = text.chars();
        let starts = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        let problem = if !starts || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let bare = text.strip_prefix('$').filter(|bare| !bare.is_empty());
            let help = bare.map_or("write letters, digits and underscores, a letter first".to_owned(), |bare| format!("write `{bare}`"));
            Problem::new(codes::BAD_VARIABLE, name.span, format!("`{text}` cannot be the name of a variable")).help(help)
        } else if BUILTIN_VARIABLES.contains(&text) && !["data", "env"].contains(&text) {
            // `$data` and `$env` are no words of the specification: a document that knows nothing of them may use the names.
            Problem::new(codes::BAD_VARIABLE, name.span, format!("`${text}` exists already")).help("give the variable another name")
        } else {
            return;
        };
        self.report.add(problem);
    }
}
