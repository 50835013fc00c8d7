//! Redis servers that a test starts, which end with it.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Whether this machine has a `redis-server`. Where it has none the test is skipped and says so,
/// but not in CI, which installs one.
pub fn is_there() -> bool {
    let found = Command::new("redis-server").arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return true;
    }
    assert!(
        std::env::var("CI").is_err(),
        "redis-server is not installed"
    );
    // Not by `println`, which is not shown of a test that passes.
    let line = b"SKIPPED: redis-server is not installed\n";
    std::io::stderr().write_all(line).unwrap();
    false
}

/// What a server is to be like.
#[derive(Debug, Default, Clone)]
pub struct Settings {
    /// Every write is on its disk before it is answered.
    pub durable: bool,
    /// Flags of its own, such as `--requirepass`.
    pub flags: Vec<String>,
}

/// A server on a port and in a directory of its own.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    settings: Settings,
    port: u16,
    dir: TempDir,
}

impl Redis {
    /// Starts a server that forgets everything when it ends.
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    /// Starts a server, and waits until it answers.
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

    /// Starts it again, on the same port and in the same directory, and waits until it answers.
    pub async fn restart(&mut self) {
        self.kill();
        self.child = spawn(&self.settings, self.port, self.dir.path());
        self.ready().await;
    }

    /// Sends it a command by hand, and gives what it answers.
    pub fn cli(&self, arguments: &[&str]) -> String {
        let port = self.port.to_string();
        let mut command = self.client();
        command.args(["-h", "127.0.0.1", "-p", &port]);
        let output = command.args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// A `redis-cli` that speaks as the server does, with TLS or without.
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
                // A server that wants a password or a certificate is ready as well.
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

/// A port that nobody uses. The nodes of a cluster talk on one that is 10,000 higher.
pub fn free_port() -> u16 {
    let mut taken = Vec::new();
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if port <= u16::MAX - 10_000 {
            return port;
        }
        taken.push(listener); // another next time
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
