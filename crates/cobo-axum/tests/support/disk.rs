//! A disk in memory whose flush fails or hangs.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Condvar, Mutex};

use redb::StorageBackend;
use tokio::sync::mpsc;

const PAGE: usize = 512;

/// A disk behind the memory of an operating system, as on Linux: a write changes the memory only, and
/// a flush copies the changed pages to the disk. After a flush that failed, the pages count as
/// written although the disk does not have them.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    memory: Vec<u8>,
    disk: Vec<u8>,
    /// The pages that differ, as far as the system knows.
    dirty: BTreeSet<usize>,
    flush: Flush,
    flushing: Option<mpsc::UnboundedSender<()>>,
}

/// What a flush does.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    #[default]
    Works,
    Fails,
    Hangs,
}

impl Disk {
    /// Sets what flushes do from now on. A flush that hangs continues.
    pub fn set(&self, flush: Flush) {
        self.0.state.lock().unwrap().flush = flush;
        self.0.changed.notify_all();
    }

    /// Reports each flush that begins from now on.
    pub fn flushes(&self) -> mpsc::UnboundedReceiver<()> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.0.state.lock().unwrap().flushing = Some(sender);
        receiver
    }

    /// The disk after the machine has crashed: what was not flushed is gone.
    pub fn after_crash(&self) -> Self {
        let disk = self.0.state.lock().unwrap().disk.clone();
        let state = State {
            memory: disk.clone(),
            disk,
            ..State::default()
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.state.lock().unwrap().memory.len() as u64)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        let state = self.0.state.lock().unwrap();
        let bytes = state.memory.get(start..start + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).unwrap();
        self.0.state.lock().unwrap().memory.resize(len, 0);
        Ok(())
    }
    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.0.state.lock().unwrap();
        if let Some(flushing) = &state.flushing {
            let _ = flushing.send(());
        }
        let hangs = |state: &mut State| state.flush == Flush::Hangs;
        state = self.0.changed.wait_while(state, hangs).unwrap();
        let dirty = std::mem::take(&mut state.dirty);
        if state.flush == Flush::Fails {
            return Err(io::Error::other("the disk is gone"));
        }
        let State { memory, disk, .. } = &mut *state;
        disk.resize(memory.len(), 0);
        for page in dirty {
            let end = ((page + 1) * PAGE).min(memory.len());
            let page = (page * PAGE).min(end)..end;
            disk[page.clone()].copy_from_slice(&memory[page]);
        }
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        let mut state = self.0.state.lock().unwrap();
        state.memory[start..start + data.len()].copy_from_slice(data);
        let pages = start / PAGE..(start + data.len()).div_ceil(PAGE);
        state.dirty.extend(pages);
        Ok(())
    }
}
