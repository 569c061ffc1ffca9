//! A task as written → a task that runs.

use super::Builder;
use super::flow::Targets;
use super::scope::{Place, Scope};
use crate::dsl::tasks::{Body, Task as Written, call_agent, call_http, for_, fork, switch, try_};
use crate::dsl::{self, ErrorDefinition, Reference};
use crate::expr::{Data, Template};
use crate::plan::{Agent, Case, Endpoint, ErrorFilter, For, Fork, Http, Kind, Raise, Retry, Task, TaskId, Try};

impl Builder<'_, '_> {
    /// Builds one task and all inside of it. Ids are given in the order of the document.
    pub(super) fn task(&mut self, written: &Written, definition: Data, scope: &Scope, targets: &Targets<'_>) -> TaskId {
        let id = TaskId(u32::try_from(self.tasks.len()).unwrap_or(u32::MAX));
        self.tasks.push(None);
        let condition = self.optional(written.condition.as_ref(), Place::TaskInput, scope);
        let input_from = self.transform(written.input_from.as_ref(), Place::TaskInput, scope);
        let timeout = self.timeout(written.timeout.as_ref(), Place::Task, scope);
        let kind = written.body.as_ref().and_then(|body| self.kind(body, &definition, scope, targets));
        let output_as = self.transform(written.output_as.as_ref(), Place::TaskOutput, scope);
        let export_as = self.transform(written.export_as.as_ref(), Place::Export, scope);
        let then = self.then(written.then.as_ref(), targets);
        self.tasks[id.0 as usize] = kind.map(|kind| Task {
            id,
            name: written.name.text.clone(),
            reference: written.reference.clone(),
            definition,
            condition,
            input_schema: None,
            input_from,
            output_as,
            output_schema: None,
            export_as,
            export_schema: None,
            timeout,
            then,
            extensions: Vec::new(),
            local: written.local,
            kind,
        });
        id
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
        })
    }

    fn for_(&mut self, written: &for_::For, definition: &Data, scope: &Scope) -> Option<For> {
        self.check_variable(&written.each);
        self.check_variable(&written.at);
        if written.each.text == written.at.text {
            let message = format!("`each` and `at` are both named `{}`", written.at.text);
            self.report.add(dsl::Problem::new(dsl::codes::BAD_VARIABLE, written.at.span, message).help("give one another name"));
        }
        let collection = match &written.collection {
            for_::Collection::Expression(expression) => self.compile(expression, Place::Task, scope).map(Template::Expr),
            for_::Collection::Inline(node) => self.template(node, Place::Task, scope),
        };
        let inner = scope.with(&[&written.each, &written.at]);
        let condition = self.optional(written.condition.as_ref(), Place::Task, &inner);
        let body = self.list(&written.body, &at(definition, &["do"]), &inner);
        Some(For { each: scope.next(), at: scope.next() + 1, collection: collection?, condition, body })
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

    fn http(&mut self, written: &call_http::Http, scope: &Scope) -> Option<Http> {
        let method = self.template(&written.method, Place::Task, scope);
        let endpoint = match &written.endpoint {
            call_http::Endpoint::Uri(parts) => Some(Endpoint::Uri(parts.clone())),
            call_http::Endpoint::Expression(expression) => self.compile(expression, Place::Task, scope).map(Endpoint::Expr),
        };
        let headers = self.optional_template(written.headers.as_ref(), Place::Task, scope);
        let query = self.optional_template(written.query.as_ref(), Place::Task, scope);
        let body = self.optional_template(written.body.as_ref(), Place::Task, scope);
        let (output, redirect) = (written.output, written.redirect);
        Some(Http { method: method?, endpoint: endpoint?, headers, query, body, authentication: None, output, redirect })
    }

    fn agent(&mut self, written: &call_agent::Agent, scope: &Scope) -> Option<Agent> {
        let agent = self.template(&written.agent, Place::Task, scope);
        let message = self.template(&written.message, Place::Task, scope);
        let scope_name = self.optional_template(written.scope.as_ref(), Place::Task, scope);
        let env = self.optional_template(written.env.as_ref(), Place::Task, scope);
        let config = self.optional_template(written.config.as_ref(), Place::Task, scope);
        Some(Agent { agent: agent?, message: message?, scope: scope_name, env, config })
    }
}

/// The part of a task's definition that a list stands in.
fn at(definition: &Data, path: &[&str]) -> Data {
    path.iter().try_fold(definition.clone(), |data, key| data.get(key)).unwrap_or_default()
}
