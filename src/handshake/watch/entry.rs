//! A parked watch. There may be tens of thousands (row 20), so an entry holds bytes in boxes and run ids as 16 bytes: some 600
//! bytes in all, two tokens of 140 included.
//!
//! | put | book before | after |
//! |---|---|---|
//! | a watch of a run that has none | – | added |
//! | a later attempt, or the run's next watch | the earlier one | replaced |
//!
//! An entry is taken out only by who knows its token: what has replaced it meanwhile stays.

use std::collections::HashMap;
use std::time::SystemTime;

use super::super::callback::{Callback, CallbackAddress, CallbackError, Reply};
use super::super::token::{TaskToken, TokenError};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParkError {
    #[error("`{0}` is no run id")]
    RunId(String),
    #[error(transparent)]
    Callback(#[from] CallbackError),
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// A run id: a UUID, kept as its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct RunId([u8; 16]);

impl RunId {
    pub(super) fn parse(text: &str) -> Result<Self, ParkError> {
        let id = u128::from_str_radix(&text.replace('-', ""), 16).ok().map(|id| Self(id.to_be_bytes()));
        // What is not written back the same would never be found on the server.
        id.filter(|id| id.to_text() == text).ok_or_else(|| ParkError::RunId(text.chars().take(64).collect()))
    }

    pub(super) fn to_text(self) -> String {
        let hex = format!("{:032x}", u128::from_be_bytes(self.0));
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }
}

/// The watch of one run of a child.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub own_token: TaskToken,
    pub child_id: Box<str>,
    pub child_run: RunId,
    pub caller_run: RunId,
    caller_token: TaskToken,
    pub caller_id: Box<str>,
    pub activity_id: Box<str>,
    attempt: u32,
    reply: Reply,
    since: SystemTime,
}

impl Entry {
    /// `watch` is the attempt of the watch itself, `since` the time when it was scheduled.
    pub(super) fn new(watch: Callback, since: SystemTime, caller: &Callback) -> Result<Self, ParkError> {
        let address = &caller.address;
        Ok(Self {
            own_token: watch.token,
            child_id: watch.address.workflow_id.into(),
            child_run: RunId::parse(&watch.address.run_id)?,
            caller_run: RunId::parse(&address.run_id)?,
            caller_token: caller.token.clone(),
            caller_id: address.workflow_id.as_str().into(),
            activity_id: address.activity_id.as_str().into(),
            attempt: address.attempt,
            reply: caller.reply,
            since,
        })
    }

    /// The caller's callback again; an entry leaves out the namespace, which is the client's.
    pub(super) fn callback(&self, namespace: String) -> Callback {
        Callback {
            token: self.caller_token.clone(),
            address: CallbackAddress {
                namespace,
                workflow_id: self.caller_id.to_string(),
                run_id: self.caller_run.to_text(),
                activity_id: self.activity_id.to_string(),
                attempt: self.attempt,
            },
            reply: self.reply,
        }
    }
}

/// All parked watches, by the run of the child.
#[derive(Debug, Default)]
pub(super) struct Book(HashMap<RunId, Entry>);

impl Book {
    pub(super) fn put(&mut self, entry: Entry) {
        self.0.insert(entry.child_run, entry);
    }

    pub(super) fn get(&self, child_run: RunId) -> Option<Entry> {
        self.0.get(&child_run).cloned()
    }

    pub(super) fn take(&mut self, entry: &Entry) {
        if self.0.get(&entry.child_run).is_some_and(|held| held.own_token == entry.own_token) {
            self.0.remove(&entry.child_run);
            // A burst is not kept as memory for ever.
            if self.0.len() * 4 < self.0.capacity() && self.0.capacity() > 1024 {
                self.0.shrink_to(self.0.len() * 2);
            }
        }
    }

    /// The children's runs, those with the same caller run together.
    pub(super) fn by_caller(&self) -> Vec<Vec<RunId>> {
        let mut groups: HashMap<RunId, Vec<RunId>> = HashMap::new();
        for entry in self.0.values() {
            groups.entry(entry.caller_run).or_default().push(entry.child_run);
        }
        groups.into_values().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn oldest(&self) -> Option<SystemTime> {
        self.0.values().map(|entry| entry.since).min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn entry(child: u8, caller: u8, token: u8) -> Entry {
        Entry {
            own_token: TaskToken::new(vec![token; 137]).unwrap(),
            child_id: "workflow-exec-1".into(),
            child_run: RunId([child; 16]),
            caller_run: RunId([caller; 16]),
            caller_token: TaskToken::new(vec![1; 137]).unwrap(),
            caller_id: "caller".into(),
            activity_id: "5".into(),
            attempt: 2,
            reply: Reply::Plain,
            since: SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(token)),
        }
    }

    #[test]
    fn run_ids_go_both_ways() {
        let text = "0198c0de-12ab-7fff-8000-0123456789ab";
        assert_eq!(RunId::parse(text).unwrap().to_text(), text);
        for bad in [
            "",
            "run",
            "0198c0de12ab7fff80000123456789ab",
            "0198C0DE-12ab-7fff-8000-0123456789ab",
            "0198c0de-12ab-7fff-8000-0123456789abff",
        ] {
            assert!(RunId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_newer_watch_replaces_an_older_and_survives_its_end() {
        let mut book = Book::default();
        let (old, new) = (entry(1, 9, 1), entry(1, 9, 2));
        book.put(old.clone());
        book.put(new.clone());
        assert_eq!((book.len(), book.oldest()), (1, Some(new.since)));
        book.take(&old);
        assert_eq!(book.get(new.child_run).map(|held| held.own_token), Some(new.own_token.clone()));
        book.take(&new);
        assert_eq!((book.len(), book.oldest()), (0, None));
    }

    #[test]
    fn watches_of_one_caller_are_looked_at_together() {
        let mut book = Book::default();
        for (child, caller) in [(1, 8), (2, 9), (3, 8)] {
            book.put(entry(child, caller, child));
        }
        let mut sizes: Vec<usize> = book.by_caller().iter().map(Vec::len).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 2]);
    }

    #[test]
    fn an_entry_is_small_and_whole() {
        assert!(size_of::<Entry>() <= 184, "{} bytes, boxes not counted", size_of::<Entry>());
        let callback = entry(1, 9, 1).callback("default".to_owned());
        assert_eq!((callback.address.attempt, callback.address.run_id.as_str()), (2, "09090909-0909-0909-0909-090909090909"));
    }
}
