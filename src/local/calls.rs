//! Who makes a local run's calls.

use futures::future::LocalBoxFuture;

use super::clock::Clock;
use crate::effects::EffectError;
use crate::engine::host::Call;
use crate::expr::Data;

/// Makes calls. The future is dropped when the call is cancelled or its time is up; whatever waits in it should wait on `clock`, so that it
/// takes no time in virtual time.
pub trait Calls {
    fn call(&self, call: Call, clock: &Clock) -> LocalBoxFuture<'static, Result<Data, EffectError>>;
}
