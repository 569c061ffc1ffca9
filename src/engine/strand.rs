//! One sequential thread of control: where it is cancelled, which variables it sees, how it names its calls, how far it ran since its last
//! wait.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::host::Scope;
use crate::expr::Data;
use crate::plan::Task;

/// Cheap to clone; a clone with another scope or one more variable is how nesting is expressed.
#[derive(Clone)]
pub(super) struct Strand {
    pub scope: Scope,
    pub pace: Rc<Pace>,
    bindings: Option<Rc<Binding>>,
    data: Rc<RefCell<Data>>,
    frame: Rc<Frame>,
}

impl Strand {
    pub fn root(scope: Scope, data: Data, pace: Pace) -> Self {
        let frame = Rc::new(Frame { around: None, visits: RefCell::default() });
        Self { scope, pace: Rc::new(pace), bindings: None, data: Rc::new(RefCell::new(data)), frame }
    }

    /// The same strand, cancellable by itself.
    pub fn scoped(&self) -> Self {
        Self { scope: self.scope.child(), ..self.clone() }
    }

    /// The same strand with one more variable.
    pub fn bind(&self, index: usize, value: Data) -> Self {
        let binding = Binding { index, value, outer: self.bindings.clone() };
        Self { bindings: Some(Rc::new(binding)), ..self.clone() }
    }

    /// A branch of a fork: its own scope, its own copy of `$data`, its share of the pace.
    pub fn branch(&self, of: usize) -> Self {
        Self { scope: self.scope.child(), pace: Rc::new(self.pace.share(of)), data: self.copy_data(), ..self.clone() }
    }

    /// Iteration `index` of a loop that runs for the `visit`th time: names its calls by the index and has its own copy of `$data`.
    pub fn iteration(&self, index: usize, visit: u32) -> Self {
        let frame = Rc::new(Frame { around: Some((self.frame.clone(), index, visit)), visits: RefCell::default() });
        Self { frame, data: self.copy_data(), ..self.clone() }
    }

    /// The innermost variable of this index.
    pub fn variable(&self, index: usize) -> Option<Data> {
        let mut next = self.bindings.as_ref();
        while let Some(binding) = next {
            if binding.index == index {
                return Some(binding.value.clone());
            }
            next = binding.outer.as_ref();
        }
        None
    }

    pub fn data(&self) -> Data {
        self.data.borrow().clone()
    }

    pub fn change_data(&self, change: impl FnOnce(&Data) -> Data) {
        let changed = change(&self.data.borrow());
        self.data.replace(changed);
    }

    fn copy_data(&self) -> Rc<RefCell<Data>> {
        Rc::new(RefCell::new(self.data()))
    }

    /// Counts a visit of this task in the current iteration, 1 for the first. A function has more than one task of the same reference.
    pub fn visit(&self, task: &Task) -> u32 {
        let mut visits = self.frame.visits.borrow_mut();
        let visit = visits.entry(task.reference.clone()).or_insert(0);
        *visit += 1;
        *visit
    }

    /// The visits of the current iteration.
    pub fn visits(&self) -> Vec<(Arc<str>, u32)> {
        self.frame.visits.borrow().iter().map(|(task, visit)| (task.clone(), *visit)).collect()
    }

    pub fn recall_visits(&self, visits: Vec<(Arc<str>, u32)>) {
        self.frame.visits.replace(visits.into_iter().collect());
    }

    /// The id of a call: `/do/0/loop/for/do/0/get[7][0]#2`. A loop that is entered again carries its own visit (`[7#2]`), so that the
    /// counters of an iteration can go when it ends and no id comes twice.
    pub fn call_id(&self, reference: &str, visit: u32) -> String {
        let mut id = reference.to_owned();
        self.frame.write_path(&mut id);
        if visit > 1 {
            let _ = write!(id, "#{visit}");
        }
        id
    }
}

/// Where in a run a step of a task happened, as far as the task itself does not say it. Texts are made only for those who ask.
pub struct Place<'a> {
    strand: &'a Strand,
    input: &'a Data,
}

impl<'a> Place<'a> {
    pub(super) fn new(strand: &'a Strand, input: &'a Data) -> Self {
        Self { strand, input }
    }

    /// The indexes of the loops around the task, as the ids of its calls have them: `[7][0]`, empty outside of loops.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        self.strand.frame.write_path(&mut path);
        path
    }

    /// The task's raw input.
    #[must_use]
    pub fn input(&self) -> &'a Data {
        self.input
    }
}

struct Binding {
    index: usize,
    value: Data,
    outer: Option<Rc<Binding>>,
}

/// The call counters of one iteration (or of the part outside all loops). At most one entry per task, by reference.
struct Frame {
    /// Enclosing frame, this iteration's index, and the loop's visit.
    around: Option<(Rc<Frame>, usize, u32)>,
    visits: RefCell<BTreeMap<Arc<str>, u32>>,
}

impl Frame {
    fn write_path(&self, out: &mut String) {
        let Some((outer, index, visit)) = &self.around else { return };
        outer.write_path(out);
        let _ = match visit {
            0 | 1 => write!(out, "[{index}]"),
            again => write!(out, "[{index}#{again}]"),
        };
    }
}

/// What a strand used up of its pace since its last wait.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Spent {
    steps: u32,
    fuel: u64,
}

/// How far a strand ran since its last wait. Kept per strand, so that where it pauses depends on nothing but its own history: replay may
/// hand over several results at once that came one by one.
pub(super) struct Pace {
    step_limit: u32,
    fuel_limit: u64,
    steps: Cell<u32>,
    fuel: Cell<u64>,
}

impl Pace {
    /// A branch may always run this many steps, however many branches share.
    const LEAST_STEPS: u32 = 16;

    pub fn new(step_limit: u32, fuel_limit: u64) -> Self {
        Self { step_limit, fuel_limit, steps: Cell::new(0), fuel: Cell::new(0) }
    }

    /// Counts a step; false when the strand must pause before it.
    pub fn step(&self) -> bool {
        let steps = self.steps.get();
        let may = steps < self.step_limit && self.fuel.get() < self.fuel_limit;
        if may {
            self.steps.set(steps + 1);
        }
        may
    }

    pub fn spend(&self, fuel: u64) {
        self.fuel.set(self.fuel.get().saturating_add(fuel));
    }

    /// After a wait that went through the host.
    pub fn rest(&self) {
        self.steps.set(0);
        self.fuel.set(0);
    }

    pub fn spent(&self) -> Spent {
        Spent { steps: self.steps.get(), fuel: self.fuel.get() }
    }

    pub fn recall(&self, spent: Spent) {
        self.steps.set(spent.steps);
        self.fuel.set(spent.fuel);
    }

    /// All branches together get no more than one strand has.
    fn share(&self, of: usize) -> Self {
        let parts = u32::try_from(of.max(1)).unwrap_or(u32::MAX);
        Self::new((self.step_limit / parts).max(Self::LEAST_STEPS), (self.fuel_limit / u64::from(parts)).max(1))
    }

    /// What a branch did since its last wait counts for the strand that it joins.
    pub fn absorb(&self, branch: &Self) {
        self.steps.set(self.steps.get().saturating_add(branch.steps.get()));
        self.spend(branch.fuel.get());
    }
}

#[cfg(test)]
mod tests {
    use std::any::Any;

    use super::*;
    use crate::engine::host::Cancel;

    struct NoScope;

    impl Cancel for NoScope {
        fn child(&self) -> Scope {
            Rc::new(Self)
        }

        fn cancel(&self) {}

        fn is_cancelled(&self) -> bool {
            false
        }

        fn as_any(&self) -> &dyn Any {
            self
        }
    }

    fn root() -> Strand {
        Strand::root(Rc::new(NoScope), Data::empty_object(), Pace::new(100, 1_000))
    }

    #[test]
    fn a_call_is_named_by_reference_iterations_and_visit() {
        let root = root();
        let (outer, inner) = (root.iteration(7, 1), root.iteration(7, 1).iteration(0, 2));
        assert_eq!(root.call_id("/do/0/a", 1), "/do/0/a");
        assert_eq!(root.call_id("/do/0/a", 3), "/do/0/a#3");
        assert_eq!(outer.call_id("/do/0/a", 2), "/do/0/a[7]#2");
        assert_eq!(inner.call_id("/do/0/a", 1), "/do/0/a[7][0#2]");
        let task = crate::engine::progress::tests::task(4);
        assert_eq!((outer.visit(&task), outer.branch(2).visit(&task), root.visit(&task), inner.visit(&task)), (1, 2, 1, 1));
    }

    #[test]
    fn inner_variables_hide_outer_ones() {
        let outer = root().bind(10, Data::from(1)).bind(11, Data::from(2));
        let inner = outer.bind(10, Data::from(3));
        assert_eq!((outer.variable(10), inner.variable(10), inner.variable(11)), (Some(1.into()), Some(3.into()), Some(2.into())));
        assert_eq!(inner.variable(12), None);
    }

    #[test]
    fn iterations_and_branches_keep_their_own_data() {
        let root = root();
        for copy in [root.iteration(0, 1), root.branch(1)] {
            copy.change_data(|data| data.with("x", Data::from(1)));
            assert_eq!((copy.data().get("x"), root.data().get("x")), (Some(1.into()), None));
        }
        root.scoped().change_data(|data| data.with("x", Data::from(2)));
        assert_eq!(root.data().get("x"), Some(2.into()));
    }

    #[test]
    fn a_pace_allows_its_steps_and_fuel_and_no_more() {
        let pace = Pace::new(3, 10);
        assert_eq!([(); 4].map(|()| pace.step()), [true, true, true, false]);
        pace.rest();
        pace.spend(9);
        assert!(pace.step());
        pace.spend(1);
        assert!(!pace.step());
        let branch = Pace::new(64, 10).share(2);
        assert_eq!((0..40).filter(|_| branch.step()).count(), 32);
        pace.rest();
        pace.absorb(&branch);
        assert!(!pace.step(), "what a branch did counts for the strand it joins");
    }
}
