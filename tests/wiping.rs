//! That secrets are wiped: the memory of this process is searched for them once they are dropped.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // in a test a panic is the report

use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use cobo_auth::{
    AwsLcSigner, Ed25519Signer, FixedToken, Secp256k1Signer, Secret, SecretKey, Signer,
};
use cobo_oauth::{FileStore, StoreKey, TokenPair, TokenStore};
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use cobo_tests::directory::directory;
use http::Method;

/// A text that is made when it is needed, so that only what a test makes of it is in memory. Each
/// test has texts of its own, since tests run at the same time.
#[derive(Clone, Copy)]
struct Marker(u8);

impl Marker {
    const LENGTH: usize = 96;

    /// One of its bytes, a letter.
    fn byte(self, index: usize) -> u8 {
        let mut state = u32::from(self.0) << 16 | u32::try_from(index).unwrap();
        for _ in 0..3 {
            state = state.wrapping_mul(0x9e37_79b1) ^ (state >> 15);
        }
        b'a' + u8::try_from(state % 26).unwrap()
    }

    /// The text, in one piece of memory.
    fn text(self) -> String {
        let mut text = String::with_capacity(Self::LENGTH);
        text.extend((0..Self::LENGTH).map(|index| char::from(self.byte(index))));
        text
    }

    /// The first 32 bytes, in hexadecimal digits.
    fn hex(self) -> Secret {
        let digits =
            |byte: u8| [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]);
        let mut text = String::with_capacity(64);
        text.extend(
            (0..32)
                .flat_map(|index| digits(self.byte(index)))
                .map(char::from),
        );
        Secret::new(text)
    }

    /// Where these bytes of the text are in memory, but for the stack of this thread.
    fn found(self, part: Range<usize>) -> Vec<usize> {
        let here = 0_u8;
        let stack = std::ptr::from_ref(&here).addr();
        let memory = File::open("/proc/self/mem").unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mut chunk = vec![0; 1 << 16];
        let mut found = Vec::new();
        for range in maps.lines().filter_map(data) {
            if range.contains(&stack) {
                continue;
            }
            let mut at = range.start;
            while at < range.end {
                let length = chunk.len().min(range.end - at);
                let read = memory.read_at(&mut chunk[..length], at as u64).unwrap_or(0);
                let own = chunk.as_ptr_range();
                let own = own.start.addr()..own.end.addr();
                let starts = (0..read.saturating_sub(part.len() - 1))
                    .filter(|start| {
                        part.clone()
                            .all(|index| chunk[start + index - part.start] == self.byte(index))
                    })
                    .map(|start| at + start);
                found.extend(starts.filter(|start| !own.contains(start)));
                if length < chunk.len() || read < length {
                    break;
                }
                at += length - part.len(); // what is at the end of one chunk
            }
        }
        chunk.fill(0);
        found
    }

    /// Nothing of the text is in memory. What is freed may lose its first bytes to the allocator.
    fn assert_wiped(self) {
        let found = self.found(24..32);
        assert!(found.is_empty(), "found at {found:x?}");
    }
}

/// The addresses of a line of `/proc/self/maps` that is heap, or stack of a thread.
fn data(line: &str) -> Option<Range<usize>> {
    let mut fields = line.split_ascii_whitespace();
    let (addresses, permissions) = (fields.next()?, fields.next()?);
    let name = fields.nth(3).unwrap_or_default();
    let anonymous = name.is_empty() || name == "[heap]" || name.starts_with("[anon");
    let (start, end) = addresses.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).unwrap();
    (anonymous && permissions == "rw-p").then(|| address(start)..address(end))
}

/// The bytes at addresses that were freed.
fn freed(memory: &File, range: &Range<usize>, into: &mut [u8]) {
    memory.read_exact_at(into, range.start as u64).unwrap();
}

#[test]
fn memory_that_is_not_wiped_is_found() {
    let marker = Marker(1);
    let text = marker.text();
    assert_eq!(marker.found(24..32).len(), 1);
    drop(text);
    assert_eq!(marker.found(24..32).len(), 1);
}

#[test]
fn secret_is_wiped_when_its_last_clone_is_dropped() {
    let marker = Marker(2);
    let secret = Secret::new(marker.text());
    let clone = secret.clone();
    assert_eq!(marker.found(24..32).len(), 1, "clones share one copy");
    drop(secret);
    assert_eq!(marker.found(24..32).len(), 1);
    drop(clone);
    marker.assert_wiped();
}

#[test]
fn access_token_is_wiped_with_the_header_that_carries_it() {
    let marker = Marker(3);
    let token = FixedToken::new(marker.text()).unwrap();
    assert_eq!(marker.found(24..32).len(), 2, "the token and its header");
    drop(token);
    marker.assert_wiped();
}

#[tokio::test]
async fn private_key_is_wiped_with_its_last_signer() {
    let marker = Marker(4);
    let key = SecretKey::from_hex(marker.hex().expose()).unwrap();
    assert!(!marker.found(0..32).is_empty());
    let signers: [Box<dyn Signer>; 3] = [
        Box::new(Ed25519Signer::new(&key).unwrap()),
        Box::new(AwsLcSigner::new(&key).unwrap()),
        Box::new(Secp256k1Signer::new(&key).unwrap()),
    ];
    drop(key);
    for signer in signers {
        signer.sign(&[7; 32]).await.unwrap();
        drop(signer);
    }
    marker.assert_wiped();
}

/// hyper's buffers have the body as well, and are not wiped: only the body's own memory is looked
/// at.
#[tokio::test]
async fn response_body_is_wiped_when_its_last_clone_is_dropped() {
    let body = format!("\"{}\"", Marker(5).text().repeat(20));
    let server = Canned::start([canned::signed("200 OK", &body)]).await;
    let client = client::builder(server.environment()).build().unwrap();
    let response = client.request(Method::GET, "/x").send().await.unwrap();
    let response = response.into_inner();
    assert_eq!(&*response, body.as_bytes());

    let memory = File::open("/proc/self/mem").unwrap();
    let mut bytes = vec![0; body.len()];
    let addresses = response.as_ptr_range();
    let addresses = addresses.start.addr()..addresses.end.addr();
    let clone = response.clone().into_bytes();
    drop(response);
    freed(&memory, &addresses, &mut bytes);
    assert!(bytes == body.as_bytes(), "clones share one copy");
    drop(clone);
    freed(&memory, &addresses, &mut bytes);
    let left = bytes.windows(8).zip(body.as_bytes().windows(8));
    assert!(!left.into_iter().any(|(left, body)| left == body));
}

#[tokio::test]
async fn what_passes_through_a_file_store_is_wiped() {
    let (plain, sealed) = (directory(), directory());
    let (access, refresh) = (Marker(6), Marker(7));
    let stores = [
        FileStore::open(plain.path()).unwrap(),
        FileStore::open_sealed(sealed.path(), StoreKey::new([7; 32])).unwrap(),
    ];
    for store in stores {
        let pair = TokenPair::new(7, access.text(), 1_000, 44_200_000)
            .with_refresh_token(refresh.text(), 2_592_000_000);
        store.save("one", &pair).await.unwrap();
        drop(pair);
        let lease = store.lease("one", std::time::Duration::from_secs(30)).await;
        let lease = lease.unwrap().unwrap();
        let token = lease.spend(7).await.unwrap().unwrap();
        lease.restore(7, token).await.unwrap();
        assert!(store.load("one").await.unwrap().is_some());
        store.remove("one").await.unwrap();
    }
    access.assert_wiped();
    refresh.assert_wiped();
}
