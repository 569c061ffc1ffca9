//! The specification's conformance kit, and scenarios of our own in the same grammar, on both hosts: in process, in virtual time; and durably,
//! on a Temporal server. One test per scenario and host.
//!
//! `OWS_SPEC_DIR` names the specification's data: `ctk/features`, `examples` and `invalid`. Without it our own scenarios run alone.
//!
//! | file | what |
//! |---|---|
//! | `step`, `scenario` | from features to jobs and expectations |
//! | `in_process`, `durable` | the hosts; `stage` and `mock` are what they have around them |
//! | `ran` | what came of it, held against what was expected |
//! | `documents` | examples that must be taken, documents that must be refused |
//! | `report` | for programs and for people |

#[path = "conformance/documents.rs"]
mod documents;
#[path = "conformance/durable.rs"]
mod durable;
#[path = "conformance/in_process.rs"]
mod in_process;
#[path = "conformance/mock/mod.rs"]
mod mock;
#[path = "conformance/ran.rs"]
mod ran;
#[path = "conformance/report.rs"]
mod report;
#[path = "conformance/scenario.rs"]
mod scenario;
#[path = "conformance/stage.rs"]
mod stage;
#[path = "conformance/step.rs"]
mod step;
mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use libtest_mimic::{Arguments, Trial};

use self::documents::Example;
use self::durable::Durable;
use self::in_process::InProcess;
use self::ran::Ran;
use self::report::{Report, Subject};
use self::scenario::{Job, Origin, Scenario};
use self::stage::Stage;

/// Names the folder of the specification's data.
const KIT_VARIABLE: &str = "OWS_SPEC_DIR";
/// Scenarios wait more than they work.
const THREADS: usize = 8;

/// Everything that is run.
struct Suite {
    scenarios: Vec<Scenario>,
    /// With their texts.
    examples: Vec<(Example, String)>,
    /// Name and text of what must be refused.
    invalid: Vec<(String, String)>,
    /// Without a kit there is nothing to show.
    kit: bool,
}

impl Suite {
    fn load() -> Result<Self, String> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/features");
        let mut suite = Self { scenarios: scenario::load(&own, Origin::Own)?, examples: Vec::new(), invalid: Vec::new(), kit: false };
        let Some(folder) = std::env::var_os(KIT_VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from) else {
            eprintln!("{KIT_VARIABLE} is not set: the specification's kit does not run, our own scenarios do");
            return Ok(suite);
        };
        let kit = scenario::load(&folder.join("ctk/features"), Origin::Kit)?;
        if kit.is_empty() {
            return Err(format!("{KIT_VARIABLE}: {} has no features", folder.display()));
        }
        suite.scenarios.splice(0..0, kit);
        suite.examples = examples(&folder.join("examples"))?;
        suite.invalid = texts(&folder.join("invalid"))?;
        suite.kit = true;
        Ok(suite)
    }
}

fn texts(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok((file.file_name().unwrap_or_default().to_string_lossy().into_owned(), text))
    };
    documents::files(folder, "yaml")?.into_iter().map(read).collect()
}

/// Each file has its row, and each row its file.
fn examples(folder: &Path) -> Result<Vec<(Example, String)>, String> {
    let mut table = Example::table()?;
    let mut examples = Vec::new();
    for (name, text) in texts(folder)? {
        let at = table.iter().position(|row| row.file == name).ok_or_else(|| format!("examples.yaml has no row for {name}"))?;
        examples.push((table.swap_remove(at), text));
    }
    match table.first() {
        Some(row) => Err(format!("{}: there is no {}", folder.display(), row.file)),
        None => Ok(examples),
    }
}

/// The two hosts and the place where results go.
struct Hosts {
    in_process: InProcess,
    /// Started when the first scenario needs it.
    durable: std::sync::OnceLock<Durable>,
    stage: Stage,
    report: Report,
}

#[derive(Clone, Copy)]
enum Host {
    InProcess,
    Durable,
}

impl Host {
    const ALL: [Self; 2] = [Self::InProcess, Self::Durable];

    fn name(self) -> &'static str {
        match self {
            Self::InProcess => "in process",
            Self::Durable => "durable",
        }
    }
}

impl Hosts {
    fn run(&self, host: Host, id: &str, job: &Job) -> Result<Ran, String> {
        match host {
            Host::InProcess => self.in_process.run(id, job),
            Host::Durable => self.durable.get_or_init(|| Durable::start(&self.stage, runtime())).run(id, job),
        }
    }

    /// Runs `test`, notes how it went, and hands that on.
    fn noted(&self, subject: Subject, host: &'static str, test: impl FnOnce() -> Result<(), String>) -> Result<(), libtest_mimic::Failed> {
        let began = Instant::now();
        // A panic of the product is a failure like any other.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test)).unwrap_or_else(|_| Err("it panicked".to_owned()));
        self.report.note(subject, host, began.elapsed(), result.clone().err());
        result.map_err(Into::into)
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

fn trials(suite: Suite, hosts: &Arc<Hosts>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, text) in suite.invalid {
        let subject = Subject { group: "invalid", feature: "documents".to_owned(), name: name.clone() };
        trials.push(reading(hosts, format!("invalid::{name}"), subject, move || documents::is_refused(&text)));
    }
    for (example, text) in suite.examples {
        let subject = Subject { group: "examples", feature: "documents".to_owned(), name: example.file.clone() };
        let taken = text.clone();
        trials.push(reading(hosts, format!("example::{}", example.file), subject.clone(), move || documents::is_taken(&taken)));
        if example.later.is_some() {
            continue;
        }
        let example = Arc::new(example);
        let job = Arc::new(example.job(text));
        for host in Host::ALL {
            let (hosts, subject, example, job) = (hosts.clone(), subject.clone(), example.clone(), job.clone());
            trials.push(Trial::test(format!("{}::example::{}", host.name(), example.file), move || {
                let run = || example.check(&hosts.run(host, &format!("example-{}", example.file), &job)?);
                hosts.noted(subject, host.name(), run)
            }));
        }
    }
    for (number, scenario) in suite.scenarios.into_iter().enumerate() {
        let scenario = Arc::new(scenario);
        let group = scenario.origin.name();
        for host in Host::ALL {
            let (hosts, scenario) = (hosts.clone(), scenario.clone());
            let subject = Subject { group, feature: scenario.feature.clone(), name: scenario.name.clone() };
            trials.push(Trial::test(format!("{}::{group}::{}::{}", host.name(), scenario.feature, scenario.name), move || {
                let id = format!("{group}-{}-{number}", scenario.feature);
                hosts.noted(subject, host.name(), || hosts.run(host, &id, &scenario.job)?.check(&scenario.expected))
            }));
        }
    }
    trials
}

/// Reading a document needs no host.
fn reading(hosts: &Arc<Hosts>, name: String, subject: Subject, test: impl FnOnce() -> Result<(), String> + Send + 'static) -> Trial {
    let hosts = hosts.clone();
    Trial::test(name, move || hosts.noted(subject, "read", test))
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let suite = match Suite::load() {
        Ok(suite) => suite,
        Err(problem) => {
            eprintln!("error: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let documents: Vec<String> = suite.examples.iter().map(|(_, text)| text.clone()).collect();
    let registered: Vec<String> = suite.examples.iter().flat_map(|(example, _)| example.registered.clone()).collect();
    let stage = Stage::set(&suite.scenarios, &documents, &registered);
    let services = runtime();
    let address = services.block_on(Stage::services());
    let mut report = Report::default();
    report.left_out = suite.examples.iter().filter_map(|(example, _)| Some((example.file.clone(), example.later.clone()?))).collect();
    let hosts = Arc::new(Hosts { in_process: InProcess::new(&stage, address), durable: std::sync::OnceLock::new(), stage, report });

    let (kit, whole) = (suite.kit, arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list);
    let conclusion = libtest_mimic::run(&arguments, trials(suite, &hosts));
    let mut good = !conclusion.has_failed();
    if let Some(Hosts { durable, report, .. }) = Arc::into_inner(hosts) {
        if let Some(durable) = durable.into_inner() {
            durable.stop();
        }
        if whole {
            good &= told(&report, kit);
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes what was found. What the page shows depends on the kit, so it is held against the page only where the kit ran.
fn told(report: &Report, kit: bool) -> bool {
    let written = report.write(kit).map_err(|error| error.to_string());
    let shown = if kit { report.is_shown() } else { Ok(()) };
    match written.and_then(|path| shown.map(|()| path)) {
        Ok(path) => eprintln!("report: {}", path.display()),
        Err(problem) => {
            eprintln!("error: {problem}");
            return false;
        }
    }
    true
}
