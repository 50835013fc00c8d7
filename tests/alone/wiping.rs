//! Secrets are wiped: after they are dropped, this process's memory is searched for them.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a panic fails the test

use std::fs::{self, File, Permissions};
use std::ops::Range;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cobo_auth::{
    Ed25519Signer, FixedToken, Secp256k1Signer, Secret, SecretKey, Signer, UserInfoErrorKind,
};
use cobo_oauth::{FileStore, Saved, StoreKey, TokenPair, TokenStore};
use cobo_sandbox::Sandbox;
use cobo_tests::canned::{self, Canned};
use cobo_tests::directory::directory;
use cobo_tests::{client, contract};
use ed25519_dalek::SigningKey;
use http::Method;
use secrecy::{ExposeSecret, SecretString};

/// A text that is created on demand, so that only the copies made by the test are in memory. Each
/// test has its own texts, since tests run concurrently.
#[derive(Clone, Copy)]
struct Marker {
    number: u8,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    /// 96 letters.
    Text,
    /// The 32 bytes of a private key; they are not UTF-8.
    Seed,
    /// The seed in 64 hexadecimal digits.
    Digits,
}

impl Marker {
    fn new(number: u8) -> Self {
        let form = Form::Text;
        Self { number, form }
    }

    fn seed(self) -> Self {
        let form = Form::Seed;
        Self { form, ..self }
    }

    fn digits(self) -> Self {
        let form = Form::Digits;
        Self { form, ..self }
    }

    fn byte(self, index: usize) -> u8 {
        match self.form {
            Form::Text => {
                let mut state = (u32::from(self.number) << 16) | u32::try_from(index).unwrap();
                for _ in 0..3 {
                    state = state.wrapping_mul(0x9e37_79b1) ^ (state >> 15);
                }
                b'a' + u8::try_from(state % 26).unwrap()
            }
            Form::Seed => Self::new(self.number).byte(index) | 0x80,
            Form::Digits => {
                let byte = self.seed().byte(index / 2);
                let digit = if index.is_multiple_of(2) {
                    byte >> 4
                } else {
                    byte & 15
                };
                b"0123456789abcdef"[usize::from(digit)]
            }
        }
    }

    /// The text, in one allocation.
    fn text(self) -> String {
        let length = if matches!(self.form, Form::Digits) {
            64
        } else {
            96
        };
        let mut text = String::with_capacity(length);
        text.extend((0..length).map(|index| char::from(self.byte(index))));
        text
    }

    /// The addresses of 32 bytes of the text, outside of this thread's stack. They are not the
    /// first bytes of the text, because the allocator overwrites the beginning of freed memory.
    fn found(self) -> Vec<usize> {
        /// Serialises the tests, so that one does not find what another has read.
        static READING: Mutex<()> = Mutex::new(());
        let _reading = READING.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = if matches!(self.form, Form::Seed) {
            0
        } else {
            24
        };
        let wanted: [u8; 32] = std::array::from_fn(|index| self.byte(skipped + index));
        let stack = wanted.as_ptr().addr();
        let memory = File::open("/proc/self/mem").unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mut page = vec![0; PAGE + wanted.len() - 1]; // and the beginning of the next one
        let mut found = Vec::new();
        for range in maps.lines().filter_map(data) {
            if range.contains(&stack) {
                continue;
            }
            for at in range.step_by(PAGE) {
                let read = memory.read_at(&mut page, at as u64).unwrap_or(0);
                if page[..PAGE] == [0; PAGE] {
                    continue;
                }
                let own = page.as_ptr_range();
                let own = own.start.addr()..own.end.addr();
                let windows = page[..read].windows(wanted.len()).enumerate();
                let places = windows.filter(|(_, window)| *window == wanted);
                found.extend(
                    places
                        .map(|(place, _)| at + place)
                        .filter(|at| !own.contains(at)),
                );
            }
        }
        page.fill(0);
        found
    }

    fn assert_wiped(self) {
        let found = self.found();
        assert!(found.is_empty(), "found at {found:x?}");
    }
}

const PAGE: usize = 4096;

/// The address range of a line of `/proc/self/maps`, if it is heap or a thread's stack.
fn data(line: &str) -> Option<Range<usize>> {
    let mut fields = line.split_ascii_whitespace();
    let (addresses, permissions) = (fields.next()?, fields.next()?);
    let name = fields.nth(3).unwrap_or_default();
    let anonymous = name.is_empty() || name == "[heap]" || name.starts_with("[anon");
    let (start, end) = addresses.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).unwrap();
    (anonymous && permissions == "rw-p").then(|| address(start)..address(end))
}

/// Reads the bytes at freed addresses.
fn freed(memory: &File, range: &Range<usize>, into: &mut [u8]) {
    memory.read_exact_at(into, range.start as u64).unwrap();
}

#[test]
fn memory_scan_finds_data_that_is_not_wiped() {
    let marker = Marker::new(1);
    let text = marker.text();
    assert_eq!(marker.found().len(), 1);
    drop(text);
    assert_eq!(marker.found().len(), 1);
}

#[test]
fn secret_is_wiped_when_its_last_clone_is_dropped() {
    let marker = Marker::new(2);
    let secret = Secret::new(marker.text());
    let clone = secret.clone();
    assert_eq!(marker.found().len(), 1, "clones share one copy");
    drop(secret);
    assert_eq!(marker.found().len(), 1);
    drop(clone);
    marker.assert_wiped();
}

#[test]
fn access_token_and_its_header_are_wiped_on_drop() {
    let marker = Marker::new(3);
    let token = FixedToken::new(marker.text()).unwrap();
    assert_eq!(marker.found().len(), 2, "the token and its header");
    drop(token);
    marker.assert_wiped();
}

#[tokio::test]
async fn private_key_is_wiped_when_its_last_signer_is_dropped() {
    let marker = Marker::new(4);
    let digits = Secret::new(marker.digits().text());
    let key = SecretKey::from_hex(digits.expose()).unwrap();
    let clone = key.clone();
    let signers: [Box<dyn Signer>; 2] = [
        Box::new(Ed25519Signer::new(&key).unwrap()),
        Box::new(Secp256k1Signer::new(&key).unwrap()),
    ];
    assert!(!marker.seed().found().is_empty());
    drop((key, clone));
    for signer in signers {
        signer.sign(&[7; 32]).await.unwrap();
        drop(signer);
    }
    marker.seed().assert_wiped();
}

#[test]
fn secret_converted_from_and_to_the_secrecy_crate_is_wiped() {
    let marker = Marker::new(41);
    let theirs = SecretString::from(marker.text());
    let ours = Secret::from(theirs);
    assert_eq!(marker.found().len(), 1, "the argument was wiped");
    let theirs = SecretString::from(&ours);
    assert_eq!(theirs.expose_secret(), ours.expose());
    drop(ours);
    assert_eq!(marker.found().len(), 1);
    let ours = Secret::from(theirs.clone());
    drop(theirs);
    let theirs = SecretString::from(ours);
    assert_eq!(marker.found().len(), 1);
    drop(theirs);
    marker.assert_wiped();
}

/// ed25519-dalek signs in a build without AWS-LC.
#[test]
fn private_key_of_ed25519_dalek_is_wiped() {
    let marker = Marker::new(40).seed();
    let seed = std::array::from_fn(|index| marker.byte(index));
    let key = Box::new(SigningKey::from_bytes(&seed));
    assert_eq!(marker.found().len(), 1);
    drop(key);
    marker.assert_wiped();
}

/// The environment belongs to the whole process, so a second process, which also runs this test,
/// reads the variable.
#[test]
fn private_key_from_a_file_or_the_environment_is_wiped() {
    const NAME: &str = "private_key_from_a_file_or_the_environment_is_wiped";
    const VARIABLE: &str = "COBO_TEST_WIPED_KEY";
    let marker = Marker::new(5);
    let read = |key: SecretKey| {
        assert!(!marker.seed().found().is_empty());
        drop(key);
        marker.digits().assert_wiped();
        marker.seed().assert_wiped();
    };
    if let Ok(key) = SecretKey::from_env(VARIABLE) {
        return read(key);
    }
    let dir = directory();
    let path = dir.path().join("key");
    let digits = Secret::new(marker.digits().text());
    File::create(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, digits.expose()).unwrap();
    drop(digits);
    read(SecretKey::from_file(&path).unwrap());
    // PKCS#8.
    let mut der = hex::decode("302e020100300506032b657004220420").unwrap();
    der.reserve_exact(32);
    der.extend((0..32).map(|index| marker.seed().byte(index)));
    fs::write(&path, &der).unwrap();
    der.fill(0);
    read(SecretKey::from_file(&path).unwrap());

    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", NAME]);
    command.env(VARIABLE, marker.digits().text());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 passed"), "{text}");
}

/// hyper's buffers also contain the body and are not wiped, so only the body's own memory is
/// checked.
#[tokio::test]
async fn response_body_is_wiped_when_its_last_clone_is_dropped() {
    let body = format!("\"{}\"", Marker::new(6).text().repeat(20));
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
    let mut left = bytes.windows(8).zip(body.as_bytes().windows(8));
    assert!(!left.any(|(left, body)| left == body));
}

#[tokio::test]
async fn tokens_used_by_a_file_store_are_wiped() {
    let (plain, sealed) = (directory(), directory());
    let (access, refresh) = (Marker::new(7), Marker::new(8));
    let stores = [
        FileStore::open(plain.path()).unwrap(),
        FileStore::open_sealed(sealed.path(), StoreKey::new([7; 32])).unwrap(),
    ];
    for store in stores {
        let pair = TokenPair::new(7, access.text(), 1_000, 44_200_000)
            .with_refresh_token(refresh.text(), 2_592_000_000);
        assert_eq!(store.save("one", &pair).await.unwrap(), Saved::Kept);
        drop(pair);
        let lease = store.lease("one", Duration::from_secs(30)).await;
        let lease = lease.unwrap().unwrap();
        let token = lease.spend(7).await.unwrap().unwrap();
        lease.restore(7, token).await.unwrap();
        assert!(store.load("one").await.unwrap().is_some());
        store
            .remove("one", &contract::owner("client"))
            .await
            .unwrap();
    }
    access.assert_wiped();
    refresh.assert_wiped();
}

#[tokio::test]
async fn user_info_token_is_wiped_after_its_verification() {
    let marker = Marker::new(9);
    let sandbox = Sandbox::start().await.unwrap();
    let verifier = client::user_info(&client::auth(&sandbox), &sandbox);
    let genuine = sandbox.user_info_token(serde_json::json!({}));
    let parts: Vec<&str> = genuine.split('.').collect();
    // The marker is the payload. It is valid base64url, but the signature is not for it.
    let mut text = String::with_capacity(1_024);
    text.push_str(parts[0]);
    text.push('.');
    text.extend((0..96).map(|index| char::from(marker.byte(index))));
    text.push('.');
    text.push_str(parts[2]);
    let token = Secret::new(text);
    assert!(!marker.found().is_empty());
    let error = verifier.verify(&token).await.unwrap_err();
    assert_eq!(error.kind(), UserInfoErrorKind::WrongSignature);
    drop(token);
    marker.assert_wiped();
}
