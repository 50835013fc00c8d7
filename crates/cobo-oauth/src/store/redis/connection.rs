//! The connection to Redis: opened on first use, and dropped after a failure.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::RoutingInfo;
use redis::{
    Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, FromRedisValue, Pipeline, RedisError,
    RedisFuture, RedisResult, ScriptInvocation, TlsCertificates, Value,
};

use super::fields::{owner, text, unrecognised};
use super::script::Outcome;
use super::tls;
use crate::store::StoreError;

/// Where to connect to.
pub(super) struct Target {
    server: Server,
    tls: bool,
    nodes: Vec<String>,
    timeout: Duration,
}

enum Server {
    One(Box<Client>),
    Cluster(Box<ClusterClient>),
}

impl Target {
    pub(super) fn new(
        nodes: Vec<ConnectionInfo>,
        cluster: bool,
        root_certificate: Option<Vec<u8>>,
        timeout: Duration,
    ) -> Result<Self, StoreError> {
        let is_tls = |node: &ConnectionInfo| matches!(node.addr(), ConnectionAddr::TcpTls { .. });
        let tls = nodes.iter().any(is_tls);
        if tls {
            tls::check()?;
        } else if root_certificate.is_some() {
            return Err(StoreError::unavailable(
                "the root certificate would not be used: the URL has no TLS; use a `rediss://` URL, or \
                 remove the certificate",
            ));
        }
        let names = nodes.iter().map(|node| node.addr().to_string()).collect();
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: root_certificate.clone(),
        };
        let server = if cluster {
            let mut builder = ClusterClientBuilder::new(nodes)
                .retries(2) // for a slot that has moved; also used after a lost answer
                .connection_timeout(timeout)
                .response_timeout(timeout)
                .overall_response_timeout(Some(timeout));
            if root_certificate.is_some() {
                builder = builder.certs(certificates);
            }
            builder.build().map(Box::new).map(Server::Cluster)
        } else {
            let node = nodes.into_iter().next();
            let node = node.ok_or_else(|| StoreError::unavailable("no Redis URL was given"))?;
            match root_certificate {
                Some(_) => Client::build_with_tls(node, certificates),
                None => Client::open(node),
            }
            .map(|client| Server::One(Box::new(client)))
        };
        Ok(Self {
            server: server.map_err(|error| failed(&error))?,
            tls,
            nodes: names,
            timeout,
        })
    }

    /// Whether an unanswered command is never sent again. False in a cluster, where the client
    /// retries: an answer tells the result of the last attempt, and not of earlier ones.
    fn never_resends(&self) -> bool {
        matches!(self.server, Server::One(_))
    }

    async fn connect(&self) -> RedisResult<Connection> {
        if self.tls {
            tls::install_provider();
        }
        match &self.server {
            Server::One(client) => {
                let config = ConnectionManagerConfig::new()
                    .set_number_of_retries(0) // the next call connects again
                    .set_connection_timeout(Some(self.timeout))
                    .set_response_timeout(Some(self.timeout));
                let manager = client.get_connection_manager_with_config(config);
                manager.await.map(Connection::One)
            }
            Server::Cluster(client) => client.get_async_connection().await.map(Connection::Cluster),
        }
    }
}

/// A connection. Clones share it.
#[derive(Clone)]
enum Connection {
    One(ConnectionManager),
    Cluster(ClusterConnection),
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}

/// The connection that all callers use.
pub(super) struct SharedConnection {
    target: Target,
    current: Mutex<Current>,
    /// Held while connecting, so that only one caller connects.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Current {
    connection: Option<Connection>,
    /// The number of this connection.
    number: u64,
}

impl SharedConnection {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn nodes(&self) -> &[String] {
        &self.target.nodes
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.target.server, Server::Cluster(_))
    }

    /// Drops the connection, so that the next call opens a new one.
    pub(super) fn reconnect(&self) {
        self.current().connection = None;
    }

    /// Sends a read-only command, and sends it again if the connection fails: a connection that
    /// broke while idle fails only when it is used. In a cluster, `route` selects the node.
    pub(super) async fn query_with_retry<T: FromRedisValue>(
        &self,
        command: &Cmd,
        route: Option<&RoutingInfo>,
        key: &str,
    ) -> Result<T, StoreError> {
        let sent = AtomicBool::new(false);
        let twice = async {
            match self.send(command, route, &sent).await {
                Err(error) if error.is_io_error() => self.send(command, route, &sent).await,
                answer => answer,
            }
        };
        self.with_timeout(twice, key, &sent).await
    }

    /// Runs a script. A single server receives it at most once; in a cluster the `redis` crate may
    /// send it again if no answer came.
    pub(super) async fn run(
        &self,
        script: &ScriptInvocation<'_>,
        key: &str,
    ) -> Result<Outcome, StoreError> {
        let sent = AtomicBool::new(false);
        let run = async {
            let (mut connection, guard) = self.connection().await?;
            sent.store(true, Ordering::Relaxed);
            let answer = script.invoke_async(&mut connection).await;
            guard.keep_if_ok(answer)
        };
        let answer: Vec<Value> = self.with_timeout(run, key, &sent).await?;
        outcome(answer).ok_or_else(|| unrecognised(key))
    }

    async fn send<T: FromRedisValue>(
        &self,
        command: &Cmd,
        route: Option<&RoutingInfo>,
        sent: &AtomicBool,
    ) -> RedisResult<T> {
        let (mut connection, guard) = self.connection().await?;
        sent.store(true, Ordering::Relaxed);
        let answer = match (&mut connection, route) {
            (Connection::Cluster(connection), Some(route)) => {
                let answer = connection
                    .route_command(command.clone(), route.clone())
                    .await;
                let answer = answer.and_then(Value::extract_error);
                answer.and_then(|answer| Ok(redis::from_redis_value(answer)?))
            }
            _ => command.query_async(&mut connection).await,
        };
        guard.keep_if_ok(answer)
    }

    /// The connection, and a guard that drops it unless it answers.
    async fn connection(&self) -> RedisResult<(Connection, ConnectionGuard<'_>)> {
        let existing = || {
            let current = self.current();
            let connection = current.connection.clone();
            connection.map(|connection| (connection, ConnectionGuard::new(self, current.number)))
        };
        if let Some(existing) = existing() {
            return Ok(existing);
        }
        let _connecting = self.connecting.lock().await;
        if let Some(existing) = existing() {
            return Ok(existing);
        }
        let connection = self.target.connect().await?;
        let mut current = self.current();
        current.connection = Some(connection.clone());
        current.number += 1;
        let number = current.number;
        Ok((connection, ConnectionGuard::new(self, number)))
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for an answer until the timeout. `sent` tells whether the command may have been sent.
    async fn with_timeout<T>(
        &self,
        call: impl Future<Output = RedisResult<T>>,
        key: &str,
        sent: &AtomicBool,
    ) -> Result<T, StoreError> {
        let error = match tokio::time::timeout(self.target.timeout, call).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) if error.code() == Some("WRONGTYPE") => unrecognised(key),
            Ok(Err(error))
                if self.target.never_resends() && was_rejected_before_running(&error) =>
            {
                failed(&error).not_applied()
            }
            Ok(Err(error)) => failed(&error),
            Err(_) => {
                let timeout = self.target.timeout;
                StoreError::no_answer(format!("Redis did not answer within {timeout:?}"))
            }
        };
        Err(match sent.load(Ordering::Relaxed) {
            true => error,
            false => error.not_applied(),
        })
    }
}

/// Drops the connection unless it has answered. A connection without an answer may be broken; one
/// that answered with an error may lead to a server that is no longer primary or is loading its
/// data.
struct ConnectionGuard<'a> {
    connection: &'a SharedConnection,
    number: u64,
}

impl<'a> ConnectionGuard<'a> {
    fn new(connection: &'a SharedConnection, number: u64) -> Self {
        Self { connection, number }
    }

    fn keep_if_ok<T>(self, answer: RedisResult<T>) -> RedisResult<T> {
        if answer.is_ok() {
            std::mem::forget(self);
        }
        answer
    }
}

impl Drop for ConnectionGuard<'_> {
    fn drop(&mut self) {
        let mut current = self.connection.current();
        if current.number == self.number {
            current.connection = None;
        }
    }
}

/// Parses a script's answer; `None` if the script did not recognise the key, or the answer is
/// malformed.
fn outcome(answer: Vec<Value>) -> Option<Outcome> {
    let mut answer = answer.into_iter();
    let Some(Value::Int(done)) = answer.next() else {
        return None;
    };
    let texts = answer.map(|value| match value {
        Value::BulkString(bytes) => text(bytes),
        _ => None,
    });
    let mut texts = texts.collect::<Option<Vec<_>>>()?.into_iter();
    let outcome = match (done, texts.next(), texts.next()) {
        (1, value, None) => Outcome::Done(value),
        (0, value, None) => Outcome::NotDone(value),
        (-2, Some(client_id), Some(environment)) => {
            Outcome::OtherApp(owner(&client_id, &environment))
        }
        _ => return None,
    };
    texts.next().is_none().then_some(outcome)
}

/// Describes the failure. Redis's own message is not included: it may quote a command that contains
/// a token.
fn failed(error: &RedisError) -> StoreError {
    let what = match (error.kind(), error.code()) {
        (ErrorKind::AuthenticationFailed, _) | (_, Some("WRONGPASS" | "NOAUTH")) => {
            "Redis refused the user or the password".to_owned()
        }
        (_, Some("NOPERM")) => {
            "the Redis user lacks a permission; see the documentation of `RedisStore`".to_owned()
        }
        _ if error.is_timeout() => return StoreError::no_answer(format!("Redis: {error}")),
        (ErrorKind::Io, _) => format!("Redis: {error}"),
        (_, Some(code)) => format!("Redis answered {code}"),
        _ => format!("Redis: {}", error.category()),
    };
    StoreError::unavailable(what)
}

/// Whether Redis rejected the last command before running it.
fn was_rejected_before_running(error: &RedisError) -> bool {
    error.is_connection_refusal()
        || error
            .code()
            .is_some_and(|code| REJECTED_BEFORE_RUNNING.contains(&code))
}

/// The errors with which Redis rejects a command before running it. `NOPERM` is not one: a script
/// may fail with it after its first commands.
const REJECTED_BEFORE_RUNNING: [&str; 7] = [
    "CLUSTERDOWN",
    "LOADING",
    "MASTERDOWN",
    "NOAUTH",
    "OOM",
    "READONLY",
    "WRONGPASS",
];
