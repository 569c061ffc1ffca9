//! Real and virtual time side by side.

use std::rc::Rc;

use futures::future::LocalBoxFuture;
use serde_json::json;

use super::super::{Calls, Clock};
use super::{Trial, data, trial};
use crate::effects::EffectError;
use crate::engine::host::Call;
use crate::expr::Data;

/// At work in the real world: wakes itself, and has nothing to do with the clock.
struct Busy;

impl Calls for Busy {
    fn call(&self, _call: Call, _clock: &Clock) -> LocalBoxFuture<'static, Result<Data, EffectError>> {
        Box::pin(async {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            Ok(data(json!("done")))
        })
    }
}

#[test]
fn virtual_time_stands_still_while_a_call_is_at_work() {
    let tasks = "do:\n- f:\n    fork:\n      compete: true\n      branches:\n      - call: {call: http, with: {method: get, endpoint: 'https://h.test/'}, timeout: {after: PT1S}}\n      - wait: {wait: {milliseconds: 1}}";
    let mut run = Trial::new(tasks, json!({}));
    run.calls = Rc::new(Busy);
    let report = run.run();
    assert_eq!((report.output(), report.took.is_zero()), (json!("done"), true));
}

#[test]
fn the_real_clock_runs_by_itself() {
    let mut run = Trial::new("do:\n- w: {wait: {milliseconds: 2}}\n- s: {set: {x: 1}}", json!({}));
    run.clock = Clock::real();
    assert_eq!(run.run().output(), json!({"x": 1}));
}

#[test]
fn waits_side_by_side_take_as_long_as_the_longest() {
    let report = trial("do:\n- f: {fork: {branches: [{a: {wait: {days: 2}}}, {b: {wait: {days: 3}}}, {c: {wait: {days: 3}}}]}}", json!({}));
    assert_eq!(report.took.as_secs(), 3 * 86_400);
}
