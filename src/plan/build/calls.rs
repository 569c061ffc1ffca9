//! Calls, and what they have in common: endpoints, documents and authentication.

use super::Builder;
use super::scope::{Place, Scope};
use crate::dsl::tasks::{call_activity, call_agent, call_function, call_http, call_openapi};
use crate::dsl::{self, Name, Policy, Problem, Reference, codes};
use crate::plan::{Activity, Agent, Authentication, Endpoint, ExternalResource, Function, Http, OpenApi};

impl Builder<'_, '_> {
    pub(super) fn http(&mut self, written: &call_http::Http, scope: &Scope) -> Option<Http> {
        let method = self.template(&written.method, Place::Task, scope);
        let endpoint = self.address(&written.endpoint.address, scope);
        let authentication = self.authentication(written.endpoint.authentication.as_ref(), scope);
        let headers = self.optional_template(written.headers.as_ref(), Place::Task, scope);
        let query = self.optional_template(written.query.as_ref(), Place::Task, scope);
        let body = self.optional_template(written.body.as_ref(), Place::Task, scope);
        let (output, redirect) = (written.output, written.redirect);
        Some(Http { method: method?, endpoint: endpoint?, headers, query, body, authentication, output, redirect })
    }

    pub(super) fn openapi(&mut self, written: &call_openapi::OpenApi, scope: &Scope) -> Option<OpenApi> {
        let document = self.resource(&written.document, scope);
        let operation_id = self.template(&written.operation_id, Place::Task, scope);
        let parameters = self.optional_template(written.parameters.as_ref(), Place::Task, scope);
        let authentication = self.authentication(written.authentication.as_ref(), scope);
        let (output, redirect) = (written.output, written.redirect);
        Some(OpenApi { document: document?, operation_id: operation_id?, parameters, authentication, output, redirect })
    }

    pub(super) fn agent(&mut self, written: &call_agent::Agent, scope: &Scope) -> Option<Agent> {
        let agent = self.template(&written.agent, Place::Task, scope);
        let message = self.template(&written.message, Place::Task, scope);
        let scope_name = self.optional_template(written.scope.as_ref(), Place::Task, scope);
        let env = self.optional_template(written.env.as_ref(), Place::Task, scope);
        let config = self.optional_template(written.config.as_ref(), Place::Task, scope);
        Some(Agent { agent: agent?, message: message?, scope: scope_name, env, config })
    }

    pub(super) fn activity(&mut self, written: &call_activity::Activity, scope: &Scope) -> Option<Activity> {
        let name = self.template(&written.name, Place::Task, scope);
        let queue = self.optional_template(written.queue.as_ref(), Place::Task, scope);
        let arguments = self.optional_template(written.arguments.as_ref(), Place::Task, scope);
        Some(Activity { name: name?, queue, arguments })
    }

    pub(super) fn function(&mut self, written: &call_function::Call, scope: &Scope) -> Option<Function> {
        let with = self.optional_template(written.with.as_ref(), Place::Task, scope);
        let task = self.called(&written.function)?;
        Some(Function { task, with })
    }

    pub(super) fn resource(&mut self, written: &dsl::Resource, scope: &Scope) -> Option<ExternalResource> {
        let authentication = self.authentication(written.endpoint.authentication.as_ref(), scope);
        let endpoint = self.address(&written.endpoint.address, scope)?;
        Some(ExternalResource { endpoint, authentication })
    }

    fn address(&mut self, written: &dsl::Address, scope: &Scope) -> Option<Endpoint> {
        match written {
            dsl::Address::Uri(parts) => Some(Endpoint::Uri(parts.clone())),
            dsl::Address::Expression(expression) => self.compile(expression, Place::Task, scope).map(Endpoint::Expr),
        }
    }

    /// `None` where there is no authentication, and where it is wrong or cannot be run yet, which is reported.
    fn authentication(&mut self, written: Option<&Reference<Policy>>, scope: &Scope) -> Option<Authentication> {
        let uses = self.uses;
        let policy = match written? {
            Reference::Inline(policy) => policy,
            Reference::Named(name) => self.component("authentications", &uses.authentications, name)?,
        };
        let mut member = |node| self.template(node, Place::Task, scope);
        match policy {
            Policy::Basic { username, password } => {
                let (username, password) = (member(username), member(password));
                Some(Authentication::Basic { username: username?, password: password? })
            }
            Policy::Digest { username, password } => {
                let (username, password) = (member(username), member(password));
                Some(Authentication::Digest { username: username?, password: password? })
            }
            Policy::Bearer { token } => Some(Authentication::Bearer { token: member(token)? }),
            Policy::Secret { scheme, secret } => {
                self.secret(secret)?;
                Some(Authentication::Secret { scheme: *scheme, secret: secret.text.to_string() })
            }
            Policy::Later(span) => {
                let problem = Problem::new(codes::OAUTH, *span, "authentication by OAuth 2.0 or OIDC cannot be run yet");
                self.report.add(problem.help("fetch the token by `call: http` and use `bearer`"));
                None
            }
        }
    }

    /// Whether `use.secrets` has the secret; one that is not there is reported.
    fn secret(&mut self, name: &Name) -> Option<()> {
        let known = &self.uses.secrets;
        if known.contains_key(&*name.text) {
            return Some(());
        }
        let near = self.report.did_you_mean(&name.text, known.keys().map(String::as_str));
        let problem = Problem::new(codes::UNKNOWN_REFERENCE, name.span, format!("`use.secrets` has no `{}`", name.text));
        self.report.add(problem.help("declare it in `use.secrets`").maybe_help(near));
        None
    }
}
