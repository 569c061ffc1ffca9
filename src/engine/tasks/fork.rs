//! `fork`: branches side by side, each one task with the same input.
//!
//! | what ends | without `compete` | with `compete` |
//! |---|---|---|
//! | a branch, with an output | it is kept; the task ends with the last one | it wins: the others are cancelled |
//! | a branch, with a fault | the others are cancelled, the task faults | it is out; the task faults when all are |
//! | a branch, by `then: end` | the others are cancelled, the workflow ends | the same |
//! | the scope around | all are cancelled | the same |
//!
//! A branch stands in no list, so its other directives have nowhere to go. Whoever is cancelled is waited for: nothing of a branch runs after
//! its fork.

use futures::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};

use crate::engine::cursor::{Broken, FrameId, Kept};
use crate::engine::fault::Fault;
use crate::engine::flow::{Done, Stop};
use crate::engine::race::{Next, together};
use crate::engine::run::Run;
use crate::engine::strand::{Spent, Strand};
use crate::engine::view::View;
use crate::expr::Data;
use crate::plan::{Fork, Then};

type Ended<'f> = LocalBoxFuture<'f, Result<(Data, Then), Stop>>;

#[derive(Serialize, Deserialize)]
struct State {
    /// In declaration order.
    branches: Vec<BranchState>,
    first_fault: Option<Fault>,
}

#[derive(Serialize, Deserialize)]
struct BranchState {
    stands: Stands<Kept>,
    pace: Spent,
    data: Option<Kept>,
}

/// Where a branch stands; `T` is its output.
#[derive(Serialize, Deserialize)]
enum Stands<T> {
    /// It runs, from this frame on where there is one.
    At(Option<FrameId>),
    Done(T),
    /// It is out of the race.
    Out,
}

pub(super) async fn run(view: &View<'_>, fork: &Fork) -> Result<Done, Stop> {
    let (run, count) = (view.run, fork.branches.len());
    let strands: Vec<Strand> = fork.branches.iter().map(|_| view.strand.branch(count)).collect();
    let mut race = match view.resumed::<State>()? {
        Some(state) => Race::resumed(run, fork, &strands, state)?,
        None => Race::new(fork),
    };
    let branches = fork.branches.iter().zip(&strands).zip(&race.branches).map(|((id, strand), stands)| {
        let Stands::At(resume) = *stands else { return None };
        Some(Box::pin(run.task(run.plan.task(*id), strand, view.input.clone(), resume)) as Ended<'_>)
    });
    let branches = branches.collect();
    together(branches, |index, ended| {
        if !race.take(index, ended) {
            return Next::Wait;
        }
        for strand in &strands {
            strand.scope.cancel();
        }
        Next::LookAgain
    })
    .await;
    if view.strand.scope.is_cancelled() {
        return Err(Stop::Cancelled);
    }
    if race.suspended && race.settled.is_none() {
        return Err(race.suspend(run, &strands));
    }
    for strand in &strands {
        view.strand.pace.absorb(&strand.pace);
    }
    race.result(&view.input)
}

struct Race {
    compete: bool,
    /// In declaration order.
    branches: Vec<Stands<Data>>,
    /// What decided the task before all branches had ended.
    settled: Option<Result<Data, Stop>>,
    first_fault: Option<Box<Fault>>,
    suspended: bool,
}

impl Race {
    fn new(fork: &Fork) -> Self {
        let branches = fork.branches.iter().map(|_| Stands::At(None)).collect();
        Self { compete: fork.compete, branches, settled: None, first_fault: None, suspended: false }
    }

    fn resumed(run: &Run<'_>, fork: &Fork, strands: &[Strand], state: State) -> Result<Self, Stop> {
        if state.branches.len() != strands.len() {
            return Err(run.broken(Broken("a fork has other branches")));
        }
        let branches = state.branches.into_iter().zip(strands).map(|(branch, strand)| {
            strand.pace.recall(branch.pace);
            run.recall_data(strand, branch.data)?;
            Ok(match branch.stands {
                Stands::At(frame) => Stands::At(frame),
                Stands::Done(output) => Stands::Done(run.kept(output)?),
                Stands::Out => Stands::Out,
            })
        });
        let branches = branches.collect::<Result<_, Stop>>()?;
        Ok(Self { branches, first_fault: state.first_fault.map(Box::new), ..Self::new(fork) })
    }

    /// Notes how a branch ended; true when that settles the task.
    fn take(&mut self, index: usize, ended: Result<(Data, Then), Stop>) -> bool {
        if self.settled.is_some() {
            return false;
        }
        match ended {
            Ok((output, Then::End)) => self.settled = Some(Err(Stop::End(output))),
            Ok((output, _)) if self.compete => self.settled = Some(Ok(output)),
            Ok((output, _)) => self.branches[index] = Stands::Done(output),
            Err(Stop::Fault(fault)) if self.compete => {
                self.branches[index] = Stands::Out;
                self.first_fault.get_or_insert(fault);
            }
            Err(Stop::Suspend(frame)) => {
                self.branches[index] = Stands::At(Some(frame));
                self.suspended = true;
            }
            Err(stop) => self.settled = Some(Err(stop)),
        }
        self.settled.is_some()
    }

    fn result(self, input: &Data) -> Result<Done, Stop> {
        match (self.settled, self.first_fault) {
            (Some(settled), _) => Ok(settled?.into()),
            (None, Some(fault)) => Err(Stop::Fault(fault)),
            (None, None) if self.compete => Ok(input.clone().into()), // a race of none
            (None, None) => {
                let output = |stands| if let Stands::Done(output) = stands { output } else { Data::null() };
                Ok(Data::array(self.branches.into_iter().map(output)).into())
            }
        }
    }

    fn suspend(&self, run: &Run<'_>, strands: &[Strand]) -> Stop {
        let branch = |(stands, strand): (&Stands<Data>, &Strand)| BranchState {
            stands: match stands {
                Stands::At(frame) => Stands::At(*frame),
                Stands::Done(output) => Stands::Done(run.keep(output)),
                Stands::Out => Stands::Out,
            },
            pace: strand.pace.spent(),
            data: run.keep_data(strand),
        };
        let branches = self.branches.iter().zip(strands).map(branch).collect();
        run.suspend(&State { branches, first_fault: self.first_fault.as_deref().cloned() })
    }
}
