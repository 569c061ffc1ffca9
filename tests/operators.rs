//! What operators use: `doctor` and `handshake`, as people run them, on a real Temporal server.

#![allow(clippy::pedantic)]

mod support;

#[path = "operators/doctor.rs"]
mod doctor;
#[path = "operators/handshake_end.rs"]
mod handshake_end;
#[path = "operators/handshake_look.rs"]
mod handshake_look;
#[path = "operators/office.rs"]
mod office;
#[allow(dead_code, reason = "the tests of the command line use the rest of it")]
#[path = "cli/program.rs"]
mod program;
