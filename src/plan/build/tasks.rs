//! A task as written → a task that runs.

use super::Builder;
use super::flow::Targets;
use super::scope::{Place, Scope};
use crate::dsl::tasks::{Body, Task as Written, for_, fork, switch, try_};
use crate::dsl::{self, ErrorDefinition, Name, Problem, Reference, codes};
use crate::expr::{Data, Template};
use crate::plan::{Case, ErrorFilter, For, Fork, Kind, Raise, Retry, Task, TaskId, Try};

impl Builder<'_, '_> {
    /// Builds one task and all inside of it. Ids are given in the order of the document.
    pub(super) fn task(&mut self, written: &Written, definition: Data, scope: &Scope, targets: &Targets<'_>) -> TaskId {
        let id = self.reserve();
        self.reserved(id, written, definition, scope, targets);
        id
    }

    /// The next id, for a task that is built later.
    pub(super) fn reserve(&mut self) -> TaskId {
        let id = TaskId(u32::try_from(self.tasks.len()).unwrap_or(u32::MAX));
        self.tasks.push(None);
        id
    }

    /// Builds the task that was promised an id.
    pub(super) fn reserved(&mut self, id: TaskId, written: &Written, definition: Data, scope: &Scope, targets: &Targets<'_>) {
        self.units.descend();
        let condition = self.optional(written.condition.as_ref(), Place::TaskInput, scope);
        let (input_schema, input_from) = self.data_flow(&written.input, Place::TaskInput, scope);
        let timeout = self.timeout(written.timeout.as_ref(), Place::Task, scope);
        let kind = written.body.as_ref().and_then(|body| self.kind(body, &definition, scope, targets));
        let (output_schema, output_as) = self.data_flow(&written.output, Place::TaskOutput, scope);
        let (export_schema, export_as) = self.data_flow(&written.export, Place::Export, scope);
        let then = self.then(written.then.as_ref(), targets);
        self.tasks[id.0 as usize] = kind.map(|kind| Task {
            id,
            name: written.name.text.clone(),
            reference: written.reference.clone(),
            definition,
            condition,
            input_schema,
            input_from,
            output_as,
            output_schema,
            export_as,
            export_schema,
            timeout,
            then,
            extensions: self.extensions_of(written),
            local: written.local,
            kind,
        });
        self.units.ascend();
    }

    fn kind(&mut self, body: &Body, definition: &Data, scope: &Scope, targets: &Targets<'_>) -> Option<Kind> {
        Some(match body {
            Body::Set(node) => Kind::Set(self.template(node, Place::Task, scope)?),
            Body::Do(tasks) => Kind::Do(self.list(tasks, &at(definition, &["do"]), scope)),
            Body::For(written) => Kind::For(self.for_(written, definition, scope)?),
            Body::Switch(cases) => Kind::Switch(self.switch(cases, scope, targets)),
            Body::Fork(written) => Kind::Fork(self.fork(written, definition, scope)),
            Body::Try(written) => Kind::Try(Box::new(self.try_(written, definition, scope, targets))),
            Body::Raise(error) => Kind::Raise(Box::new(self.raise(error, scope)?)),
            Body::Wait(duration) => Kind::Wait(self.duration(duration, Place::Task, scope)?),
            Body::Http(written) => Kind::Http(Box::new(self.http(written, scope)?)),
            Body::Agent(written) => Kind::Agent(Box::new(self.agent(written, scope)?)),
            Body::OpenApi(written) => Kind::OpenApi(Box::new(self.openapi(written, scope)?)),
            Body::Activity(written) => Kind::Activity(Box::new(self.activity(written, scope)?)),
            Body::Function(written) => Kind::Function(Box::new(self.function(written, scope)?)),
            Body::Shell(written) => Kind::Shell(Box::new(self.shell(written, scope)?)),
            Body::Script(written) => Kind::Script(Box::new(self.script(written, scope)?)),
            Body::Workflow(written) => Kind::Workflow(Box::new(self.workflow(written, scope)?)),
            Body::Emit(event) => Kind::Emit(Box::new(self.emit(event, scope)?)),
            Body::Listen(written) => Kind::Listen(Box::new(self.listen(written, definition, scope)?)),
        })
    }

    fn for_(&mut self, written: &for_::For, definition: &Data, scope: &Scope) -> Option<For> {
        self.check_variables(&written.each, &written.at, ("each", "at"));
        let collection = match &written.collection {
            for_::Collection::Expression(expression) => self.compile(expression, Place::Task, scope).map(Template::Expr),
            for_::Collection::Inline(node) => self.template(node, Place::Task, scope),
        };
        let inner = scope.with(&[&written.each, &written.at]);
        let condition = self.optional(written.condition.as_ref(), Place::Task, &inner);
        let body = self.list(&written.body, &at(definition, &["do"]), &inner);
        Some(For { each: scope.next(), at: scope.next() + 1, collection: collection?, condition, body })
    }

    /// Checks the names of the item and its position.
    pub(super) fn check_variables(&mut self, item: &Name, at: &Name, keys: (&str, &str)) {
        self.check_variable(item);
        self.check_variable(at);
        if item.text == at.text {
            let message = format!("`{}` and `{}` are both named `{}`", keys.0, keys.1, at.text);
            self.report.add(Problem::new(codes::BAD_VARIABLE, at.span, message).help("give one another name"));
        }
    }

    /// The default case matches only when no other does, so it is put last.
    fn switch(&mut self, cases: &[switch::Case], scope: &Scope, targets: &Targets<'_>) -> Vec<Case> {
        let mut cases: Vec<Case> = cases
            .iter()
            .map(|case| Case {
                name: case.name.text.to_string(),
                when: self.optional(case.when.as_ref(), Place::Task, scope),
                then: self.then(Some(&case.then), targets),
            })
            .collect();
        cases.sort_by_key(|case| case.when.is_none());
        cases
    }

    fn fork(&mut self, written: &fork::Fork, definition: &Data, scope: &Scope) -> Fork {
        Fork { branches: self.branches(&written.branches, &at(definition, &["fork", "branches"]), scope), compete: written.compete }
    }

    fn try_(&mut self, written: &try_::Try, definition: &Data, scope: &Scope, targets: &Targets<'_>) -> Try {
        self.check_variable(&written.error);
        let body = self.list(&written.body, &at(definition, &["try"]), scope);
        let caught = scope.with(&[&written.error]);
        let filter = &written.filter;
        let uses = self.uses;
        let policy = match &written.retry {
            None => None,
            Some(Reference::Inline(policy)) => Some(policy),
            Some(Reference::Named(name)) => self.component("retries", &uses.retries, name),
        };
        Try {
            body,
            filter: ErrorFilter {
                type_: self.optional_template(filter.type_.as_ref(), Place::Task, scope),
                status: self.optional_template(filter.status.as_ref(), Place::Task, scope),
                instance: self.optional_template(filter.instance.as_ref(), Place::Task, scope),
                title: self.optional_template(filter.title.as_ref(), Place::Task, scope),
                detail: self.optional_template(filter.detail.as_ref(), Place::Task, scope),
            },
            when: self.optional(written.when.as_ref(), Place::Task, &caught),
            except_when: self.optional(written.except_when.as_ref(), Place::Task, &caught),
            error: scope.next(),
            retry: policy.map(|policy| self.retry(policy, &caught)),
            handler: written.handler.as_ref().map(|tasks| self.list(tasks, &at(definition, &["catch", "do"]), &caught)),
            then: written.then.as_ref().map(|name| self.then(Some(name), targets)),
        }
    }

    fn retry(&mut self, policy: &dsl::Retry, scope: &Scope) -> Retry {
        let mut duration = |duration: Option<&dsl::Duration>| self.duration(duration?, Place::Task, scope);
        let delay = duration(policy.delay.as_ref());
        let attempt_duration = duration(policy.attempt_duration.as_ref());
        let total_duration = duration(policy.total_duration.as_ref());
        let jitter = policy.jitter.as_ref().and_then(|(from, to)| duration(Some(from)).zip(duration(Some(to))));
        Retry {
            when: self.optional(policy.when.as_ref(), Place::Task, scope),
            except_when: self.optional(policy.except_when.as_ref(), Place::Task, scope),
            delay,
            backoff: policy.backoff,
            attempts: policy.attempts,
            attempt_duration,
            total_duration,
            jitter,
        }
    }

    fn raise(&mut self, error: &Reference<ErrorDefinition>, scope: &Scope) -> Option<Raise> {
        let uses = self.uses;
        let error = match error {
            Reference::Inline(error) => error,
            Reference::Named(name) => self.component("errors", &uses.errors, name)?,
        };
        let type_ = self.template(&error.type_, Place::Task, scope);
        let status = self.template(&error.status, Place::Task, scope);
        let title = self.optional_template(error.title.as_ref(), Place::Task, scope);
        let detail = self.optional_template(error.detail.as_ref(), Place::Task, scope);
        let instance = self.optional_template(error.instance.as_ref(), Place::Task, scope);
        Some(Raise { type_: type_?, status: status?, title, detail, instance })
    }
}

/// The part of a task's definition that a list stands in.
pub(super) fn at(definition: &Data, path: &[&str]) -> Data {
    path.iter().try_fold(definition.clone(), |data, key| data.get(key)).unwrap_or_default()
}
