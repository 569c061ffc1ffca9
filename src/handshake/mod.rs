//! The token handshake: an activity hands its task token to work that outlives it, and whoever ends that work completes the activity.
//!
//! ```text
//! attempt n of the caller's activity
//!    │ start::start_or_attach ── child started ──> returns pending
//!    │                        ── child runs ─────> signal::signal_callback, returns pending
//!    │                        ── child closed ───> closed::read: outcome at once, or run again
//! child ── deliver::deliver ──> caller completed   (by token, then by id)
//!    └──── watch::Wheel ──────> child told: caller gone, or cancel asked for; caller told: child gone without a word
//!          sweep::Sweep ──────> caller told, where no watch could see it
//! child's own pending activity ── reconcile::end_pending ──> ended by id
//! ```
//!
//! | verb | file | what it must keep |
//! |---|---|---|
//! | name the activity | `token`, `callback` | a token is never printed; a bad one is refused before any work |
//! | start | `start`, `signal`, `closed`, `deadline` | one child, never two; it does not outlive its caller |
//! | deliver | `deliver`, `look`, `outcome` | exactly once, by the newest callback, whatever is lost on the way |
//! | watch | `watch`, `sweep` | nobody waits for a dead child, no child works for a dead caller |
//! | reconcile | `reconcile` | the agent's own status is the truth |
//! | operate | `operator` | an operator sees what Temporal knows, and nothing else |
//! | steer | `control` | a run without a caller is begun once, cancelled, paused and resumed by what stands in its history |
//!
//! What decides is a pure function with a table test; what calls the server only carries answers to it.

pub mod callback;
pub mod child;
pub mod closed;
pub mod control;
pub mod deadline;
pub mod deliver;
pub mod failure;
pub mod listens;
pub mod look;
pub mod operator;
pub mod outcome;
pub mod pace;
pub mod payload;
pub mod reconcile;
mod rpc;
pub mod signal;
pub mod start;
pub mod sweep;
pub mod token;
pub mod trace;
pub mod watch;

pub use callback::{Callback, CallbackAddress, CallbackError, CallbackFields, Reply};
pub use child::{CALLBACK_SIGNAL, ChildInput, EnvVar, OnCallerGone, PAUSE_SIGNAL, RESUME_SIGNAL, WORKFLOW_TYPE, child_id, execution_id};
pub use closed::Close;
pub use control::{Control, ControlError, Started};
pub use deliver::{Delivery, DeliveryError, deliver, deliver_by_token};
pub use look::{Pending, PendingState, Seen, look};
pub use outcome::Outcome;
pub use pace::Pace;
pub use reconcile::{Ended, end_pending};
pub use start::{Begun, StartError, StartRequest, start_or_attach};
pub use sweep::{Sweep, SweepSettings};
pub use token::{TaskToken, TokenError, WireToken};
pub use watch::{DeadChild, DeadPhase, Means, ParkError, Running, StatusGuard, WatchCounters, WatchVerdict, Wheel, WheelSettings};
