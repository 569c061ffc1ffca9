//! The program as people run it: arguments and settings in, exit code, stdout and stderr out.

mod support;

#[path = "cli/authoring.rs"]
mod authoring;
#[path = "cli/dev.rs"]
mod dev;
#[path = "cli/history.rs"]
mod history;
#[path = "cli/local_run.rs"]
mod local_run;
#[path = "cli/pages.rs"]
mod pages;
#[path = "cli/program.rs"]
mod program;
#[path = "cli/programs.rs"]
mod programs;
#[path = "cli/settings.rs"]
mod settings;
#[path = "cli/temporal_run.rs"]
mod temporal_run;
#[path = "cli/worker.rs"]
mod worker;
