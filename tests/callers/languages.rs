//! Building and running the programs. What was fetched and built stays below cargo's target folder, and is used again while lock file and sources are
//! the same.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};
use workflow_runner::activities::digest;

use crate::support::wait::{until, within};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Python,
    TypeScript,
    Go,
}

impl Language {
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::TypeScript => "typescript",
            Self::Go => "go",
        }
    }

    /// The file that says who answers for the agent of this language.
    pub fn agent(self) -> PathBuf {
        folder().join("agents").join(self.name()).with_extension("yaml")
    }

    fn sources(self) -> PathBuf {
        folder().join(self.name())
    }
}

/// `examples/callers`.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/callers")
}

/// Ready to run.
pub struct Programs {
    pub language: Language,
    caller: Vec<String>,
    agents: Vec<String>,
}

/// A virtual environment with what `requirements.txt` pins.
pub async fn python() -> Programs {
    let sources = Language::Python.sources();
    let venv = place(Language::Python, &["requirements.txt"]);
    let python = venv.join("bin/python");
    if !venv.join("ready").exists() {
        let base = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        run(Command::new(base).args(["-m", "venv", "--clear"]).arg(&venv), "install Python with venv, or name it by PYTHON").await;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:", "-r"];
        let mut install = Command::new(&python);
        install.args(pip).arg(sources.join("requirements.txt"));
        run(&mut install, "pip has to reach a package index").await;
        std::fs::write(venv.join("ready"), "").expect("written");
    }
    let program = |file: &str| vec![text(&python), "-B".to_owned(), text(&sources.join(file))];
    Programs { language: Language::Python, caller: program("caller.py"), agents: program("agents.py") }
}

/// Compiled beside what `package-lock.json` pins. None without node and npm, or where npm reaches no registry.
pub async fn typescript() -> Option<Programs> {
    if !there("node", "--version").await || !there("npm", "--version").await {
        return None;
    }
    let sources = Language::TypeScript.sources();
    let build = place(Language::TypeScript, &["package.json", "package-lock.json"]);
    if !build.join("ready").exists() {
        std::fs::create_dir_all(&build).expect("made");
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(sources.join(file), build.join(file)).expect("copied");
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]).current_dir(&build);
        fetched(&mut npm).await?;
        std::fs::write(build.join("ready"), "").expect("written");
    }
    std::fs::copy(sources.join("tsconfig.json"), build.join("tsconfig.json")).expect("copied");
    let _ = std::fs::remove_dir_all(build.join("src"));
    std::fs::create_dir_all(build.join("src")).expect("made");
    for file in std::fs::read_dir(sources.join("src")).expect("sources").map(|file| file.expect("a file").path()) {
        std::fs::copy(&file, build.join("src").join(file.file_name().expect("a name"))).expect("copied");
    }
    run(Command::new("node").arg("node_modules/typescript/bin/tsc").current_dir(&build), "the sources have to compile").await;
    let program = |file: &str| vec!["node".to_owned(), text(&build.join("out").join(file))];
    Some(Programs { language: Language::TypeScript, caller: program("caller.js"), agents: program("agents.js") })
}

/// Vetted and built. None without go, or where it reaches no module proxy.
pub async fn go() -> Option<Programs> {
    if !there("go", "version").await {
        return None;
    }
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("callers-go");
    std::fs::create_dir_all(&out).expect("made");
    let go = |arguments: &[&str]| {
        let mut go = Command::new("go");
        go.args(arguments).current_dir(Language::Go.sources());
        go
    };
    fetched(&mut go(&["mod", "download"])).await?;
    run(&mut go(&["vet", "-mod=readonly", "./..."]), "the sources have to be in order").await;
    run(&mut go(&["build", "-mod=readonly", "-o", &text(&out), "./..."]), "the sources have to compile").await;
    Some(Programs { language: Language::Go, caller: vec![text(&out.join("caller"))], agents: vec![text(&out.join("agents"))] })
}

/// Where a language's files go: another place when its pins change.
fn place(language: Language, pins: &[&str]) -> PathBuf {
    let read = |file: &&str| std::fs::read_to_string(language.sources().join(file)).expect("the file is there");
    let pinned: Vec<String> = pins.iter().map(read).collect();
    let digest = digest(&pinned.iter().map(String::as_str).collect::<Vec<_>>());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("callers-{}-{}", language.name(), &digest[..12]))
}

async fn there(program: &str, argument: &str) -> bool {
    let asked = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    asked.is_ok_and(|status| status.success())
}

/// Runs what fetches packages. None, having said why, where they cannot be had: a toolchain without its packages is none.
async fn fetched(command: &mut Command) -> Option<()> {
    let output = command.output().await.ok()?;
    if !output.status.success() {
        println!("{:?} cannot fetch its packages:\n{}", command.as_std(), String::from_utf8_lossy(&output.stderr));
        return None;
    }
    Some(())
}

/// Runs it to its end; panics with what it said.
async fn run(command: &mut Command, help: &str) {
    let output = command.output().await.unwrap_or_else(|e| panic!("{:?}: {e}; {help}", command.as_std()));
    let said = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{:?} failed; {help}\n{}", command.as_std(), said());
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path of text").to_owned()
}

impl Programs {
    /// Starts the agents' side, and waits until it polls.
    pub async fn serve_agents(&self, temporal: &str) -> Running {
        let running = Running::start(&self.agents, temporal, &[]);
        until("the agents' side to start", || async { running.said("answering for the agents").then_some(()) }).await;
        running
    }

    pub fn call(&self, temporal: &str, arguments: &[&str]) -> Running {
        Running::start(&self.caller, temporal, arguments)
    }
}

/// One of the programs; dropping it kills it.
pub struct Running {
    child: Child,
    dir: tempfile::TempDir,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Running {
    fn start(program: &[String], temporal: &str, arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let file = |name: &str| std::fs::File::create(dir.path().join(name)).expect("a file");
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).args(arguments).env("TEMPORAL_ADDRESS", temporal);
        command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr")).kill_on_drop(true);
        let child = command.spawn().expect("the program starts");
        Self { child, dir }
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).expect("it can be read")
    }

    fn said(&self, text: &str) -> bool {
        self.read("stderr").contains(text)
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        let pid = self.child.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
    }

    pub async fn ended(mut self) -> Ended {
        let status = within("the program to end", self.child.wait()).await.expect("it ends");
        Ended { code: status.code(), stdout: self.read("stdout"), stderr: self.read("stderr") }
    }
}
