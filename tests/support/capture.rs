//! Captures everything that is logged through `tracing` and `log`, to search it for secrets.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, Once};

use cobo_auth::Secret;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Subscriber};
use tracing::{Event, Metadata};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::client;

/// The secrets that must not be found, in every form in which they could be printed.
pub struct Secrets(Vec<String>);

/// Contains the key that all tests sign with.
impl Default for Secrets {
    fn default() -> Self {
        let mut secrets = Self(Vec::new());
        secrets.add(client::SEED);
        secrets.add_bytes(&hex::decode(client::SEED).unwrap());
        secrets
    }
}

impl Secrets {
    /// Adds a secret.
    pub fn add(&mut self, secret: &str) {
        self.0.push(secret.to_owned());
        self.add_bytes(secret.as_bytes());
    }

    /// Adds bytes as hexadecimal digits (lower and upper case), and as the list that `Debug`
    /// prints.
    pub fn add_bytes(&mut self, secret: &[u8]) {
        let list = format!("{secret:?}");
        self.0.extend([
            hex::encode(secret),
            hex::encode_upper(secret),
            list.trim_matches(['[', ']']).to_owned(),
        ]);
    }

    /// Adds the tokens of a response, and returns the refresh token.
    pub fn pair(&mut self, access: &Secret, refresh: &Option<Secret>) -> Secret {
        let refresh = refresh.clone().unwrap();
        self.add(access.expose());
        self.add(refresh.expose());
        refresh
    }
}

/// Captures everything that is logged on this thread, until it is dropped.
///
/// This includes the server, because a test's runtime has only one thread.
pub struct Capture {
    seen: Seen,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Said>>);

#[derive(Default)]
struct Said {
    text: String,
    targets: BTreeSet<String>,
    events: Vec<SaidEvent>,
    spans: Vec<SaidSpan>,
}

/// A span that has ended, with the fields that it had then.
#[derive(Debug, Clone)]
pub struct SaidSpan {
    name: &'static str,
    /// The fields of the span.
    pub fields: BTreeMap<String, String>,
    /// The fields of the span that it was created in, if any.
    pub parent: BTreeMap<String, String>,
}

struct SaidEvent {
    /// The operation of the enclosing span, if it has one.
    operation: Option<String>,
    fields: BTreeMap<String, String>,
}

impl Capture {
    /// Starts capturing.
    pub fn start() -> Self {
        let seen = Seen::default();
        LOGGED.with_borrow_mut(|logged| *logged = Some(seen.clone()));
        static LOGGER: Once = Once::new();
        LOGGER.call_once(|| {
            log::set_logger(&Logger).unwrap();
            log::set_max_level(log::LevelFilter::Trace);
        });
        let subscriber = tracing_subscriber::registry().with(seen.clone());
        Self {
            seen,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// The captured text, one line for each span or event.
    pub fn text(&self) -> String {
        self.seen.0.lock().unwrap().text.clone()
    }

    /// The targets that have logged something.
    pub fn targets(&self) -> BTreeSet<String> {
        self.seen.0.lock().unwrap().targets.clone()
    }

    /// The fields of the first event with this message in a span of this operation.
    pub fn event(&self, operation: &str, message: &str) -> BTreeMap<String, String> {
        let mut events = self.events(operation, message);
        assert!(!events.is_empty(), "{operation} never {message}");
        events.remove(0)
    }

    /// The fields of all events with this message, in any span.
    pub fn said(&self, message: &str) -> Vec<BTreeMap<String, String>> {
        let said = self.seen.0.lock().unwrap();
        let events = said
            .events
            .iter()
            .filter(|event| event.fields.get("message").is_some_and(|m| m == message));
        events.map(|event| event.fields.clone()).collect()
    }

    /// The spans with this name that have ended, in the order in which they ended.
    pub fn spans(&self, name: &str) -> Vec<SaidSpan> {
        let said = self.seen.0.lock().unwrap();
        let spans = said.spans.iter().filter(|span| span.name == name);
        spans.cloned().collect()
    }

    /// The values of one field of all such events.
    pub fn fields(&self, operation: &str, message: &str, field: &str) -> Vec<String> {
        let events = self.events(operation, message);
        let fields = events.iter().filter_map(|fields| fields.get(field));
        fields.cloned().collect()
    }

    fn events(&self, operation: &str, message: &str) -> Vec<BTreeMap<String, String>> {
        let said = self.seen.0.lock().unwrap();
        let events = said.events.iter().filter(|event| {
            event.operation.as_deref() == Some(operation)
                && event.fields.get("message").is_some_and(|m| m == message)
        });
        events.map(|event| event.fields.clone()).collect()
    }

    /// Panics if a secret was printed.
    pub fn has_none_of(&self, secrets: &Secrets) {
        let printed = self.printed(secrets);
        assert!(printed.is_empty(), "secrets were printed: {printed:#?}");
    }

    /// The lines that contain a secret.
    pub fn printed(&self, secrets: &Secrets) -> BTreeSet<String> {
        let text = self.text();
        let lines = text.lines();
        lines
            .filter(|line| secrets.0.iter().any(|secret| line.contains(secret)))
            .map(str::to_owned)
            .collect()
    }
}

impl Seen {
    /// Records a line with everything that a subscriber receives and could print.
    fn say(&self, kind: &str, metadata: &Metadata<'_>, fields: &Fields) {
        let mut said = self.0.lock().unwrap();
        said.targets.insert(metadata.target().to_owned());
        let (target, name) = (metadata.target(), metadata.name());
        writeln!(said.text, "{kind} {target} {name} {fields}").unwrap();
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Seen {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        self.say("span", attributes.metadata(), &fields);
        let span = context.span(id).unwrap();
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        let span = context.span(id).unwrap();
        self.say("record", span.metadata(), &fields);
        if let Some(all) = span.extensions_mut().get_mut::<Fields>() {
            all.0.extend(fields.0);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let fields = |span: &SpanRef<'_, S>| {
            let fields = span.extensions().get::<Fields>().cloned();
            fields.unwrap_or_default().0
        };
        let ended = SaidSpan {
            name: span.name(),
            fields: fields(&span),
            parent: span.parent().as_ref().map(fields).unwrap_or_default(),
        };
        self.0.lock().unwrap().spans.push(ended);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.say("event", event.metadata(), &fields);
        let spans = context.event_scope(event).into_iter().flatten();
        let operation = spans.into_iter().find_map(|span| {
            let extensions = span.extensions();
            extensions.get::<Fields>()?.0.get("operation").cloned()
        });
        let fields = fields.0;
        let event = SaidEvent { operation, fields };
        self.0.lock().unwrap().events.push(event);
    }
}

#[derive(Clone, Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = field.name().to_owned();
        self.0.insert(name, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    /// A subscriber may print an error with `Display` or `Debug`, and its sources.
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = format!("{value} {value:?}");
        let mut source = value.source();
        while let Some(cause) = source {
            write!(text, " {cause} {cause:?}").unwrap();
            source = cause.source();
        }
        self.0.insert(field.name().to_owned(), text);
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|(name, value)| write!(f, "{name}={value} "))
    }
}

thread_local! {
    static LOGGED: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// reqwest writes to `log`, which has one logger per process. This one writes to the thread's
/// capture.
struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LOGGED.with_borrow(|seen| {
            if let Some(seen) = seen {
                let mut said = seen.0.lock().unwrap();
                said.targets.insert(record.target().to_owned());
                writeln!(said.text, "log {} {}", record.target(), record.args()).unwrap();
            }
        });
    }

    fn flush(&self) {}
}
