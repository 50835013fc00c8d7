//! Redis servers that end with their test.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Whether this machine has a `redis-server`. Without it the test is skipped with a message; in CI,
/// which installs one, it fails.
pub fn is_there() -> bool {
    let found = Command::new("redis-server").arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return true;
    }
    assert!(
        std::env::var("CI").is_err(),
        "redis-server is not installed"
    );
    // `println` is not used, because its output is hidden if the test passes.
    let line = b"SKIPPED: redis-server is not installed\n";
    std::io::stderr().write_all(line).unwrap();
    false
}

/// The settings of a server.
#[derive(Debug, Default, Clone)]
pub struct Settings {
    /// Every write is flushed to disk before it is acknowledged.
    pub durable: bool,
    /// Extra command-line flags, such as `--requirepass`.
    pub flags: Vec<String>,
}

/// A server with its own port and directory.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    settings: Settings,
    port: u16,
    dir: TempDir,
}

impl Redis {
    /// Starts a server that persists nothing.
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    /// Starts a server that flushes every write to disk before it acknowledges it.
    pub async fn durable() -> Self {
        let settings = Settings {
            durable: true,
            ..Settings::default()
        };
        Self::with(settings).await
    }

    /// Starts a server, and waits until it accepts connections.
    pub async fn with(settings: Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let child = spawn(&settings, port, dir.path());
        let redis = Self {
            child,
            settings,
            port,
            dir,
        };
        redis.ready().await;
        redis
    }

    /// Its URL, without a password.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Its port on the loopback interface.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Kills it, with SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Restarts it on the same port and directory, and waits until it accepts connections.
    pub async fn restart(&mut self) {
        self.kill();
        self.child = spawn(&self.settings, self.port, self.dir.path());
        self.ready().await;
    }

    /// Runs a command with `redis-cli`, and returns the output.
    pub fn cli(&self, arguments: &[&str]) -> String {
        let port = self.port.to_string();
        let mut command = self.client();
        command.args(["-h", "127.0.0.1", "-p", &port]);
        let output = command.args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// A `redis-cli` with the server's TLS settings.
    pub fn client(&self) -> Command {
        let mut command = Command::new("redis-cli");
        let mut flags = self.settings.flags.iter();
        if flags.any(|flag| flag == "--tls-ca-cert-file") {
            command.args(["--tls", "--cacert"]).args(flags.next());
        }
        command
    }

    async fn ready(&self) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let ready = async {
            loop {
                // A server that requires a password or certificate also counts as ready.
                let listens = TcpStream::connect(address).is_ok();
                if listens && !self.cli(&["PING"]).starts_with("LOADING") {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let ready = tokio::time::timeout(Duration::from_secs(30), ready).await;
        ready.expect("redis-server did not start");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A free port. Cluster nodes also use the port that is 10,000 higher.
pub fn free_port() -> u16 {
    let mut taken = Vec::new();
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if port <= u16::MAX - 10_000 {
            return port;
        }
        taken.push(listener); // so that the next port differs
    }
}

fn spawn(settings: &Settings, port: u16, dir: &Path) -> Child {
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(dir.join("log"))
        .unwrap();
    let port = port.to_string();
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--dir"]);
    command.arg(dir);
    if settings.durable {
        command.args(["--appendonly", "yes", "--appendfsync", "always"]);
    }
    if !settings.flags.iter().any(|flag| flag == "--tls-port") {
        command.args(["--port", &port]);
    } else {
        command.args(["--port", "0"]);
    }
    command
        .args(
            settings
                .flags
                .iter()
                .map(|flag| flag.replace("PORT", &port)),
        )
        .stdout(Stdio::from(log))
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}
