use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::Secret;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::owner::check;
use super::{Lease, Owner, Saved, StoreError, TokenPair, TokenStore};
use directory::{Directory, OrgFiles};
use encoding::Encoding;
use lock::{Kind, Lock};
use record::Stored;
use workers::Workers;

mod buffer;
mod directory;
mod disk;
mod encoding;
mod failure;
mod lock;
mod permissions;
mod record;
#[cfg(feature = "encryption")]
mod seal;
mod workers;

#[cfg(feature = "encryption")]
pub use seal::{StoreKey, StoreKeyError};

/// The most leases held at a time. Each keeps a file open, and a process may open few: 256 on
/// macOS.
const MAX_LEASES: usize = 96;

/// Keeps token pairs in a directory, for all the processes of one machine. Clones share it.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let temporary = std::env::temp_dir().join(format!("cobo-doc-{}", std::process::id()));
/// # let dir = &temporary;
/// use cobo_oauth::FileStore;
///
/// let store = FileStore::open(dir)?; // for `TokenSource::builder(…).store(store)`
/// # drop(store);
/// # std::fs::remove_dir_all(temporary)?;
/// # Ok(())
/// # }
/// ```
///
/// Each organization has its own JSON file, so a refresh writes one small file, and a damaged file
/// affects one organization. Beside it are two empty files that are locked through the operating
/// system: `.lock` while the pair is being written, `.lease` while the tokens are being refreshed.
/// A lock ends with the process that holds it, even if the process is killed. Lock files stay while
/// the organization has a file; otherwise they are removed. After a pair was removed, its file has
/// the generation and no token.
///
/// - **Writes are atomic and durable.** A pair is written to a temporary file, which is flushed to
///   the disk and then renamed, and the directory is flushed. The temporary file of a killed
///   process is overwritten by the next write. A pair that is too large to be read again (over
///   1 MiB) is [refused](super::StoreErrorKind::TooLarge) before anything is written.
/// - **Data that the store does not recognise is left unchanged.** A file of a newer version, a damaged file, a file of another
///   organization, and a file that is encrypted with another key or not encrypted is
///   [not recognised](super::StoreErrorKind::Unrecognised); the pair of another app is
///   [refused](super::StoreErrorKind::OtherApp). No method overwrites or removes either, not even
///   [`remove`](TokenStore::remove). The error names the file or the app.
/// - **Only the owner has access.** The directory and its missing ancestors are created with mode
///   0700 and the files with 0600, regardless of the umask. A directory that other users can read or
///   write, or that belongs to another user, is refused by `open` and by each access. On Windows
///   neither is checked: choose a directory that only the program's account can access.
/// - **Callers do not block.** Files are read and written on a few threads of the runtime's
///   blocking pool, and none of these threads waits for a lock. An operation waits at most 1 second
///   for an organization's lock; other organizations are not delayed.
/// - **Few files are open.** Each lease keeps one file open, so a process holds at most 96 leases.
///   Further requests are answered as if another process had the lease, and a token source asks
///   again.
///
/// **In a container**, choose a directory below the mounted volume, such as `/data/tokens` for a
/// volume at `/data`; the store creates it. The volume may be writable for a group (mode 2770, as
/// with `fsGroup` in Kubernetes). Members of that group cannot read the tokens, but they can rename
/// the directory and put another one there. The store compares the directory with the one
/// that it opened, and then refuses to work. A group member who replaces the directory between this
/// check and the access can hide pairs or supply forged ones, but cannot read any; `open_sealed`
/// refuses forged pairs.
///
/// By default Kubernetes gives the volume's group access to every directory in it when a pod starts:
/// set `fsGroupChangePolicy: OnRootMismatch`. Without it, the store takes that access away again at
/// `open` and before each access, and logs a warning, because group members could have read tokens in
/// the meantime. It does so only if its own user owns the directory, others have no rights, and the
/// parent has the same group with the same rights. If a pair's file there belongs to another user or
/// has several names, the store refuses to work.
///
/// Use a separate directory for each app and each Cobo environment.
///
/// The directory must be on a local disk, because locks on network file systems are not reliable.
/// The store's methods need a tokio runtime; opening it does not.
///
/// With the feature `encryption`, `FileStore::open_sealed` encrypts the files. Buffers with tokens
/// are wiped from memory with or without it.
#[derive(Clone)]
pub struct FileStore(Arc<Inner>);

struct Inner {
    directory: Arc<Directory>,
    encoding: Encoding,
    workers: Workers,
    leases: Arc<Semaphore>,
}

impl FileStore {
    /// Opens a directory, and creates it if it does not exist.
    ///
    /// Blocks for the few system calls that this takes. Does not read the files.
    ///
    /// # Errors
    ///
    /// The directory cannot be created, the path is not a directory, or the directory belongs to
    /// another user or can be read or written by others.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::with(directory.as_ref(), Encoding::Plain)
    }

    /// Opens a directory whose files are encrypted with a key, and creates it if it does not exist.
    ///
    /// Each pair is encrypted with XChaCha20-Poly1305 under a random nonce, and bound to its
    /// organization and to the version of the format: files that were changed or swapped are not
    /// recognised. The list of organizations and the times of writing are not encrypted. A user
    /// with write access to the directory can put an older file back; the refresh token in it is
    /// spent.
    ///
    /// Files that are not encrypted, or are encrypted with another key, are not recognised and are
    /// left unchanged. To start encrypting, or to change the key, use a new directory: `get_token`
    /// fills it.
    ///
    /// # Errors
    ///
    /// The same as for [`open`](Self::open).
    #[cfg(feature = "encryption")]
    pub fn open_sealed(directory: impl AsRef<Path>, key: StoreKey) -> Result<Self, StoreError> {
        Self::with(directory.as_ref(), Encoding::Sealed(key))
    }

    fn with(directory: &Path, encoding: Encoding) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Inner {
            directory: Arc::new(Directory::open(directory)?),
            encoding,
            workers: Workers::default(),
            leases: Arc::new(Semaphore::new(MAX_LEASES)),
        })))
    }

    fn files(&self, org_id: &str) -> OrgFiles {
        OrgFiles::new(&self.0.directory, org_id)
    }

    /// Runs a job on the pair of an organization while holding the organization's lock.
    async fn exclusively<T: Send + 'static>(
        &self,
        org_id: &str,
        job: impl FnOnce(&Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let writer = Writer {
            store: self.clone(),
            files: self.files(org_id),
        };
        let files = writer.files.clone();
        let job = move || job(&writer);
        self.0.workers.run_locked(&files, job).await
    }
}

#[async_trait]
impl TokenStore for FileStore {
    async fn load(&self, org_id: &str) -> Result<Option<TokenPair>, StoreError> {
        let (store, files) = (self.clone(), self.files(org_id));
        let read = move || match files.read(&store.0.encoding)? {
            Some(Stored::Pair(pair)) => Ok(Some(pair)),
            Some(Stored::Removed(_)) | None => Ok(None),
        };
        self.0.workers.run(read).await
    }

    async fn save(&self, org_id: &str, pair: &TokenPair) -> Result<Saved, StoreError> {
        let pair = pair.clone();
        let save = move |writer: &Writer| {
            if let Some(stored) = writer.read()? {
                check(writer.files.org_id(), pair.owner.as_ref(), stored.owner())?;
                let generation = stored.generation();
                if generation >= pair.generation {
                    return Ok(Saved::Newer { generation });
                }
            }
            writer.write(Stored::Pair(pair)).map(|()| Saved::Kept)
        };
        self.exclusively(org_id, save).await
    }

    async fn remove(&self, org_id: &str, owner: &Owner) -> Result<(), StoreError> {
        let owner = owner.clone();
        let remove = move |writer: &Writer| {
            if let Some(Stored::Pair(pair)) = writer.read()? {
                owner.check(writer.files.org_id(), pair.owner.as_ref())?;
                writer.write(Stored::Removed(pair.generation))?;
            }
            writer.files.remove_temporary()
        };
        self.exclusively(org_id, remove).await
    }

    async fn organizations(&self, owner: &Owner) -> Result<Vec<String>, StoreError> {
        let (store, owner) = (self.clone(), owner.clone());
        let list = move || directory::list(&store.0.directory, &store.0.encoding, &owner);
        self.0.workers.run(list).await
    }

    /// `_ttl` is not used: the lease is a lock of the operating system, which ends with the
    /// process.
    async fn lease(
        &self,
        org_id: &str,
        _ttl: Duration,
    ) -> Result<Option<Box<dyn Lease>>, StoreError> {
        // Does not wait: a source would treat the store as not answering.
        let Ok(permit) = self.0.leases.clone().try_acquire_owned() else {
            return Ok(None);
        };
        let files = self.files(org_id);
        let attempt = move || Lock::try_acquire(&files, Kind::Lease);
        let Some(lock) = self.0.workers.run(attempt).await? else {
            return Ok(None);
        };
        Ok(Some(Box::new(FileLease {
            store: self.clone(),
            org_id: org_id.to_owned(),
            held: Arc::new(Held {
                _lock: lock,
                _permit: permit,
            }),
        })))
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("directory", &self.0.directory.path())
            .field("encoding", &self.0.encoding)
            .finish_non_exhaustive()
    }
}

/// Reads and writes the pair of one organization. Exists only while the organization's lock is
/// held.
struct Writer {
    store: FileStore,
    files: OrgFiles,
}

impl Writer {
    fn read(&self) -> Result<Option<Stored>, StoreError> {
        self.files.read(&self.store.0.encoding)
    }

    /// The pair of that generation, if it is stored.
    fn pair(&self, generation: u64) -> Result<Option<TokenPair>, StoreError> {
        Ok(match self.read()? {
            Some(Stored::Pair(pair)) if pair.generation == generation => Some(pair),
            _ => None,
        })
    }

    fn write(&self, stored: Stored) -> Result<(), StoreError> {
        self.files.write(&stored, &self.store.0.encoding)
    }
}

#[derive(Debug)]
struct FileLease {
    store: FileStore,
    org_id: String,
    held: Arc<Held>,
}

/// The lock and the permit of a lease. Running jobs share them, so that a lease dropped during a
/// job ends after the job.
#[derive(Debug)]
struct Held {
    _lock: Lock,
    _permit: OwnedSemaphorePermit,
}

#[async_trait]
impl Lease for FileLease {
    async fn spend(&self, generation: u64) -> Result<Option<Secret>, StoreError> {
        let held = self.held.clone();
        let spend = move |writer: &Writer| {
            let _held = held;
            let Some(mut pair) = writer.pair(generation)? else {
                return Ok(None);
            };
            let Some(token) = pair.refresh_token.take() else {
                return Ok(None);
            };
            writer.write(Stored::Pair(pair))?;
            Ok(Some(token))
        };
        self.store.exclusively(&self.org_id, spend).await
    }

    async fn restore(&self, generation: u64, refresh_token: Secret) -> Result<(), StoreError> {
        let held = self.held.clone();
        let restore = move |writer: &Writer| {
            let _held = held;
            match writer.pair(generation)? {
                Some(mut pair) if pair.refresh_token.is_none() => {
                    pair.refresh_token = Some(refresh_token);
                    writer.write(Stored::Pair(pair))
                }
                _ => Ok(()),
            }
        };
        self.store.exclusively(&self.org_id, restore).await
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        // Runs on a worker thread, because it may remove the lock's file, which blocks.
        let Self { store, held, .. } = *self;
        let release = move || {
            drop(held);
            Ok(())
        };
        store.0.workers.run(release).await
    }
}
