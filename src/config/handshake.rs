//! `handshake.*`: completing activities asynchronously by their tokens.

use std::time::Duration;

use super::Key;
use super::reader::Reader;

/// What a child does when its caller is gone for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnCallerGone {
    Cancel,
    Continue,
}

/// How a caller learns that its workflow failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The activity fails with the workflow's error.
    Fail,
    /// The activity completes with a status whose phase is FAILED.
    Status,
}

/// The token handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeSettings {
    /// Off: the activity waits for the child itself, heartbeating.
    pub asynchronous: bool,
    pub watch: bool,
    pub watch_interval: Duration,
    pub watch_queue: String,
    pub sweep_every: Duration,
    pub delivery_budget: Duration,
    pub reconcile_after: Duration,
    pub reconcile_every: Duration,
    pub on_caller_gone: OnCallerGone,
    pub on_failure: OnFailure,
    pub store_token: bool,
}

pub const KEYS: &[Key] = &[
    Key::new("handshake.async", "true", "Hand the token over and free the slot; false waits for the child inside the activity.")
        .also(&["ENABLE_ASYNC_ACTIVITY_COMPLETION"]),
    Key::new("handshake.watch", "on", "Whether a waiting child learns that its caller is cancelled or gone; on or off."),
    Key::new(
        "handshake.watch_interval",
        "10s",
        "How often callers are looked at; stretched so that a process stays under 100 requests a second.",
    ),
    Key::new("handshake.watch_queue", "workflow_runner_watch", "Task queue of the watches."),
    Key::new("handshake.sweep_every", "5m", "How often children that died without a word are looked for."),
    Key::new("handshake.delivery_budget", "10m", "How long an outcome is tried to be delivered, 1m an attempt and at least 3 attempts."),
    Key::new("handshake.reconcile_after", "1m", "When a pending agent is first looked up; each further wait doubles."),
    Key::new("handshake.reconcile_every", "15m", "The longest of these waits."),
    Key::new("handshake.on_caller_gone", "cancel", "What a child does when its caller is gone: cancel or continue."),
    Key::new("handshake.on_failure", "fail", "A failed child: fail fails the activity too; status completes it with a FAILED status."),
    Key::new(
        "handshake.store_token",
        "false",
        "Write the token to the status while it is pending; every reader of the status can see it there.",
    ),
];

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

impl HandshakeSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let settings = Self {
            asynchronous: reader.flag("handshake.async"),
            watch: reader.flag("handshake.watch"),
            // The heartbeat timeout of a watch is 5 minutes.
            watch_interval: reader.duration("handshake.watch_interval", Duration::from_millis(100)..=Duration::from_mins(1)),
            watch_queue: reader.text("handshake.watch_queue"),
            sweep_every: reader.duration("handshake.sweep_every", SECOND..=DAY),
            delivery_budget: reader.duration("handshake.delivery_budget", SECOND..=DAY),
            reconcile_after: reader.duration("handshake.reconcile_after", Duration::from_millis(100)..=DAY),
            reconcile_every: reader.duration("handshake.reconcile_every", Duration::from_millis(100)..=DAY),
            on_caller_gone: reader
                .choice("handshake.on_caller_gone", &[("cancel", OnCallerGone::Cancel), ("continue", OnCallerGone::Continue)]),
            on_failure: reader.choice("handshake.on_failure", &[("fail", OnFailure::Fail), ("status", OnFailure::Status)]),
            store_token: reader.flag("handshake.store_token"),
        };
        if settings.reconcile_after > settings.reconcile_every {
            reader.mistake("handshake.reconcile_every", "must not be shorter than handshake.reconcile_after");
        }
        settings
    }
}

impl Default for HandshakeSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}
