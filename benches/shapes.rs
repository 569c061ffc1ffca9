//! What a workflow costs on a real Temporal server, beside the same workflow written by hand on the SDK.
//!
//! ```text
//! make bench                     # all of it: about ten minutes on two cores
//! make bench BENCH='--runs 5 --limits lifted one-set'
//! ```
//!
//! Each shape runs on the development server twice: with the limits that it has by default, and with those lifted that make every step of a
//! sequential workflow wait about 50 ms. Our worker is the program itself, the hand-written workflows run in a process of their own, and the two take
//! turns, so that whatever else the machine does falls on both. Printed for each shape: history events, p50 and p90 from start to result, and
//! the ratio of the medians; then CPU of the worker per workflow in a burst, memory, and start to ready. The figures go to
//! `target/bench/shapes.json` too.

#[path = "shapes/hand_written.rs"]
mod hand_written;
#[path = "shapes/measure.rs"]
mod measure;
#[path = "shapes/process.rs"]
mod process;
#[path = "shapes/shape.rs"]
mod shape;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use serde_json::json;
use workflow_runner::control_plane::{DevServer, DevServerOptions};

use self::measure::{Burst, Row, Stage};
use self::process::{HandWritten, Runner};
use self::shape::Shape;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Limits {
    Default,
    Lifted,
}

impl Limits {
    fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Lifted => "lifted",
        }
    }
}

/// Cargo hands `--bench` over too.
#[derive(Parser)]
struct Arguments {
    /// Runs of each shape, after two that are not counted.
    #[arg(long, default_value_t = 20)]
    runs: usize,
    /// Workflows of the burst.
    #[arg(long, default_value_t = 200)]
    burst: usize,
    /// Poll limits of the server.
    #[arg(long, value_enum, default_values_t = [Limits::Lifted, Limits::Default])]
    limits: Vec<Limits>,
    /// Only shapes with this in their name.
    filter: Option<String>,
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    workflow_runner::effects::http::use_ring();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    match std::env::var(hand_written::ADDRESS_VARIABLE) {
        Ok(address) => runtime.block_on(hand_written::serve(&address)),
        Err(_) => runtime.block_on(bench(&Arguments::parse())),
    }
}

async fn bench(arguments: &Arguments) {
    let mut report = Vec::new();
    for limits in &arguments.limits {
        let options = DevServerOptions { default_limits: *limits == Limits::Default, ..Default::default() };
        let server = DevServer::start(&options).await.expect("the development server starts (`make tools` fetches it)");
        let runner = Runner::start(&server.address()).await;
        let by_hand = HandWritten::start(&server.address());
        println!("\npoll limits: {}", limits.name());
        println!("start to ready {} ms, idle {:.1} MiB", runner.ready_after.as_millis(), runner.memory_mib());
        let stage = Stage::new(&server.address()).await;
        println!("{}", Row::HEAD);
        let mut rows = Vec::new();
        for shape in
            Shape::all().into_iter().filter(|shape| arguments.filter.as_ref().is_none_or(|part| shape.name.contains(part.as_str())))
        {
            let row = stage.compare(&shape, arguments.runs).await;
            println!("{row}");
            rows.push(row.to_json());
        }
        let burst = Burst::run(&stage, &runner, &by_hand, arguments.burst).await;
        println!("{burst}");
        report.push(json!({"limits": limits.name(), "start_to_ready_ms": runner.ready_after.as_secs_f64() * 1e3,
            "idle_mib": runner.idle_mib, "shapes": rows, "burst": burst.to_json()}));
        drop((runner, by_hand));
        server.stop().await;
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench/shapes.json");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
    std::fs::write(&path, serde_json::to_string_pretty(&report).expect("JSON")).expect("the report can be written");
    println!("\nreport: {}", path.display());
}
