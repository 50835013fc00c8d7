//! The deliveries, and the URLs of callbacks.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};

use super::copies::{Copies, uuid};
use super::delivery::{Delivery, Order, Orders, Sent};
use super::message::{Content, Message};
use super::target::{Target, UrlError};
use crate::lock::lock;
use crate::signature::AppKey;

/// How many deliveries are kept.
const KEPT: usize = 10_000;

/// The deliveries, and the URLs of callbacks.
pub(crate) struct Outbound {
    /// Whether messages are sent to other machines too.
    pub(crate) allow_remote: bool,
    /// How long an attempt waits for the answer.
    pub(crate) answer_limit: Duration,
    orders: mpsc::UnboundedSender<Order>,
    deliveries: Mutex<VecDeque<Delivery>>,
    /// The callback URLs, by public key.
    callbacks: Mutex<HashMap<[u8; 32], String>>,
    /// Wakes the courier after a change was published: the next change may be at another time.
    pub(crate) published: Notify,
}

impl Outbound {
    /// Creates an empty list of deliveries, and the channel that gives the messages to the courier.
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

    /// Starts the delivery of a message. `new_id` makes 32 hex digits for a message without an id.
    pub(crate) fn deliver(
        &self,
        message: Message,
        new_id: impl FnOnce() -> String,
        now_ms: u64,
    ) -> Delivery {
        let (progress, receiver) = watch::channel(Default::default());
        let sent = Arc::new(Sent {
            id: message.id.clone().unwrap_or_else(|| uuid(&new_id())),
            created_ms: message.created_ms.unwrap_or(now_ms),
            message,
        });
        let delivery = Delivery {
            sent: sent.clone(),
            progress: receiver,
        };
        let mut deliveries = lock(&self.deliveries);
        if deliveries.len() == KEPT {
            deliveries.pop_front();
        }
        deliveries.push_back(delivery.clone());
        // An error means that the sandbox has stopped: no attempt is made.
        let _ = self.orders.send(Order { sent, progress });
        delivery
    }

    /// The deliveries, oldest first.
    pub(crate) fn all(&self) -> Vec<Delivery> {
        lock(&self.deliveries).iter().cloned().collect()
    }

    /// The events of an endpoint, oldest first. Those of [`Sandbox::deliver`](crate::Sandbox::deliver) belong to every
    /// endpoint with their URL.
    pub(crate) fn events_of(&self, endpoint_id: &str, url: &str) -> Vec<Copies> {
        self.copies(|delivery| match &delivery.sent.message.content {
            Content::Event {
                endpoint_id: Some(of),
                ..
            } => of == endpoint_id,
            Content::Event { .. } => delivery.url() == url,
            Content::Callback { .. } => false,
        })
    }

    /// The callback messages about transactions of an organization, oldest first. Those of
    /// [`Sandbox::deliver`](crate::Sandbox::deliver) are about a transaction of no organization.
    pub(crate) fn callbacks_of(&self, org_id: &str) -> Vec<Copies> {
        self.copies(|delivery| match &delivery.sent.message.content {
            Content::Callback {
                waiting: Some(of), ..
            } => of == org_id,
            _ => false,
        })
    }

    fn copies(&self, is_wanted: impl Fn(&Delivery) -> bool) -> Vec<Copies> {
        let deliveries = lock(&self.deliveries);
        Copies::of(deliveries.iter().filter(|delivery| is_wanted(delivery)))
    }

    /// Sets the URL that must approve what this key starts.
    pub(crate) fn set_callback(&self, key: &AppKey, url: String) -> Result<(), UrlError> {
        Target::parse(&url, self.allow_remote)?;
        lock(&self.callbacks).insert(key.to_bytes(), url);
        Ok(())
    }

    /// Removes the callback URL of this key.
    pub(crate) fn remove_callback(&self, key: &AppKey) {
        lock(&self.callbacks).remove(&key.to_bytes());
    }

    /// The URL that must approve what this key starts.
    pub(crate) fn callback_of(&self, key: &AppKey) -> Option<String> {
        lock(&self.callbacks).get(&key.to_bytes()).cloned()
    }
}
