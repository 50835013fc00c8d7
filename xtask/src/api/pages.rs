//! Detects paged lists: an operation that takes a cursor and returns an object that has one.

use super::{Api, Field, Location, ModelId, Operation, Page, Pages, Type};
use crate::report::Log;
use crate::stage::Stage;

impl Api {
    /// Finds the operations that return paged lists, and the location of the cursors in the pages.
    pub(super) fn find_pages(&mut self, log: &mut Log) {
        for index in 0..self.operations.len() {
            let operation = &self.operations[index];
            let Some(id) = operation
                .success
                .model
                .filter(|_| !operation.success.nullable)
            else {
                continue;
            };
            let (Some(after), Some(page)) = (operation.cursor("after"), self.page(id)) else {
                continue;
            };
            if operation.body.is_some() {
                continue;
            }
            let before = operation.cursor("before").filter(|_| page.before.is_some());
            if page.items.is_none() {
                log.change(
                    Stage::Api,
                    format!(
                        "{}: has `pages()` but no `items()`, because a page has several lists",
                        operation.id
                    ),
                );
            }
            self.operations[index].pages = Some(Pages { after, before });
            self.models[id.0].page = Some(page);
        }
    }

    fn page(&self, id: ModelId) -> Option<Page> {
        let fields = &self.model(id).object()?.fields;
        let holder = place(fields, "pagination");
        let cursors = match holder {
            Some(holder) => match fields[holder].ty {
                Type::Model(id) => &self.model(id).object()?.fields,
                _ => return None,
            },
            None => fields,
        };
        let cursor = |name| place(cursors, name).filter(|place| cursors[*place].ty == Type::String);
        let lists = fields
            .iter()
            .enumerate()
            .filter(|(_, field)| matches!(field.ty, Type::List(_)));
        let lists: Vec<usize> = lists.map(|(place, _)| place).collect();
        let items = match lists.as_slice() {
            [only] => Some(*only),
            several => several
                .iter()
                .copied()
                .find(|place| fields[*place].wire == "data"),
        };
        Some(Page {
            holder,
            after: cursor("after")?,
            before: cursor("before"),
            items,
        })
    }
}

fn place(fields: &[Field], wire: &str) -> Option<usize> {
    fields.iter().position(|field| field.wire == wire)
}

impl Operation {
    fn cursor(&self, name: &str) -> Option<usize> {
        self.parameters
            .iter()
            .position(|parameter| parameter.wire == name && parameter.location == Location::Query)
    }
}
