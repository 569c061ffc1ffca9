//! The last lines of a child's standard error, for the message when it does not come up. Reading goes on for as long as the child lives: a pipe
//! that nobody empties would stop it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Child,
    task::JoinHandle,
    time::timeout,
};

use super::Tail;

const LINES_MAX: usize = 20;

pub(super) struct StderrTail {
    lines: Arc<Mutex<VecDeque<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl StderrTail {
    /// Takes the child's piped standard error.
    pub(super) fn of(child: &mut Child) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let reader = child.stderr.take().map(|stderr| {
            let lines = Arc::clone(&lines);
            tokio::spawn(async move {
                let mut read = BufReader::new(stderr).lines();
                while let Ok(Some(line)) = read.next_line().await {
                    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                    if lines.len() == LINES_MAX {
                        lines.pop_front();
                    }
                    lines.push_back(line);
                }
            })
        });
        Self { lines, reader }
    }

    /// What an ended child has left.
    pub(super) async fn lines(self) -> Tail {
        if let Some(reader) = self.reader {
            // A grandchild may hold the pipe open.
            let _ = timeout(Duration::from_secs(1), reader).await;
        }
        Tail(self.lines.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect())
    }
}
