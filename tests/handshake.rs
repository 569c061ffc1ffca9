//! The token handshake on a real Temporal server: a file for each row of what must hold.

#[path = "handshake/happy_path.rs"]
mod happy_path;
mod support;
