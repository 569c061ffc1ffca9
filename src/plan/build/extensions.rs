//! Extensions: their lists, and which tasks they stand around.

use super::Builder;
use super::scope::{Place, Scope};
use crate::dsl::tasks::Task as Written;
use crate::expr::Data;
use crate::plan::Extension;

impl Builder<'_, '_> {
    /// Positions of the extensions that stand around a task. Tasks of extensions have none.
    pub(super) fn extensions_of(&self, written: &Written) -> Vec<usize> {
        let Some(key) = written.type_.filter(|_| self.extending) else { return Vec::new() };
        let all = &self.document_uses.extensions;
        all.iter().enumerate().filter(|(_, extension)| extension.extend.covers(key)).map(|(at, _)| at).collect()
    }

    /// Builds the lists of all extensions. `definition` is `use.extensions` as data.
    pub(super) fn extensions(&mut self, definition: &Data) -> Vec<Extension> {
        self.units.begin_extensions();
        self.extending = false;
        let uses = self.uses;
        let items: Vec<Data> = definition.items().map(Iterator::collect).unwrap_or_default();
        let scope = Scope::default();
        let mut extensions = Vec::with_capacity(uses.extensions.len());
        for (at, written) in uses.extensions.iter().enumerate() {
            let definition = items.get(at).and_then(|item| item.get(&written.name.text)).unwrap_or_default();
            extensions.push(Extension {
                name: written.name.text.to_string(),
                when: self.optional(written.when.as_ref(), Place::Task, &scope),
                before: self.list(&written.before, &definition.get("before").unwrap_or_default(), &scope),
                after: self.list(&written.after, &definition.get("after").unwrap_or_default(), &scope),
            });
        }
        self.extending = true;
        extensions
    }
}
