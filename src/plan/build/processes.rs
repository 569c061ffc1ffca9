//! `run`: programs and other workflows.

use super::Builder;
use super::scope::{Place, Scope};
use crate::dsl::tasks::{run, run_script, run_shell, run_workflow};
use crate::plan::{Process, Script, ScriptSource, Shell, SubWorkflow};

impl Builder<'_, '_> {
    pub(super) fn shell(&mut self, written: &run_shell::Shell, scope: &Scope) -> Option<Shell> {
        let process = self.process(&written.process, scope);
        let command = self.code(&written.command, scope)?;
        Some(Shell { command, process })
    }

    pub(super) fn script(&mut self, written: &run_script::Script, scope: &Scope) -> Option<Script> {
        let process = self.process(&written.process, scope);
        let source = match &written.source {
            run_script::ScriptSource::Code(code) => ScriptSource::Code(self.code(code, scope)?),
            run_script::ScriptSource::Resource(resource) => ScriptSource::Resource(self.resource(resource, scope)?),
        };
        Some(Script { language: written.language, source, process })
    }

    fn process(&mut self, written: &run::Process, scope: &Scope) -> Process {
        Process {
            arguments: self.optional_template(written.arguments.as_ref(), Place::Task, scope),
            stdin: self.optional_template(written.stdin.as_ref(), Place::Task, scope),
            environment: self.optional_template(written.environment.as_ref(), Place::Task, scope),
            awaited: written.awaited,
            returns: written.returns,
        }
    }

    pub(super) fn workflow(&mut self, written: &run_workflow::SubWorkflow, scope: &Scope) -> Option<SubWorkflow> {
        let namespace = self.template(&written.namespace, Place::Task, scope);
        let name = self.template(&written.name, Place::Task, scope);
        let version = self.optional_template(written.version.as_ref(), Place::Task, scope);
        let input = self.optional_template(written.input.as_ref(), Place::Task, scope);
        Some(SubWorkflow { namespace: namespace?, name: name?, version, input, awaited: written.awaited })
    }
}
