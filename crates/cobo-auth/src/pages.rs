//! Paginated lists.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use cobo_model::Nullable;
use futures_core::Stream;
use serde::de::DeserializeOwned;

use crate::draft::Draft;
use crate::error::Error;
use crate::response::{Body, Response};

/// A response that is a page of a list.
///
/// Generated code implements this for the responses of operations that take a cursor.
pub trait Page: DeserializeOwned {
    /// The cursor of the next page; `None` or empty at the end of the list.
    fn after(&self) -> Option<&str>;

    /// The cursor of the previous page; `None` or empty at the beginning of the list.
    fn before(&self) -> Option<&str>;
}

/// A page with typed items.
pub trait Listed: Page {
    /// An item of the list.
    type Item;

    /// The items of this page.
    fn into_items(self) -> Vec<Self::Item>;
}

pub(crate) type Fetched = Pin<Box<dyn Future<Output = Result<Response<Body>, Error>> + Send>>;
type Fetch = Box<dyn Fn(Draft) -> Fetched + Send>;

/// The pages of a list, as a [`Stream`]. Use [`next`](Self::next) in a simple loop.
///
/// - Every page is requested with the same filters, and only when it is polled.
/// - The list ends at an empty cursor, not at an empty page.
/// - A list that was started with `before` is followed backwards, every other one forwards.
/// - The list stops at the first error. A request with the cursor in [`Error::cursor`] continues
///   the list there.
/// - A repeated cursor is an error
///   ([`ErrorKind::RepeatedCursor`](crate::ErrorKind::RepeatedCursor)), because following it would
///   fetch the same pages forever. It is not the end of the list: the rest is missing.
///
/// ```no_run
/// # async fn example<P: cobo_auth::Page>(mut pages: cobo_auth::Pages<P>) -> Result<(), cobo_auth::Error> {
/// while let Some(page) = pages.next().await {
///     let page = page?;
///     println!("{} more from {:?}", page.status(), page.after());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "pages are fetched when they are asked for"]
pub struct Pages<P> {
    draft: Draft,
    fetch: Fetch,
    /// The index of the parameter that takes the cursor.
    parameter: usize,
    backwards: bool,
    state: State,
    /// The cursors that were already used.
    seen: HashSet<String>,
    page: PhantomData<fn() -> P>,
}

enum State {
    /// The next page is at this cursor. The first page may have no cursor.
    Next(Option<String>),
    Fetching(Option<String>, Fetched),
    /// The cursor that the server repeated.
    Repeated(String),
    Done,
}

impl<P: Page> Pages<P> {
    /// The pages of a request. `after` and `before` are the indices of the parameters that take a
    /// cursor.
    pub(crate) fn new(
        draft: Draft,
        after: usize,
        before: Option<usize>,
        fetch: impl Fn(Draft) -> Fetched + Send + 'static,
    ) -> Self {
        let backwards =
            before.filter(|before| draft.text(after).is_none() && draft.text(*before).is_some());
        let parameter = backwards.unwrap_or(after);
        let first = draft.text(parameter).map(str::to_owned);
        Self {
            draft,
            fetch: Box::new(fetch),
            parameter,
            backwards: backwards.is_some(),
            seen: first.iter().cloned().collect(),
            state: State::Next(first),
            page: PhantomData,
        }
    }

    /// The next page; `None` at the end of the list and after an error.
    ///
    /// If the future is dropped before it is ready, no page is lost: the next call waits for the
    /// same page.
    ///
    /// # Errors
    ///
    /// The error of the page's request, with the page's cursor; or the server repeated a cursor.
    pub async fn next(&mut self) -> Option<Result<Response<P>, Error>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Response<P>, Error>>> {
        loop {
            match &mut self.state {
                State::Next(cursor) => {
                    let cursor = cursor.take();
                    let mut draft = self.draft.clone();
                    if let Some(cursor) = &cursor {
                        draft.set::<String>(self.parameter, cursor.clone());
                    }
                    self.state = State::Fetching(cursor, (self.fetch)(draft));
                }
                State::Fetching(cursor, fetched) => {
                    let result = ready!(fetched.as_mut().poll(context));
                    let cursor = cursor.take();
                    let page = result.and_then(crate::codegen::decode::<P>);
                    let page = page.map_err(|error| error.with_cursor(cursor));
                    self.state = match &page {
                        Ok(page) => self.following(page),
                        Err(_) => State::Done,
                    };
                    return Poll::Ready(Some(page));
                }
                State::Repeated(cursor) => {
                    let error = Error::repeated_cursor().with_cursor(Some(std::mem::take(cursor)));
                    let error = error.with_operation(self.draft.operation());
                    self.state = State::Done;
                    return Poll::Ready(Some(Err(error)));
                }
                State::Done => return Poll::Ready(None),
            }
        }
    }

    fn following(&mut self, page: &P) -> State {
        let cursor = if self.backwards {
            page.before()
        } else {
            page.after()
        };
        match cursor.filter(|cursor| !cursor.is_empty()) {
            None => State::Done,
            Some(cursor) if self.seen.insert(cursor.to_owned()) => {
                State::Next(Some(cursor.to_owned()))
            }
            Some(cursor) => State::Repeated(cursor.to_owned()),
        }
    }
}

impl<P: Listed> Pages<P> {
    /// The items of all pages.
    pub fn items(self) -> Items<P> {
        Items {
            pages: self,
            items: VecDeque::new(),
        }
    }
}

impl<P: Page> Stream for Pages<P> {
    type Item = Result<Response<P>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl<P> fmt::Debug for Pages<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("request", &self.draft)
            .finish_non_exhaustive()
    }
}

/// The items of a paginated list, as a [`Stream`]. Use [`next`](Self::next) in a simple loop. As
/// with [`Pages`], a page is fetched only when its first item is polled.
///
/// An item is returned only once. To continue after an error, start a list at the
/// [cursor](Error::cursor) of the error.
#[must_use = "items are fetched when they are asked for"]
pub struct Items<P: Listed> {
    pages: Pages<P>,
    items: VecDeque<P::Item>,
}

impl<P: Listed> Items<P> {
    /// The next item; `None` at the end of the list and after an error.
    ///
    /// # Errors
    ///
    /// The errors of [`Pages::next`].
    pub async fn next(&mut self) -> Option<Result<P::Item, Error>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<P::Item, Error>>> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.pages.poll(context)) {
                Some(Ok(page)) => self.items = page.into_inner().into_items().into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// Items are moved out and never pinned.
impl<P: Listed> Unpin for Items<P> {}

impl<P: Listed> Stream for Items<P> {
    type Item = Result<P::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl<P: Listed> fmt::Debug for Items<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("request", &self.pages.draft)
            .finish_non_exhaustive()
    }
}

/// A property that holds a cursor.
pub trait Cursor {
    /// The cursor, if there is one.
    fn cursor(&self) -> Option<&str>;
}

impl Cursor for String {
    fn cursor(&self) -> Option<&str> {
        Some(self)
    }
}

impl<C: Cursor> Cursor for Option<C> {
    fn cursor(&self) -> Option<&str> {
        self.as_ref().and_then(Cursor::cursor)
    }
}

impl<C: Cursor> Cursor for Nullable<C> {
    fn cursor(&self) -> Option<&str> {
        self.value().and_then(Cursor::cursor)
    }
}

/// A property that holds the items of a page.
pub trait List {
    /// An item.
    type Item;

    /// The items, if there are any.
    fn into_list(self) -> Vec<Self::Item>;
}

impl<T> List for Vec<T> {
    type Item = T;

    fn into_list(self) -> Vec<T> {
        self
    }
}

impl<L: List> List for Option<L> {
    type Item = L::Item;

    fn into_list(self) -> Vec<L::Item> {
        self.map(List::into_list).unwrap_or_default()
    }
}

impl<L: List> List for Nullable<L> {
    type Item = L::Item;

    fn into_list(self) -> Vec<L::Item> {
        self.into_value().into_list()
    }
}
