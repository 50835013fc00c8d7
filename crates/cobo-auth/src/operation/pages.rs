//! Paginated lists.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use cobo_model::Nullable;
use futures_core::Stream;
use serde::de::DeserializeOwned;

use crate::body::Body;
use crate::call::response::Response;
use crate::error::Error;
use crate::operation::{CallFuture, Request};

/// A response that is a page of a list.
///
/// Generated code implements this for the responses of operations that take a cursor.
pub trait CursorPage: DeserializeOwned {
    /// Returns the cursor of the next page; `None` or empty at the end of the list.
    fn after(&self) -> Option<&str>;

    /// Returns the cursor of the previous page; `None` or empty at the beginning of the list.
    fn before(&self) -> Option<&str>;
}

/// A page with typed items.
pub trait PageItems: CursorPage {
    /// An item of the list.
    type Item;

    /// Returns the items of this page.
    fn into_items(self) -> Vec<Self::Item>;
}

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
/// # async fn example<P: cobo_auth::CursorPage>(mut pages: cobo_auth::Pages<P>) -> Result<(), cobo_auth::Error> {
/// while let Some(page) = pages.next().await {
///     let page = page?;
///     println!("{} more from {:?}", page.status(), page.after());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "pages are fetched only when the stream is read"]
pub struct Pages<P> {
    request: Request,
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
    Fetching(Option<String>, CallFuture<Response<Body>>),
    /// The cursor that the server repeated.
    Repeated(String),
    Done,
}

impl<P: CursorPage> Pages<P> {
    /// The pages of a request. `after` and `before` are the indices of the parameters that take a
    /// cursor.
    pub(crate) fn new(request: Request, after: usize, before: Option<usize>) -> Self {
        let backwards = before
            .filter(|before| request.text(after).is_none() && request.text(*before).is_some());
        let parameter = backwards.unwrap_or(after);
        let first = request.text(parameter).map(str::to_owned);
        Self {
            request,
            parameter,
            backwards: backwards.is_some(),
            seen: first.iter().cloned().collect(),
            state: State::Next(first),
            page: PhantomData,
        }
    }

    /// Returns the next page; `None` at the end of the list and after an error.
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
                    let mut request = self.request.clone();
                    if let Some(cursor) = &cursor {
                        request.set::<String>(self.parameter, cursor.clone());
                    }
                    self.state = State::Fetching(cursor, request.send());
                }
                State::Fetching(cursor, fetched) => {
                    let result = ready!(fetched.as_mut().poll(context));
                    let cursor = cursor.take();
                    let page = result.and_then(Response::decoded::<P>);
                    let page = page.map_err(|error| error.with_cursor(cursor));
                    self.state = match &page {
                        Ok(page) => self.following(page),
                        Err(_) => State::Done,
                    };
                    return Poll::Ready(Some(page));
                }
                State::Repeated(cursor) => {
                    let error = Error::repeated_cursor().with_cursor(Some(std::mem::take(cursor)));
                    let error = error.with_operation(self.request.operation());
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

impl<P: PageItems> Pages<P> {
    /// Returns the items of all pages.
    pub fn items(self) -> Items<P> {
        Items {
            pages: self,
            items: VecDeque::new(),
        }
    }
}

impl<P: CursorPage> Stream for Pages<P> {
    type Item = Result<Response<P>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl<P> fmt::Debug for Pages<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// The items of a paginated list, as a [`Stream`]. Use [`next`](Self::next) in a simple loop. As
/// with [`Pages`], a page is fetched only when its first item is polled.
///
/// An item is returned only once. To continue after an error, start a list at the
/// [cursor](Error::cursor) of the error.
#[must_use = "items are fetched only when the stream is read"]
pub struct Items<P: PageItems> {
    pages: Pages<P>,
    items: VecDeque<P::Item>,
}

impl<P: PageItems> Items<P> {
    /// Returns the next item; `None` at the end of the list and after an error.
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
impl<P: PageItems> Unpin for Items<P> {}

impl<P: PageItems> Stream for Items<P> {
    type Item = Result<P::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl<P: PageItems> fmt::Debug for Items<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("request", &self.pages.request)
            .finish_non_exhaustive()
    }
}

/// A property that holds a cursor.
pub trait PageCursor {
    /// Returns the cursor, if the page has one.
    fn cursor(&self) -> Option<&str>;
}

impl PageCursor for String {
    fn cursor(&self) -> Option<&str> {
        Some(self)
    }
}

impl<C: PageCursor> PageCursor for Option<C> {
    fn cursor(&self) -> Option<&str> {
        self.as_ref().and_then(PageCursor::cursor)
    }
}

impl<C: PageCursor> PageCursor for Nullable<C> {
    fn cursor(&self) -> Option<&str> {
        self.value().and_then(PageCursor::cursor)
    }
}

/// A property that holds the items of a page.
pub trait IntoItems {
    /// An item.
    type Item;

    /// Returns the items, if there are any.
    fn into_items(self) -> Vec<Self::Item>;
}

impl<T> IntoItems for Vec<T> {
    type Item = T;

    fn into_items(self) -> Vec<T> {
        self
    }
}

impl<L: IntoItems> IntoItems for Option<L> {
    type Item = L::Item;

    fn into_items(self) -> Vec<L::Item> {
        self.map(IntoItems::into_items).unwrap_or_default()
    }
}

impl<L: IntoItems> IntoItems for Nullable<L> {
    type Item = L::Item;

    fn into_items(self) -> Vec<L::Item> {
        self.into_value().into_items()
    }
}
