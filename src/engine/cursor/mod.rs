//! Where a run stands, as JSON: what one run hands over to the next.
//!
//! A run's state lives in its futures. To hand over they are unwound, and each level on the way out leaves a *frame*: what it needs to stand
//! there again, in a type of its own, with the number of the frame inside of it. Data does not stand in frames but in one table, by number:
//! the raw input, the input and the items of a loop are mostly the same objects at several depths (see `pack`).

mod pack;

use std::cell::{Cell, RefCell};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use self::pack::Broken;
use crate::engine::pause::Pause;
use crate::expr::Data;
use crate::plan::Plan;

/// Of the form below, the names and members of frames included. A cursor of another one cannot be gone on from.
const FORMAT: u32 = 1;

/// A place to go on from, in a run of the same definition. It is JSON: `{format, plan, workflowId, startedAt, input, context, pause, root,
/// frames, values}`, of which only the size is anybody else's business. The raw input, `$data`, `$workflow.id` and `startedAt` of the first run are in
/// it; `$env` and `$secrets` are not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cursor {
    format: u32,
    /// The plan's digest.
    plan: String,
    pub(super) workflow_id: String,
    pub(super) started_at: Timestamp,
    pub(super) input: Kept,
    pub(super) context: Kept,
    /// The run was paused when it was handed over, and still is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    /// The frame of the workflow itself.
    pub(super) root: FrameId,
    frames: Vec<Value>,
    values: Vec<Data>,
}

impl Cursor {
    pub(super) fn paused(self, pause: Option<Pause>) -> Self {
        Self { pause, ..self }
    }

    /// Bytes of its JSON.
    #[must_use]
    pub fn json_len(&self) -> usize {
        struct Count(usize);
        impl std::io::Write for Count {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0 += bytes.len();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut count = Count(0);
        // Strings are the only keys, so there is nothing that JSON cannot express.
        let _ = serde_json::to_writer(&mut count, self);
        count.0
    }

    /// Whether a run of this plan can go on from here.
    pub(super) fn open(&self, plan: &Plan) -> Result<Opened, CursorError> {
        if self.format != FORMAT {
            return Err(CursorError::Format { found: self.format });
        }
        if self.plan != plan.digest {
            return Err(CursorError::OtherDefinition);
        }
        let frames = self.frames.iter().map(|frame| Cell::new(Some(frame.clone()))).collect();
        Ok(Opened { frames, values: pack::unpack(&self.values)? })
    }
}

/// Why a cursor cannot be gone on from.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CursorError {
    #[error("the run was handed over in format {found}; this worker reads format {FORMAT}")]
    Format { found: u32 },
    #[error("the run was handed over from another definition; a run goes on with the text that it was started with")]
    OtherDefinition,
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// Number of a value in a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Kept(u32);

/// Number of a frame in a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct FrameId(u32);

/// A cursor in the making.
#[derive(Default)]
pub(super) struct Draft {
    frames: RefCell<Vec<Value>>,
    values: RefCell<Vec<Data>>,
}

impl Draft {
    pub fn keep(&self, value: &Data) -> Kept {
        Kept(push(&self.values, value.clone()))
    }

    pub fn frame<S: Serialize>(&self, state: &S) -> FrameId {
        // A frame is made of numbers, names and lists: nothing that JSON cannot express. Null would be found broken when it is read.
        FrameId(push(&self.frames, serde_json::to_value(state).unwrap_or_default()))
    }

    /// `root` stands for the whole run. The draft is empty afterwards.
    pub fn finish(&self, plan: &Plan, workflow_id: &str, started_at: Timestamp, input: &Data, context: &Data, root: FrameId) -> Cursor {
        let (input, context) = (self.keep(input), self.keep(context));
        Cursor {
            format: FORMAT,
            plan: plan.digest.clone(),
            workflow_id: workflow_id.to_owned(),
            started_at,
            input,
            context,
            pause: None,
            root,
            frames: self.frames.take(),
            values: pack::pack(&self.values.take()),
        }
    }
}

fn push<T>(table: &RefCell<Vec<T>>, item: T) -> u32 {
    let mut table = table.borrow_mut();
    table.push(item);
    u32::try_from(table.len() - 1).unwrap_or(u32::MAX)
}

/// A cursor that a run goes on from. Frames are taken once.
#[derive(Default)]
pub(super) struct Opened {
    frames: Vec<Cell<Option<Value>>>,
    values: Vec<Data>,
}

impl Opened {
    pub fn kept(&self, kept: Kept) -> Result<Data, Broken> {
        self.values.get(kept.0 as usize).cloned().ok_or(Broken("a value is missing"))
    }

    pub fn frame<S: DeserializeOwned>(&self, id: FrameId) -> Result<S, Broken> {
        let frame = self.frames.get(id.0 as usize).and_then(Cell::take).ok_or(Broken("a frame is missing"))?;
        serde_json::from_value(frame).map_err(|_| Broken("a frame does not fit its task"))
    }
}
