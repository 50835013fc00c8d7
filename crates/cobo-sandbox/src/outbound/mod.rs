//! What Cobo sends to an app: webhook events and callbacks, signed, retried and recorded.

mod courier;
mod delivery;
mod handle;
mod message;
mod post;
mod sent;
mod target;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};

pub use delivery::{Attempt, Delivery, DeliveryStatus};
pub use message::Message;
pub use target::UrlError;

pub(crate) use courier::{Courier, Orders};
pub(crate) use message::Content;
pub(crate) use sent::Copies;

use crate::key::AppKey;
use crate::spec::Specification;
use crate::state::{State, lock};
use crate::waas2::Objects;
use courier::Order;
use delivery::Sent;

/// How many deliveries are kept.
const KEPT: usize = 10_000;

/// The deliveries, and the URLs of callbacks.
pub(crate) struct Outbound {
    /// Whether messages are sent to other machines too.
    allow_remote: bool,
    /// How long an attempt waits for the answer.
    answer_limit: Duration,
    orders: mpsc::UnboundedSender<Order>,
    deliveries: Mutex<VecDeque<Delivery>>,
    /// The callback URLs, by public key.
    callbacks: Mutex<HashMap<[u8; 32], String>>,
    /// Wakes the courier after a change was published: the next change may be at another time.
    published: Notify,
}

impl Outbound {
    /// Creates an empty list of deliveries, and the channel that gives the messages to a [`Courier`].
    pub(crate) fn new(allow_remote: bool, answer_limit: Duration) -> (Self, Orders) {
        let (orders, received) = mpsc::unbounded_channel();
        let outbound = Self {
            allow_remote,
            answer_limit,
            orders,
            deliveries: Mutex::default(),
            callbacks: Mutex::default(),
            published: Notify::new(),
        };
        (outbound, received)
    }

    /// The URL that must approve what this key starts.
    pub(crate) fn callback_of(&self, key: &AppKey) -> Option<String> {
        lock(&self.callbacks).get(&key.to_bytes()).cloned()
    }
}

impl State {
    /// Starts the delivery of a message.
    pub(crate) fn deliver(&self, message: Message) -> Delivery {
        let (progress, receiver) = watch::channel(Default::default());
        let sent = Arc::new(Sent {
            id: message
                .id
                .clone()
                .unwrap_or_else(|| uuid(&self.errors.next())),
            created_ms: message.created_ms.unwrap_or_else(|| self.clock.now_ms()),
            message,
        });
        let delivery = Delivery {
            sent: sent.clone(),
            progress: receiver,
        };
        let mut deliveries = lock(&self.outbound.deliveries);
        if deliveries.len() == KEPT {
            deliveries.pop_front();
        }
        deliveries.push_back(delivery.clone());
        // An error means that the sandbox has stopped: no attempt is made.
        let _ = self.outbound.orders.send(Order { sent, progress });
        delivery
    }

    /// Delivers what has changed since the last call: events to the registered endpoints, callbacks to their URLs.
    pub(crate) fn publish(&self) {
        let Some((objects, specification)) = self.objects() else {
            return;
        };
        for message in objects.messages(specification, self.clock.now_ms()) {
            self.deliver(message);
        }
        self.outbound.published.notify_one();
    }

    /// The time at which an object changes next, if an endpoint is registered.
    fn next_change_ms(&self) -> Option<u64> {
        self.objects()?.0.next_change_ms()
    }

    /// Carries out the decision of a callback.
    fn decide(&self, org_id: &str, transaction_id: &str, approved: bool) {
        if let Some((objects, _)) = self.objects() {
            objects.decide(org_id, transaction_id, approved, self.clock.now_ms());
            self.publish();
        }
    }

    /// What calls have created, and the document that describes it.
    pub(crate) fn objects(&self) -> Option<(&Objects, &Specification)> {
        let documents = self.documents.as_ref()?;
        Some((documents.objects.as_ref()?, &documents.specification))
    }
}

/// 32 hex digits in the form of a UUID.
fn uuid(digits: &str) -> String {
    let mut text = digits.to_owned();
    for place in [8, 13, 18, 23] {
        text.insert(place, '-');
    }
    text
}
