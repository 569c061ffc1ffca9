//! Cancellation scopes as flags that look up to their parents. No scope knows its children, so ended ones cost nothing.

use std::any::Any;
use std::cell::Cell;
use std::rc::Rc;

use crate::engine::host::{Cancel, Scope};

#[derive(Clone, Default)]
pub struct Token(Rc<Node>);

#[derive(Default)]
struct Node {
    cancelled: Cell<bool>,
    parent: Option<Token>,
}

impl Cancel for Token {
    fn child(&self) -> Scope {
        Rc::new(Self(Rc::new(Node { cancelled: Cell::new(false), parent: Some(self.clone()) })))
    }

    fn cancel(&self) {
        self.0.cancelled.set(true);
    }

    fn is_cancelled(&self) -> bool {
        let mut next = Some(self);
        while let Some(Self(node)) = next {
            if node.cancelled.get() {
                return true;
            }
            next = node.parent.as_ref();
        }
        false
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelling_reaches_below_and_only_below() {
        let root = Token::default();
        let (left, right) = (root.child(), root.child());
        let leaf = left.child();
        left.cancel();
        assert!(left.is_cancelled() && leaf.is_cancelled() && left.child().is_cancelled());
        assert!(!root.is_cancelled() && !right.is_cancelled());
        root.cancel();
        assert!(right.is_cancelled());
    }
}
