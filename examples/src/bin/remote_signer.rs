//! A key in another process: the client requests signatures over a Unix socket and never sees the
//! key.
//!
//! In this example the process with the key is a task of the same program, and Cobo is a sandbox,
//! so that it runs by itself. For an HSM or a KMS, use its protocol in `RemoteSigner::sign`.

#![allow(clippy::print_stdout)] // the example prints its results

#[cfg(unix)]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    use cobo_auth::{Client, Environment, ResponseKeys, Signer as _};

    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("signer");
    let keeper = tokio::spawn(unix::keep_key(tokio::net::UnixListener::bind(&socket)?));

    let signer = unix::RemoteSigner::connect(&socket).await?;
    println!("the keeper has the key {}", signer.public_key());

    let sandbox = cobo_sandbox::Sandbox::start().await?;
    let key = sandbox.response_public_key();
    let keys = ResponseKeys::from_hex([key.as_str()])?;
    let client = Client::new(Environment::custom(sandbox.base_url(), keys)?, signer)?;

    let response = client
        .request(cobo_auth::http::Method::GET, "/oauth/token")
        .query("client_id", sandbox.client_id())
        .query("org_id", cobo_sandbox::DEMO_ORG_ID)
        .query("grant_type", "org_implicit")
        .send()
        .await?;
    println!(
        "a request that it signed was answered with {}",
        response.status()
    );
    keeper.abort();
    Ok(())
}

#[cfg(not(unix))]
fn main() {
    println!("this example needs Unix sockets");
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::path::{Path, PathBuf};

    use async_trait::async_trait;
    use cobo_auth::{Digest, Ed25519Signer, PublicKey, Signature, Signer, SignerError};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{UnixListener, UnixStream};

    /// Sends requests to a socket: a zero byte for the public key, or a one followed by a digest
    /// for a signature.
    #[derive(Debug)]
    pub(crate) struct RemoteSigner {
        socket: PathBuf,
        public: PublicKey,
    }

    impl RemoteSigner {
        pub(crate) async fn connect(socket: &Path) -> io::Result<Self> {
            let mut stream = UnixStream::connect(socket).await?;
            stream.write_all(&[0]).await?;
            let mut public = [0; 32];
            stream.read_exact(&mut public).await?;
            Ok(Self {
                socket: socket.to_owned(),
                public: PublicKey::ed25519(public),
            })
        }
    }

    #[async_trait]
    impl Signer for RemoteSigner {
        fn public_key(&self) -> &PublicKey {
            &self.public
        }

        async fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
            let mut stream = UnixStream::connect(&self.socket).await?;
            stream.write_all(&[1]).await?;
            stream.write_all(digest).await?;
            let mut signature = [0; 64];
            stream.read_exact(&mut signature).await?;
            Ok(Signature::new(signature))
        }
    }

    /// The server side, which alone has the key.
    pub(crate) async fn keep_key(listener: UnixListener) -> Result<(), SignerError> {
        let signer = Ed25519Signer::from_hex(cobo_sandbox::DEMO_APP_SECRET)?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            if stream.read_u8().await? == 0 {
                stream.write_all(signer.public_key().as_bytes()).await?;
            } else {
                let mut digest = [0; 32];
                stream.read_exact(&mut digest).await?;
                stream
                    .write_all(signer.sign(&digest).await?.as_bytes())
                    .await?;
            }
        }
    }
}
