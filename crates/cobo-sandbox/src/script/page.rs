//! Pages of lists, scripted by a test.

use http::StatusCode;
use serde_json::Value;

use super::answer::Answer;
use crate::reply::{Failure, Reply};
use crate::spec::{Place, Query, set_cursors};

/// One page of a scripted list, for [`Sandbox::script_pages`](crate::Sandbox::script_pages).
///
/// The cursors are `page-0`, `page-1` and so on. A request without a cursor gets the first page; `after` or `before`
/// selects the page with that cursor; any other cursor is refused. Each page has the cursors of its neighbours, and an
/// empty cursor at either end.
///
/// ```
/// use cobo_sandbox::{Answer, Page};
/// use http::StatusCode;
///
/// let unavailable = Answer::error(StatusCode::SERVICE_UNAVAILABLE, 2000);
/// let pages = [
///     Page::of(10),
///     Page::of(0), // an empty page before the end
///     Page::of(10).fails_first(unavailable), // an error in the middle
///     Page::of(10).fails_first(Answer::as_usual().torn()), // the connection ends within the page
///     Page::of(3).next("page-1"), // a cursor that an earlier page gave
/// ];
/// ```
#[derive(Debug, Clone)]
#[must_use = "a page does nothing until it is scripted"]
pub struct Page {
    items: Items,
    next: Option<String>,
    failure: Option<Answer>,
    always: bool,
}

#[derive(Clone)]
enum Items {
    Made(usize),
    Given(Vec<Value>),
}

/// Shows only the number of items: they can contain anything, secrets too.
impl std::fmt::Debug for Items {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} items", self.len())
    }
}

impl Items {
    fn len(&self) -> usize {
        match self {
            Self::Made(count) => *count,
            Self::Given(items) => items.len(),
        }
    }
}

impl Page {
    /// Creates a page of `count` items, made from their schema and all equal.
    pub fn of(count: usize) -> Self {
        Self::new(Items::Made(count))
    }

    /// Creates a page of these items.
    pub fn items(items: impl IntoIterator<Item = Value>) -> Self {
        Self::new(Items::Given(items.into_iter().collect()))
    }

    /// Sends this answer every time the page is requested.
    pub fn error(answer: Answer) -> Self {
        Self {
            failure: Some(answer),
            always: true,
            ..Self::of(0)
        }
    }

    /// Sends this answer the first time the page is requested, and the page after that.
    pub fn fails_first(mut self, answer: Answer) -> Self {
        self.failure = Some(answer);
        self
    }

    /// Replaces the cursor of the next page that this page sends; "" ends the list.
    pub fn next(mut self, cursor: impl Into<String>) -> Self {
        self.next = Some(cursor.into());
        self
    }

    /// The name of a header that cannot be sent, if any.
    pub(crate) fn invalid_header(&self) -> Option<&str> {
        self.failure.as_ref()?.invalid_header()
    }

    fn new(items: Items) -> Self {
        Self {
            items,
            next: None,
            failure: None,
            always: false,
        }
    }
}

/// The scripted pages of one operation.
pub(crate) struct Pages(Vec<Page>);

impl Pages {
    pub(crate) fn new(pages: Vec<Page>) -> Self {
        Self(pages)
    }

    /// Whether an answer has a list and `pagination`.
    pub(crate) fn fit(answer: &Value) -> bool {
        Place::in_page(answer).is_some() && answer.get("pagination").is_some_and(Value::is_object)
    }

    /// Answers a query with its page, in the shape of `answer`.
    pub(crate) fn answer(
        &mut self,
        status: StatusCode,
        mut answer: Value,
        query: &Query,
    ) -> Result<Reply, Failure> {
        let cursor = ["after", "before"].iter().find_map(|name| query.text(name));
        let index = match cursor {
            None => 0,
            Some(cursor) => (0..self.0.len())
                .find(|index| self::cursor(*index) == cursor)
                .ok_or_else(Failure::unknown_cursor)?,
        };
        let total: usize = self.0.iter().map(|page| page.items.len()).sum();
        let after = if index + 1 < self.0.len() {
            self::cursor(index + 1)
        } else {
            String::new()
        };
        let before = index.checked_sub(1).map(self::cursor).unwrap_or_default();
        let Some(page) = self.0.get_mut(index) else {
            // Without pages the list is empty.
            fill(&mut answer, &Items::Made(0));
            set_cursors(&mut answer, "", "", 0);
            return Ok(Reply::json(status, answer));
        };
        let failure = if page.always {
            page.failure.clone()
        } else {
            page.failure.take()
        };
        let after = page.next.clone().unwrap_or(after);
        fill(&mut answer, &page.items);
        set_cursors(&mut answer, &before, &after, total);
        let reply = Reply::json(status, answer);
        Ok(match failure {
            Some(failure) => failure.into_reply(|| Ok(reply), String::new),
            None => reply,
        })
    }
}

fn cursor(index: usize) -> String {
    format!("page-{index}")
}

/// Replaces the items that were made from the document by those of the page.
fn fill(answer: &mut Value, items: &Items) {
    let Some(place) = Place::in_page(answer) else {
        return;
    };
    let items = match (items, place.items(answer).and_then(|list| list.first())) {
        (Items::Given(items), _) => items.clone(),
        (Items::Made(count), Some(item)) => vec![item.clone(); *count],
        (Items::Made(_), None) => Vec::new(),
    };
    place.set(answer, items);
}
