//! The sandbox's command-line program.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use cobo_sandbox::{
    AcceptedNonces, AppKey, DEMO_CLIENT_ID, DEMO_ORG_ID, Sandbox, SandboxBuilder, Specification,
    StartError,
};
use serde::Serialize;
use tracing_subscriber::EnvFilter;

/// A local Cobo WaaS 2.0 to develop and test against.
///
/// Prints one line of JSON on standard output when it is ready, logs to standard error (RUST_LOG sets the filter), and
/// runs until SIGINT or SIGTERM.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// Address and port to listen on; port 0 selects a free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Allow a --listen address that other machines can reach
    #[arg(long)]
    allow_remote: bool,

    /// Public key of an app, 64 hex digits; may be repeated. Without it, the public demo key is registered
    // A `String`, because clap would repeat an invalid key in its error, and it may be a private key.
    #[arg(long = "app-key", value_name = "HEX")]
    app_keys: Vec<String>,

    /// API key of an organization, as PUBLIC_KEY=ORG_ID: 64 hex digits and the organization's id; may be repeated.
    /// Requests signed with it act for the organization without an access token, and are refused if they send one
    #[arg(long = "org-key", value_name = "HEX=ORG_ID")]
    org_keys: Vec<String>,

    /// Accepted kind of nonces. A nonce of any kind is accepted only once from each key
    #[arg(long, value_name = "KIND", value_enum, default_value_t = NonceKind::Any)]
    accept_nonces: NonceKind,

    /// Client id of the app
    #[arg(long, value_name = "ID", default_value = DEMO_CLIENT_ID)]
    client_id: String,

    /// Organization that has the app installed; may be repeated
    #[arg(long = "org-id", value_name = "ID", default_value = DEMO_ORG_ID)]
    org_ids: Vec<String>,

    /// OpenAPI document whose operations are answered too, with values made from its schemas; requests are checked
    /// against it
    #[arg(long = "spec", value_name = "FILE")]
    specification: Option<PathBuf>,

    /// Answer only from the document, OAuth operations included: no tokens are issued. An app's key must still send an
    /// access token, but any token is accepted
    #[arg(long = "spec-only", requires = "specification")]
    specification_only: bool,

    /// Lifetime of an organization's access token; 43199 by default
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    access_ttl: Option<u32>,

    /// Lifetime of an organization's refresh token; 2592000 (30 days) by default
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    refresh_ttl: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
enum NonceKind {
    /// Any text without `|`
    Any,
    /// Only Unix milliseconds: 13 decimal digits
    Milliseconds,
    /// Only random numbers: at least 32 hex digits
    Random,
}

impl From<NonceKind> for AcceptedNonces {
    fn from(kind: NonceKind) -> Self {
        match kind {
            NonceKind::Any => Self::Any,
            NonceKind::Milliseconds => Self::Milliseconds,
            NonceKind::Random => Self::Random,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let builder = Flags::parse()
        .builder()
        .unwrap_or_else(|error| error.exit());
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();

    match run(builder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not through the log, because RUST_LOG can disable it. If writing fails, there is no other way to report
            // it.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Flags {
    fn builder(self) -> Result<SandboxBuilder, clap::Error> {
        if !self.listen.ip().is_loopback() && !self.allow_remote {
            return Err(invalid(format!(
                "--listen {}: other machines could reach this address; give --allow-remote too, or listen on 127.0.0.1",
                self.listen
            )));
        }
        if self.client_id.is_empty() {
            return Err(invalid("--client-id: it is empty"));
        }
        if self.org_ids.iter().any(String::is_empty) {
            return Err(invalid("--org-id: it is empty"));
        }

        let mut builder = Sandbox::builder()
            .listen(self.listen)
            .allow_remote(self.allow_remote)
            .client_id(self.client_id)
            .accept_nonces(self.accept_nonces.into());
        for key in &self.app_keys {
            let key =
                AppKey::from_hex(key).map_err(|error| invalid(format!("--app-key: {error}")))?;
            builder = builder.app_key(key);
        }
        for entry in &self.org_keys {
            // The error does not repeat the text: it may be a private key.
            let (key, org_id) = entry
                .split_once('=')
                .filter(|(_, org_id)| !org_id.is_empty())
                .ok_or_else(|| invalid("--org-key: it must be HEX=ORG_ID"))?;
            let key =
                AppKey::from_hex(key).map_err(|error| invalid(format!("--org-key: {error}")))?;
            builder = builder.org_key(key, org_id);
        }
        for org_id in self.org_ids {
            builder = builder.org_id(org_id);
        }
        if let Some(seconds) = self.access_ttl {
            builder = builder.access_ttl(Duration::from_secs(seconds.into()));
        }
        if let Some(seconds) = self.refresh_ttl {
            builder = builder.refresh_ttl(Duration::from_secs(seconds.into()));
        }
        if let Some(path) = &self.specification {
            let specification =
                Specification::read(path).map_err(|error| invalid(format!("--spec: {error}")))?;
            builder = builder
                .specification(specification)
                .specification_only(self.specification_only);
        }
        Ok(builder)
    }
}

fn invalid(message: impl std::fmt::Display) -> clap::Error {
    Flags::command().error(ErrorKind::ValueValidation, message)
}

/// Why the program fails.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("cannot wait for signals: {0}")]
    Signal(io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}

async fn run(builder: SandboxBuilder) -> Result<(), RunError> {
    // Before the program reports that it is ready: from then on, a signal must end it cleanly.
    let stop = StopSignal::new().map_err(RunError::Signal)?;
    let sandbox = builder.start().await?;
    announce(&sandbox).map_err(RunError::Output)?;
    tracing::info!(base_url = sandbox.base_url(), "ready");

    stop.received().await.map_err(RunError::Signal)?;
    tracing::info!("stopping");
    sandbox.shutdown().await;
    Ok(())
}

/// What the program prints when it is ready.
#[derive(Serialize)]
struct Ready<'a> {
    base_url: &'a str,
    client_id: &'a str,
    org_ids: Vec<String>,
    app_keys: Vec<String>,
    /// The private key of the demo app, which is public on purpose; `null` with other keys.
    app_secret: Option<&'a str>,
    response_public_key: String,
}

fn announce(sandbox: &Sandbox) -> io::Result<()> {
    let ready = Ready {
        base_url: sandbox.base_url(),
        client_id: sandbox.client_id(),
        org_ids: sandbox.org_ids(),
        app_keys: sandbox.app_keys(),
        app_secret: sandbox.app_secret(),
        response_public_key: sandbox.response_public_key(),
    };
    let mut line = serde_json::to_vec(&ready)?;
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line)?;
    stdout.flush()
}

#[cfg(unix)]
struct StopSignal {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignal {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn received(mut self) -> io::Result<()> {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        Ok(())
    }
}

#[cfg(not(unix))]
struct StopSignal;

#[cfg(not(unix))]
impl StopSignal {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn received(self) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}
