use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use pkcs8::der::{Decode as _, SecretDocument};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use crate::keys::error::KeyError;
use crate::keys::file::{self, Access};
use crate::keys::public_key::Curve;

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const ELLIPTIC_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// A private key of 32 bytes, as read from a file or a variable, for a signer.
///
/// Clones share one copy, which is wiped when the last one is dropped; `Debug` is redacted.
///
/// ```no_run
/// use cobo_auth::{Ed25519Signer, SecretKey};
///
/// // Made by `openssl genpkey -algorithm ed25519 -out app.pem`.
/// let signer = Ed25519Signer::new(&SecretKey::from_file("app.pem")?)?;
/// # Ok::<(), cobo_auth::KeyError>(())
/// ```
#[derive(Clone)]
pub struct SecretKey {
    bytes: Arc<Zeroizing<[u8; 32]>>,
    /// The curve that the file names. Hexadecimal digits name none.
    curve: Option<Curve>,
}

impl SecretKey {
    /// Parses 64 hexadecimal digits, upper or lower case. White space around them is trimmed, since
    /// files and environment variables often end with a newline.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says what is wrong with the text. It never contains the text.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.starts_with("0x") || text.starts_with("0X") {
            return Err(KeyError::Prefix);
        }
        if text.starts_with("-----BEGIN") {
            return Err(KeyError::Pem);
        }
        if let Some(position) = text.bytes().position(|byte| !byte.is_ascii_hexdigit()) {
            return Err(KeyError::NotHex { position });
        }
        let mut bytes = Zeroizing::new([0; 32]);
        match text.len() {
            64 => hex::decode_to_slice(text, &mut *bytes).map_err(|_| KeyError::NotAKey)?,
            128 => return Err(KeyError::Expanded),
            digits => return Err(KeyError::Length { digits }),
        }
        Ok(Self::new(bytes, None))
    }

    /// Parses PKCS#8 in PEM: `-----BEGIN PRIVATE KEY-----`.
    ///
    /// # Errors
    ///
    /// The text is not a private key. [`KeyError`] distinguishes an encrypted key, a public key,
    /// and a key of another algorithm.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        // OpenSSL can write attributes of the key in front of it.
        let text = text
            .find("-----BEGIN")
            .map_or(text, |start| &text[start..])
            .trim();
        let (label, document) = match SecretDocument::from_pem(text) {
            Ok((label, document)) => (label, document),
            // The label alone says what kind of PEM it is, even if the content is malformed.
            Err(_) => return Err(wrong_label(text).unwrap_or(KeyError::NotAKey)),
        };
        match label {
            "PRIVATE KEY" => Self::from_der(document.as_bytes()),
            _ => Err(wrong_label(text).unwrap_or(KeyError::NotAKey)),
        }
    }

    /// Parses PKCS#8 in DER.
    ///
    /// # Errors
    ///
    /// The bytes are not a private key. [`KeyError`] distinguishes an encrypted key, a public key,
    /// and a key of another algorithm.
    pub fn from_der(bytes: &[u8]) -> Result<Self, KeyError> {
        let Ok(info) = PrivateKeyInfoRef::from_der(bytes) else {
            return Err(if SubjectPublicKeyInfoRef::from_der(bytes).is_ok() {
                KeyError::Public
            } else if pkcs8::EncryptedPrivateKeyInfoRef::from_der(bytes).is_ok() {
                KeyError::Encrypted
            } else {
                KeyError::NotAKey
            });
        };
        match info.algorithm.oid {
            ED25519 => {
                // An OCTET STRING in an OCTET STRING: tag, length, and the seed.
                let seed: [u8; 32] = match info.private_key.as_bytes() {
                    [0x04, 0x20, seed @ ..] => seed.try_into().map_err(|_| KeyError::NotAKey)?,
                    _ => return Err(KeyError::NotAKey),
                };
                let seed = Zeroizing::new(seed);
                let public = SigningKey::from_bytes(&seed).verifying_key();
                let stated = info.public_key.and_then(|bits| bits.as_bytes());
                if stated.is_some_and(|stated| stated != public.as_bytes()) {
                    return Err(KeyError::Mismatch);
                }
                Ok(Self::new(seed, Some(Curve::Ed25519)))
            }
            ELLIPTIC_CURVE => Self::of_secp256k1(bytes),
            _ => Err(KeyError::Algorithm),
        }
    }

    #[cfg(feature = "secp256k1")]
    fn of_secp256k1(bytes: &[u8]) -> Result<Self, KeyError> {
        use pkcs8::DecodePrivateKey as _;

        let key = k256::SecretKey::from_pkcs8_der(bytes).map_err(|_| KeyError::Algorithm)?;
        let bytes = Zeroizing::new(<[u8; 32]>::from(key.to_bytes()));
        Ok(Self::new(bytes, Some(Curve::Secp256k1)))
    }

    #[cfg(not(feature = "secp256k1"))]
    fn of_secp256k1(_: &[u8]) -> Result<Self, KeyError> {
        Err(KeyError::Algorithm)
    }

    /// Reads a key file: PEM, DER, or hexadecimal digits. The content decides which.
    ///
    /// On Unix the file is refused if its group or other users can write it. It is also refused if
    /// other users can read it, the program's user owns it, and it is on neither a tmpfs nor a
    /// read-only mount: such a file should have been created with mode 600. Secrets that a
    /// container runtime mounts (Kubernetes, Docker) are accepted; if one is refused, use
    /// [`from_mounted_file`](Self::from_mounted_file).
    ///
    /// # Errors
    ///
    /// [`KeyError::Writable`] or [`KeyError::Readable`] if the permissions are too wide;
    /// [`KeyError::File`] if the file cannot be read; otherwise the error of its content.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        Self::read(path.as_ref(), Access::Checked)
    }

    /// Reads a key file as [`from_file`](Self::from_file) does, without checking its permissions.
    /// Use it for a secret that is mounted for this program and whose permissions the program
    /// cannot choose.
    ///
    /// # Errors
    ///
    /// [`KeyError::File`] if the file cannot be read; otherwise the error of its content.
    pub fn from_mounted_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        Self::read(path.as_ref(), Access::Unchecked)
    }

    /// Reads a key file. Text is PEM or hexadecimal digits; anything else is DER.
    fn read(path: &Path, access: Access) -> Result<Self, KeyError> {
        if path.to_str().is_some_and(is_key_itself) {
            return Err(KeyError::Misplaced);
        }
        let content = file::read(path, access)?;
        match std::str::from_utf8(&content) {
            Ok(text) => Self::from_text(text),
            Err(_) => Self::from_der(&content),
        }
    }

    /// Reads an environment variable: PEM or hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`KeyError::Variable`] if it is not set or not text; otherwise the error of its content.
    pub fn from_env(variable: &str) -> Result<Self, KeyError> {
        if is_key_itself(variable) {
            return Err(KeyError::Misplaced);
        }
        let text = std::env::var(variable).map(Zeroizing::new);
        let text = text.map_err(|_| KeyError::Variable {
            name: variable.to_owned(),
        })?;
        Self::from_text(&text)
    }

    /// Parses PEM or hexadecimal digits.
    fn from_text(text: &str) -> Result<Self, KeyError> {
        if text.contains("-----BEGIN") {
            Self::from_pem(text)
        } else {
            Self::from_hex(text)
        }
    }

    /// Generates a key from the operating system's random numbers.
    ///
    /// # Errors
    ///
    /// [`KeyError::Random`] if the operating system has no random numbers.
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|_| KeyError::Random)?;
        Ok(Self::new(bytes, None))
    }

    /// Returns the key as 64 hexadecimal digits. Store them where no other user can read them.
    pub fn to_hex(&self) -> crate::Secret {
        crate::Secret::new(hex::encode(**self.bytes))
    }

    fn new(bytes: Zeroizing<[u8; 32]>, curve: Option<Curve>) -> Self {
        Self {
            bytes: Arc::new(bytes),
            curve,
        }
    }

    pub(crate) fn for_curve(&self, wanted: Curve) -> Result<&[u8; 32], KeyError> {
        match self.curve {
            Some(curve) if curve != wanted => Err(KeyError::Curve { curve, wanted }),
            _ => Ok(&self.bytes),
        }
    }
}

/// Whether the text is a key instead of a file or variable name. An error would then print the key.
fn is_key_itself(name: &str) -> bool {
    let name = name.trim();
    name.contains("-----BEGIN")
        || name.len() >= 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The error for a PEM that is not a PKCS#8 private key, by its label.
fn wrong_label(text: &str) -> Option<KeyError> {
    let label = text.strip_prefix("-----BEGIN ")?.split("-----").next()?;
    match label {
        "ENCRYPTED PRIVATE KEY" => Some(KeyError::Encrypted),
        "PUBLIC KEY" => Some(KeyError::Public),
        "PRIVATE KEY" => None,
        _ => Some(KeyError::Algorithm),
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(REDACTED)")
    }
}
