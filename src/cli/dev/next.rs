//! What may be done next, as commands that work when they are pasted into another terminal.

use std::fmt::Write as _;
use std::path::Path;

/// What the commands need to know.
#[derive(Clone, Debug)]
pub(super) struct Next {
    /// This program, as it was called.
    pub program: String,
    /// Of Temporal.
    pub address: String,
    /// Where it is not `default`.
    pub namespace: Option<String>,
    /// Of Temporal's web page.
    pub ui: Option<String>,
    /// Where documents are run.
    pub queue: String,
}

impl Next {
    /// A command of this program, on this server.
    pub fn command(&self, rest: &str) -> String {
        let namespace = self.namespace.as_ref().map(|name| format!("TEMPORAL_NAMESPACE={} ", quoted(name))).unwrap_or_default();
        format!("TEMPORAL_ADDRESS={} {namespace}{} {rest}", quoted(&self.address), quoted(&self.program))
    }

    /// The same for what also asks the control plane.
    pub fn platform_command(&self, plane: &str, key: &str, rest: &str) -> String {
        let plane = format!("STIGMER_BACKEND_ENDPOINT={} STIGMER_API_KEY={} STIGMER_SERVICE_USE_TLS=false", quoted(plane), quoted(key));
        format!("{plane} {}", self.command(rest))
    }

    /// How to run a document on the worker that is here.
    pub fn run(&self, file: &str) -> String {
        self.command(&format!("run --temporal --task-queue {} {file}", quoted(&self.queue)))
    }

    /// How to look at a run.
    pub fn look(&self, workflow_id: &str, run_id: Option<&str>) -> String {
        let mut text = format!("  look at it    {}\n", self.command(&format!("history {}", quoted(workflow_id))));
        if let (Some(ui), Some(run_id)) = (&self.ui, run_id) {
            let namespace = self.namespace.as_deref().unwrap_or("default");
            let _ = writeln!(text, "  in a browser  {ui}/namespaces/{namespace}/workflows/{}/{run_id}/history", escaped(workflow_id));
        }
        text
    }

    /// How to run a file again.
    pub fn again(&self, file: &Path, watch: bool) -> String {
        let file = file.display().to_string();
        if watch { format!("  run it again  save {file}\n") } else { format!("  run it again  {}\n", self.run(&quoted(&file))) }
    }
}

/// As a shell takes it for one word.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// As one segment of a URL's path.
fn escaped(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    id.bytes().fold(String::new(), |mut text, byte| {
        if plain(byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next() -> Next {
        Next {
            program: "target/debug/workflow-runner".to_owned(),
            address: "127.0.0.1:7233".to_owned(),
            namespace: None,
            ui: Some("http://127.0.0.1:8233".to_owned()),
            queue: "zigflow_execution".to_owned(),
        }
    }

    #[test]
    fn commands_can_be_pasted() {
        assert_eq!(
            next().again(Path::new("my files/a.yaml"), false),
            "  run it again  TEMPORAL_ADDRESS=127.0.0.1:7233 target/debug/workflow-runner run --temporal --task-queue zigflow_execution 'my files/a.yaml'\n"
        );
        assert_eq!(next().again(Path::new("a.yaml"), true), "  run it again  save a.yaml\n");
        let other = Next { namespace: Some("it's".to_owned()), ui: None, ..next() };
        assert_eq!(
            other.look("w", Some("r")),
            "  look at it    TEMPORAL_ADDRESS=127.0.0.1:7233 TEMPORAL_NAMESPACE='it'\\''s' target/debug/workflow-runner history w\n"
        );
    }

    #[test]
    fn the_page_is_that_of_the_run() {
        let text = next().look("a/b c", Some("0190-run"));
        assert!(
            text.ends_with("  in a browser  http://127.0.0.1:8233/namespaces/default/workflows/a%2Fb%20c/0190-run/history\n"),
            "{text}"
        );
        assert!(!next().look("w", None).contains("browser"));
    }
}
