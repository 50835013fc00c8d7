//! The calls: with all that an operation takes, and with only what it requires.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

pub use client::GeneratedClient as Client;
use cobo_auth::{Ed25519Signer, Environment, Error, ErrorBody, FixedToken, Response, ResponseKeys};
use cobo_sandbox::{
    Answer, DEMO_APP_SECRET, Fields, ReceivedRequest, Sandbox, SampleRequest, Specification,
};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::model::{Back, encoded};
use crate::record::Recorder;
use crate::{Found, calls, difference, odd};

/// The result of a call: the decoded response, encoded again.
pub type Calling<'a> = Pin<Box<dyn Future<Output = Result<Back, String>> + Send + 'a>>;
/// Calls an operation with what is given.
pub type Call = for<'a> fn(&'a Client, &'a mut Given) -> Calling<'a>;

/// The values for a call, taken one after the other.
pub struct Given(SampleRequest);

#[allow(dead_code)] // not every document has a parameter in each place
impl Given {
    pub fn path<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, String> {
        take(&mut self.0.path, name)
    }

    pub fn query<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, String> {
        take(&mut self.0.query, name)
    }

    pub fn header<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, String> {
        take(&mut self.0.headers, name)
    }

    pub fn body<T: DeserializeOwned>(&mut self) -> Result<Option<T>, String> {
        self.0.body.take().map(|value| decoded(value, "the body")).transpose()
    }

    /// The names of what the client has no room for.
    fn left(&self) -> Vec<&str> {
        let SampleRequest { path, query, headers, body, .. } = &self.0;
        let names = [path, query, headers].into_iter().flat_map(|map| map.keys());
        let names = names.map(String::as_str);
        names.chain(body.is_some().then_some("the body")).collect()
    }
}

fn take<T: DeserializeOwned>(from: &mut Map<String, Value>, name: &str) -> Result<Option<T>, String> {
    from.remove(name).map(|value| decoded(value, name)).transpose()
}

fn decoded<T: DeserializeOwned>(value: Value, name: &str) -> Result<T, String> {
    serde_json::from_str(&value.to_string())
        .map_err(|error| format!("{name} does not take {value}: {error}"))
}

/// The value of a response, encoded as a caller would.
pub fn answered<T: Serialize + Debug>(result: Result<Response<T>, Error>) -> Result<Back, String> {
    let response = result.map_err(|error| match error.body() {
        // The sandbox names what violates the document.
        Some(ErrorBody::Api { message, .. }) => message.clone(),
        _ => {
            let source = std::error::Error::source(&error);
            let source = source.map(|source| format!(": {source}"));
            format!("{error}{}", source.unwrap_or_default())
        }
    })?;
    encoded(response.value())
}

/// Which values a call has.
#[derive(Clone, Copy)]
pub enum Values<'a> {
    Of(Fields<'a>),
    /// All fields, with unusual values.
    Odd,
}

impl std::fmt::Display for Values<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Of(Fields::RequiredAnd("")) => f.write_str("a body with required fields"),
            Self::Of(fields) => write!(f, "{fields:?}"),
            Self::Odd => f.write_str("odd"),
        }
    }
}

/// `specification` is the document, `named` is the document in which the bodies that the client requires
/// are required.
pub async fn all(
    sandbox: &Sandbox,
    specification: &Specification,
    named: &Specification,
    most: usize,
    found: &mut Found,
) {
    let mut caller = Caller {
        sandbox,
        specification,
        named,
        client: client(sandbox),
        recorder: found.recorder.take(),
    };
    let known: Vec<&str> = calls::ALL.iter().map(|(id, _)| *id).collect();
    for id in specification.operation_ids().filter(|id| !known.contains(id)) {
        found.problem(id, "the client does not have it");
    }
    for (id, call) in calls::ALL {
        found.operations += 1;
        let optional = caller.optional(id);
        let single = optional.iter().map(|name| (Values::Of(Fields::RequiredAnd(name)), 1));
        let kinds = [(Values::Of(Fields::All), most), (Values::Of(Fields::Required), most), (Values::Odd, 1)];
        for (values, most) in kinds.into_iter().chain(single) {
            let mut turn = 0;
            loop {
                let (turns, result) = caller.one(id, *call, values, turn).await;
                found.calls += 1;
                if let Err(reason) = result {
                    found.problem(format_args!("{id} ({values}, turn {turn})"), reason);
                    // The other variants are likely to tell the same.
                    break;
                }
                turn += 1;
                if turn >= turns.min(most) {
                    break;
                }
            }
        }
    }
    if let Some(recorder) = caller.recorder {
        recorder.finish();
    }
}

fn client(sandbox: &Sandbox) -> Client {
    let keys = ResponseKeys::from_hex([sandbox.response_public_key().as_str()]).expect("a key");
    let environment = Environment::custom(sandbox.base_url(), keys).expect("an environment");
    let signer = Ed25519Signer::from_hex(DEMO_APP_SECRET).expect("a signer");
    let auth = cobo_auth::Client::new(environment, signer).expect("a client");
    // For the operations that take nothing else; a sandbox that has a document alone takes any.
    let token = FixedToken::new("any").expect("a token");
    Client::new(auth.with_credential(token))
}

struct Caller<'a> {
    sandbox: &'a Sandbox,
    specification: &'a Specification,
    named: &'a Specification,
    client: Client,
    recorder: Option<Recorder>,
}

impl Caller<'_> {
    /// The names of an operation's optional parameters and of its body's optional properties. The empty name means an
    /// optional body alone, with what it requires.
    fn optional(&self, id: &str) -> BTreeSet<String> {
        let names = |fields| -> BTreeSet<String> {
            let SampleRequest { query, headers, body, .. } = self.request(id, fields, 0).unwrap_or_default();
            let whole = body.is_some().then(String::new);
            let properties = body.as_ref().and_then(Value::as_object).into_iter().flatten();
            let properties = properties.map(|(name, _)| name.clone());
            let parameters = query.into_iter().chain(headers).map(|(name, _)| name);
            parameters.chain(properties).chain(whole).collect()
        };
        &names(Fields::All) - &names(Fields::Required)
    }

    fn request(&self, id: &str, fields: Fields<'_>, turn: usize) -> Option<SampleRequest> {
        let mut request = self.specification.request(id, fields, turn)?;
        if request.body.is_none() {
            request.body = self.named.request(id, fields, turn).and_then(|request| request.body);
        }
        Some(request)
    }

    /// Makes one call. Returns how many turns there are.
    async fn one(&mut self, id: &str, call: Call, values: Values<'_>, turn: usize) -> (usize, Result<(), String>) {
        let fields = match values {
            Values::Of(fields) => fields,
            Values::Odd => Fields::All,
        };
        let Some(mut request) = self.request(id, fields, turn) else {
            return (0, Err("the document does not have it".to_owned()));
        };
        let (status, sample) = self.specification.success(id, fields, turn).unwrap_or_default();
        let turns = request.turns.max(sample.as_ref().map_or(1, |sample| sample.turns));
        let status = status.try_into().expect("a status");
        let mut sent = sample.map(|sample| sample.value);
        if let Values::Odd = values {
            odd::request(self.specification, id, &mut request);
            if let Some(sent) = &mut sent {
                odd::answer(self.specification, id, sent);
            }
        }
        let answer = match &sent {
            Some(value) => Answer::json(status, value.clone()),
            None => Answer::empty(status),
        };
        self.sandbox.clear_scripts();
        self.sandbox.clear_received();
        let scripted = self.sandbox.script(id, [answer]);
        scripted.expect("the document has the operation");

        let mut given = Given(request.clone());
        let result = call(&self.client, &mut given).await;
        let result = result.and_then(|back| {
            let left = given.left();
            if !left.is_empty() {
                return Err(format!("the client does not take {}", left.join(", ")));
            }
            let received = arrived(self.sandbox, &request)?;
            if let Some(difference) = difference(sent.as_ref().unwrap_or(&Value::Null), &back.value) {
                return Err(format!("of the response, {difference}"));
            }
            if back.is_unknown() {
                return Err("the response was decoded as something unknown".to_owned());
            }
            if let Some(recorder) = &mut self.recorder {
                recorder.call(id, &values.to_string(), turn, &request, &received, sent.as_ref(), &back.value);
            }
            Ok(())
        });
        (turns, result)
    }
}

/// The request that the sandbox received, if it is what was given: nothing lost, nothing added.
fn arrived(sandbox: &Sandbox, given: &SampleRequest) -> Result<ReceivedRequest, String> {
    let [received] = <[_; 1]>::try_from(sandbox.received())
        .map_err(|received| format!("{} requests were sent", received.len()))?;
    let (path, query) = received.target.split_once('?').unwrap_or((&received.target, ""));
    let segments: Vec<String> = path.split('/').map(unescaped_segment).collect();
    for (name, value) in &given.path {
        if !segments.iter().any(|segment| segment.contains(&text(value))) {
            return Err(format!("the path has no {name}"));
        }
    }
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (unescaped(name), unescaped(value)))
        .collect();
    let mut wanted: Vec<(String, String)> = given
        .query
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect();
    pairs.sort();
    wanted.sort();
    if pairs != wanted {
        return Err(format!("the query is {pairs:?} and not {wanted:?}"));
    }
    for (name, value) in &given.headers {
        let header = received.headers.get(name).and_then(|value| value.to_str().ok());
        if header != Some(&text(value)) {
            return Err(format!("the header {name} is {header:?}"));
        }
    }
    let form = received.headers.get("content-type");
    let form = form.is_some_and(|value| value.as_bytes().starts_with(b"multipart/"));
    match &given.body {
        // The sandbox has held it against the schema part by part.
        Some(_) if form => {}
        Some(body) => {
            let sent = serde_json::from_slice(&received.body).map_err(|error| error.to_string())?;
            if let Some(difference) = difference(body, &sent) {
                return Err(format!("of the body, {difference}"));
            }
        }
        None if received.body.is_empty() => {}
        None => return Err("a body was sent".to_owned()),
    }
    Ok(received)
}

/// As a parameter is sent: a list is one text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// A plus means a space in a query, and itself in a path.
fn unescaped(text: &str) -> String {
    unescaped_segment(&text.replace('+', " "))
}

fn unescaped_segment(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
