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

use crate::engine::flow::{Done, Stop};
use crate::engine::race::{Next, together};
use crate::engine::strand::Strand;
use crate::engine::view::View;
use crate::expr::Data;
use crate::plan::{Fork, Then};

type Branch<'f> = LocalBoxFuture<'f, Result<(Data, Then), Stop>>;

pub(super) async fn run(view: &View<'_>, fork: &Fork) -> Result<Done, Stop> {
    let count = fork.branches.len();
    let strands: Vec<Strand> = fork.branches.iter().map(|_| view.strand.branch(count)).collect();
    let branches = fork.branches.iter().zip(&strands).map(|(id, strand)| {
        let task = view.run.plan.task(*id);
        Box::pin(view.run.task(task, strand, view.input.clone())) as Branch<'_>
    });
    let mut race = Race { compete: fork.compete, outputs: vec![Data::null(); count], settled: None, first_fault: None };
    together(branches.collect(), |index, ended| {
        if !race.take(index, ended) {
            return Next::Wait;
        }
        for strand in &strands {
            strand.scope.cancel();
        }
        Next::LookAgain
    })
    .await;
    for strand in &strands {
        view.strand.pace.absorb(&strand.pace);
    }
    if view.strand.scope.is_cancelled() {
        return Err(Stop::Cancelled);
    }
    race.result(&view.input)
}

struct Race {
    compete: bool,
    /// In declaration order.
    outputs: Vec<Data>,
    /// What decided the task before all branches had ended.
    settled: Option<Result<Data, Stop>>,
    first_fault: Option<Stop>,
}

impl Race {
    /// Notes how a branch ended; true when that settles the task.
    fn take(&mut self, index: usize, ended: Result<(Data, Then), Stop>) -> bool {
        if self.settled.is_some() {
            return false;
        }
        match ended {
            Ok((output, Then::End)) => self.settled = Some(Err(Stop::End(output))),
            Ok((output, _)) if self.compete => self.settled = Some(Ok(output)),
            Ok((output, _)) => self.outputs[index] = output,
            Err(stop @ Stop::Fault(_)) if self.compete => {
                self.first_fault.get_or_insert(stop);
            }
            Err(stop) => self.settled = Some(Err(stop)),
        }
        self.settled.is_some()
    }

    fn result(self, input: &Data) -> Result<Done, Stop> {
        match (self.settled, self.first_fault) {
            (Some(settled), _) => Ok(settled?.into()),
            (None, Some(fault)) => Err(fault),
            (None, None) if self.compete => Ok(input.clone().into()), // a race of none
            (None, None) => Ok(Data::array(self.outputs).into()),
        }
    }
}
