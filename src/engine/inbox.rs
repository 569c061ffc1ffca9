//! Events that have come for a run and that somebody may still want.
//!
//! | an event that | is |
//! |---|---|
//! | comes while nobody listens | kept, for whoever listens later |
//! | comes while several listen | seen by each of them, whoever takes it first |
//! | has been taken | gone for listeners that begin after that |
//! | has been taken, and seen by all who listened before that | dropped |
//! | comes when the inbox is full | refused: the newest one, so that what was accepted is never lost. The host says so in its log |
//!
//! All of it is plain data and goes on in the next run of a continued workflow.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::expr::Data;

/// As many signals as Temporal takes in one run.
pub const EVENTS_MAX: usize = 10_000;
/// Half of what a payload may have: kept events travel in the input of the next run, with all else that the run has to remember.
pub const BYTES_MAX: usize = 1024 * 1024;

/// An event with its number in the order of arrival, from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    pub number: u64,
    /// A CloudEvent in JSON form.
    pub event: Data,
}

/// There is no room for one more event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{events} events with {bytes} bytes wait to be heard; {EVENTS_MAX} events and {BYTES_MAX} bytes are kept")]
pub struct Full {
    pub events: usize,
    /// With the one that was refused.
    pub bytes: usize,
}

/// The host puts in, listeners take out.
#[derive(Debug, Default)]
pub struct Inbox(RefCell<Inner>);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Inner {
    /// How many have come, ever.
    received: u64,
    /// How many have been taken, ever: the clock by which listeners begin.
    taken: u64,
    bytes: usize,
    /// By number.
    kept: VecDeque<Kept>,
    listeners: BTreeMap<String, Ear>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    number: u64,
    #[serde(with = "text")]
    event: Data,
    /// `taken` after it was first taken.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    taken: Option<u64>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Ear {
    /// `taken` when it began.
    since: u64,
    /// Number of the last event that it has looked at.
    heard: u64,
}

/// Events are written as text, so that no number in them is rounded on the way.
mod text {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::expr::Data;

    pub fn serialize<S: Serializer>(event: &Data, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(event)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Data, D::Error> {
        Data::parse(String::deserialize(deserializer)?.as_bytes()).map_err(D::Error::custom)
    }
}

impl Ear {
    fn wants(self, kept: &Kept) -> bool {
        kept.number > self.heard && kept.taken.is_none_or(|taken| taken > self.since)
    }
}

impl Inbox {
    /// # Errors
    /// The inbox is full; the event is not in it.
    pub fn put(&self, event: Data) -> Result<(), Full> {
        let mut inner = self.0.borrow_mut();
        let bytes = inner.bytes.saturating_add(event.json_len());
        if inner.kept.len() >= EVENTS_MAX || bytes > BYTES_MAX {
            return Err(Full { events: inner.kept.len(), bytes });
        }
        inner.received += 1;
        inner.bytes = bytes;
        let number = inner.received;
        inner.kept.push_back(Kept { number, event, taken: None });
        Ok(())
    }

    /// How many events have come, ever.
    pub fn received(&self) -> u64 {
        self.0.borrow().received
    }

    /// Begins to listen, or goes on where a listener of this name rested. A name is used once in a run.
    #[must_use]
    pub fn listen(self: &Rc<Self>, name: &str) -> Listener {
        let mut inner = self.0.borrow_mut();
        let since = inner.taken;
        inner.listeners.entry(name.to_owned()).or_insert(Ear { since, heard: 0 });
        Listener { inbox: self.clone(), name: name.to_owned(), rests: false }
    }

    /// Everything that the next run has to know, as JSON.
    #[must_use]
    pub fn snapshot(&self) -> Data {
        // Plain fields and string keys: writing them cannot fail.
        serde_json::to_value(&*self.0.borrow()).map(Data::from).unwrap_or_default()
    }

    /// Goes on with the inbox of an earlier run. What has come here already came after what is in that one.
    ///
    /// # Errors
    /// The data is not what [`Inbox::snapshot`] gives, and nothing is changed; or the newest events have no room. The text says which.
    pub fn resume(&self, snapshot: &Data) -> Result<(), String> {
        let earlier: Inner = serde_json::from_value(snapshot.to_json()).map_err(|error| format!("not an inbox: {error}"))?;
        let later = self.0.replace(earlier).kept;
        later.into_iter().try_for_each(|kept| self.put(kept.event)).map_err(|full| full.to_string())
    }
}

impl Inner {
    /// Drops what has been taken and nobody is still to look at.
    fn purge(&mut self) {
        let Self { kept, listeners, bytes, .. } = self;
        kept.retain(|kept| {
            let stays = kept.taken.is_none() || listeners.values().any(|ear| ear.wants(kept));
            if !stays {
                *bytes = bytes.saturating_sub(kept.event.json_len());
            }
            stays
        });
    }
}

/// One who listens, until it is dropped.
#[derive(Debug)]
pub struct Listener {
    inbox: Rc<Inbox>,
    name: String,
    rests: bool,
}

impl Listener {
    /// The next event to look at; each is given once.
    pub fn next(&self) -> Option<Received> {
        let mut inner = self.inbox.0.borrow_mut();
        let Inner { kept, listeners, .. } = &mut *inner;
        let ear = listeners.get_mut(&self.name)?;
        let first = kept.partition_point(|kept| kept.number <= ear.heard);
        let next = kept.range(first..).find(|kept| ear.wants(kept));
        ear.heard = next.map_or_else(|| kept.back().map_or(ear.heard, |last| last.number.max(ear.heard)), |kept| kept.number);
        next.map(|kept| Received { number: kept.number, event: kept.event.clone() })
    }

    /// Takes an event that it was given.
    pub fn take(&self, number: u64) {
        let mut inner = self.inbox.0.borrow_mut();
        let inner = &mut *inner;
        if let Ok(at) = inner.kept.binary_search_by_key(&number, |kept| kept.number)
            && inner.kept[at].taken.is_none()
        {
            inner.taken += 1;
            inner.kept[at].taken = Some(inner.taken);
        }
        inner.purge();
    }

    /// Stops to look, but stays known to the inbox: the next run goes on from here.
    pub fn rest(mut self) {
        self.rests = true;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if !self.rests {
            let mut inner = self.inbox.0.borrow_mut();
            inner.listeners.remove(&self.name);
            inner.purge();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: i64) -> Data {
        Data::object([("id", Data::from(id))])
    }

    fn inbox(ids: std::ops::RangeInclusive<i64>) -> Rc<Inbox> {
        let inbox = Rc::new(Inbox::default());
        ids.for_each(|id| inbox.put(event(id)).unwrap());
        inbox
    }

    fn kept(inbox: &Inbox) -> Vec<u64> {
        inbox.0.borrow().kept.iter().map(|kept| kept.number).collect()
    }

    fn rest_of(listener: &Listener) -> Vec<u64> {
        std::iter::from_fn(|| listener.next()).map(|received| received.number).collect()
    }

    #[test]
    fn what_came_early_waits_in_order_until_it_is_taken() {
        let inbox = inbox(1..=3);
        let first = inbox.listen("a");
        assert_eq!(first.next(), Some(Received { number: 1, event: event(1) }));
        assert_eq!(first.next().map(|r| r.number), Some(2));
        first.take(2);
        drop(first);
        assert_eq!(kept(&inbox), [1, 3], "what was looked at and not taken stays");
        assert_eq!(rest_of(&inbox.listen("b")), [1, 3]);
    }

    #[test]
    fn those_who_listen_already_each_get_their_look() {
        let inbox = Rc::new(Inbox::default());
        let (left, right) = (inbox.listen("l"), inbox.listen("r"));
        inbox.put(event(1)).unwrap();
        assert_eq!(left.next().map(|r| r.number), Some(1));
        left.take(1);
        let late = inbox.listen("late");
        assert_eq!((late.next(), kept(&inbox)), (None, vec![1]));
        assert_eq!(right.next().map(|r| r.number), Some(1));
        right.take(1);
        assert!(kept(&inbox).is_empty());
        inbox.put(event(2)).unwrap();
        assert_eq!([&left, &right, &late].map(|l| l.next().map(|r| r.number)), [Some(2); 3]);
    }

    #[test]
    fn what_nobody_can_want_any_more_is_dropped() {
        let inbox = Rc::new(Inbox::default());
        let (left, right) = (inbox.listen("l"), inbox.listen("r"));
        inbox.put(event(1)).unwrap();
        left.next();
        left.take(1);
        assert_eq!(kept(&inbox), [1]);
        drop(right);
        assert_eq!((kept(&inbox), inbox.0.borrow().bytes, inbox.received()), (vec![], 0, 1));
    }

    #[test]
    fn the_newest_is_refused_when_there_is_no_room() {
        let inbox = Rc::new(Inbox::default());
        let half = Data::string("x".repeat(BYTES_MAX / 2 - 2));
        inbox.put(half.clone()).unwrap();
        inbox.put(half.clone()).unwrap();
        assert_eq!(inbox.put(event(3)).unwrap_err().events, 2);
        let listener = inbox.listen("l");
        let first = listener.next().unwrap();
        listener.take(first.number);
        inbox.put(event(3)).unwrap();
        assert_eq!((rest_of(&listener), inbox.received()), (vec![2, 3], 3));
    }

    #[test]
    fn the_next_run_goes_on_where_this_one_rested() {
        let inbox = inbox(1..=3);
        let (listener, other) = (inbox.listen("l"), inbox.listen("o"));
        listener.next();
        listener.take(1);
        listener.rest();
        other.rest();
        let next = Rc::new(Inbox::default());
        next.put(event(4)).unwrap();
        next.resume(&Data::parse(inbox.snapshot().to_string().as_bytes()).unwrap()).unwrap();
        assert_eq!(rest_of(&next.listen("l")), [2, 3, 4]);
        assert_eq!(rest_of(&next.listen("o")), [1, 2, 3, 4], "it listened already when the first one was taken");
        assert!(next.resume(&Data::from(1)).unwrap_err().contains("not an inbox"));
        assert_eq!(next.received(), 4);
    }
}
