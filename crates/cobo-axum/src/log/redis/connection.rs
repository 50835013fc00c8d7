//! The connection to Redis: opened on first use, and dropped after a failure.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ErrorKind, FromRedisValue, RedisError, RedisResult};

use super::{Call, tls};
use crate::log::LogError;

pub(super) struct Connection {
    client: Client,
    tls: bool,
    timeout: Duration,
    current: Mutex<Option<ConnectionManager>>,
    /// Held while connecting, so that only one caller connects.
    connecting: tokio::sync::Mutex<()>,
}

impl Connection {
    pub(super) fn new(client: Client, tls: bool, timeout: Duration) -> Self {
        Self {
            client,
            tls,
            timeout,
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        }
    }

    /// Runs a script and returns its answer.
    pub(super) async fn run<T: FromRedisValue>(&self, call: Call) -> Result<T, LogError> {
        self.limited(async {
            let answer = self.send(&call).await;
            match answer {
                // A connection that broke while idle fails only when it is used.
                Err(error) if error.is_io_error() && call.repeats => self.send(&call).await,
                answer => answer,
            }
        })
        .await
    }

    /// See [`RedisLog::check_durability`](super::RedisLog::check_durability).
    pub(super) async fn check_durability(&self) -> Result<(), LogError> {
        let problem = self.limited(async {
            let mut connection = self.connection().await?;
            let problem = problem(&mut connection).await;
            self.keep_if_ok(problem)
        });
        match problem.await? {
            Some(problem) => Err(LogError::Failed(problem.into())),
            None => Ok(()),
        }
    }

    async fn send<T: FromRedisValue>(&self, call: &Call) -> RedisResult<T> {
        let mut connection = self.connection().await?;
        let answer = call.invocation.invoke_async(&mut connection).await;
        self.keep_if_ok(answer)
    }

    async fn limited<T>(&self, call: impl Future<Output = RedisResult<T>>) -> Result<T, LogError> {
        match tokio::time::timeout(self.timeout, call).await {
            Ok(answer) => answer.map_err(|error| LogError::Failed(describe(&error).into())),
            Err(_) => {
                *self.current() = None;
                let timeout = self.timeout;
                let text = format!("Redis did not answer within {timeout:?}");
                Err(LogError::Failed(text.into()))
            }
        }
    }

    fn keep_if_ok<T>(&self, answer: RedisResult<T>) -> RedisResult<T> {
        if answer.is_err() {
            *self.current() = None;
        }
        answer
    }

    async fn connection(&self) -> RedisResult<ConnectionManager> {
        let current = self.current().clone();
        if let Some(connection) = current {
            return Ok(connection);
        }
        let _connecting = self.connecting.lock().await;
        let current = self.current().clone();
        if let Some(connection) = current {
            return Ok(connection);
        }
        if self.tls {
            tls::install_provider();
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0) // the next call connects again
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout));
        let connection = self.client.get_connection_manager_with_config(config);
        let mut connection = connection.await?;
        match problem(&mut connection).await {
            Ok(None) => {}
            Ok(Some(problem)) => tracing::warn!("acknowledged events may be lost: {problem}"),
            Err(error) => tracing::warn!(
                "acknowledged events may be lost: the settings of Redis cannot be read: {}",
                describe(&error)
            ),
        }
        *self.current() = Some(connection.clone());
        Ok(connection)
    }

    fn current(&self) -> MutexGuard<'_, Option<ConnectionManager>> {
        // Ignoring the poison is safe: no code panics while it holds the lock.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Describes the first setting with which Redis may lose events, if any.
async fn problem(connection: &mut ConnectionManager) -> RedisResult<Option<String>> {
    for (name, right) in [
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        // With `yes`, nothing is flushed while the file is written anew.
        ("no-appendfsync-on-rewrite", "no"),
        ("maxmemory-policy", "noeviction"),
    ] {
        let mut get = redis::cmd("CONFIG");
        get.arg("GET").arg(name);
        let values: HashMap<String, String> = get.query_async(connection).await?;
        let value = values.get(name).map_or("unknown", String::as_str);
        let is_right = match name {
            "maxmemory-policy" => !value.starts_with("allkeys-"),
            _ => value == right,
        };
        if !is_right {
            let problem = format!("Redis has the setting `{name} {value}`; set it to `{right}`");
            return Ok(Some(problem));
        }
    }
    Ok(None)
}

/// Describes the failure. Redis's message is not included: it may quote a command with an event.
fn describe(error: &RedisError) -> String {
    match (error.kind(), error.code()) {
        (ErrorKind::AuthenticationFailed, _) | (_, Some("WRONGPASS" | "NOAUTH")) => {
            "Redis refused the user or the password".to_owned()
        }
        (_, Some("NOPERM")) => {
            "the Redis user lacks a permission; see the documentation of `RedisLog`".to_owned()
        }
        (_, Some("MOVED" | "ASK" | "CLUSTERDOWN" | "CROSSSLOT" | "TRYAGAIN")) => {
            "the server is a node of a Redis cluster and does not have the slot of this log; give the \
             URL of a single server"
                .to_owned()
        }
        (_, Some("OOM")) => "Redis has no memory left; raise `maxmemory`".to_owned(),
        (ErrorKind::Io, _) => format!("Redis: {error}"),
        (_, Some(code)) => format!("Redis answered {code}"),
        _ => format!("Redis: {}", error.category()),
    }
}
