//! What an operator sees of the handshakes, from what Temporal knows: visibility lists the open workflows, and each one's description says which
//! of its activities are pending. Nothing is stored anywhere for it.
//!
//! | file | what |
//! |---|---|
//! | `step` | one pending handshake, seen from its caller |
//! | `scan` | all of them, or those of one workflow |
//! | `child` | the child of one, and the callback that it would complete |
//! | `stop` | cancel or terminate the work |
//!
//! To end one, see [`super::end_pending`]: by id, as a look at an agent does.

mod child;
mod scan;
mod step;
mod stop;

pub use child::{Callee, WatchSeen, callee, callee_of_run, newest_callback};
pub use scan::{SCAN_MAX, Scanned, Wanted, of_workflow, scan};
pub use step::{Kind, Step};
pub use stop::{Stopped, ask_to_cancel, terminate};
