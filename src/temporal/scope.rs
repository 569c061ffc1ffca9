//! The engine's cancellation scopes as the SDK's tokens.

use std::rc::Rc;

use temporalio_workflow::WorkflowCancellationToken;

use crate::engine::host::{Cancel, Scope};

/// One token. Every timer and activity of the scope carries it, or a child of it.
pub struct TokenScope(pub WorkflowCancellationToken);

impl TokenScope {
    pub fn scope(token: WorkflowCancellationToken) -> Scope {
        Rc::new(Self(token))
    }
}

impl Cancel for TokenScope {
    fn child(&self) -> Scope {
        Self::scope(self.0.child_token())
    }

    fn cancel(&self) {
        self.0.cancel();
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// The token behind a scope that this host made.
pub fn token_of(scope: &Scope) -> WorkflowCancellationToken {
    match scope.as_any().downcast_ref::<TokenScope>() {
        Some(TokenScope(token)) => token.clone(),
        // A scope of another host cannot reach this one; an uncancellable token is the harmless answer.
        None => WorkflowCancellationToken::new(),
    }
}
