use crate::keys::public_key::Curve;

/// Why a key cannot be used. No variant contains the key itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text has more or fewer than 64 digits.
    #[error("a key has 64 hexadecimal digits (32 bytes), this text has {digits}")]
    Length {
        /// The number of digits.
        digits: usize,
    },
    /// The text contains a character that is not a hexadecimal digit.
    #[error("character {} of the key is not a hexadecimal digit", position + 1)]
    NotHex {
        /// The position of the first such character, in bytes from 0.
        position: usize,
    },
    /// The text starts with `0x`.
    #[error("a key has hexadecimal digits only: leave out the `0x` in front")]
    Prefix,
    /// The key has 64 bytes: the seed followed by the public key, or an expanded secret key.
    #[error(
        "this key has 64 bytes, which is a key pair or an expanded key; give the seed, 32 bytes \
         (of a key pair, the first half)"
    )]
    Expanded,
    /// The text is PEM, but hexadecimal digits are expected.
    #[error("this is PEM; read it with `SecretKey::from_pem` or `SecretKey::from_file`")]
    Pem,
    /// The key is encrypted with a passphrase.
    #[error(
        "this key is encrypted; decrypt it first: `openssl pkey -in ENCRYPTED.pem -out PLAIN.pem`"
    )]
    Encrypted,
    /// The key is a public key.
    #[error("this is a public key; requests are signed with the private one")]
    Public,
    /// The key is of an unsupported algorithm.
    #[error(
        "unsupported kind of key; make one with `openssl genpkey -algorithm ed25519` (for \
         secp256k1, enable the feature `secp256k1` and use a PKCS#8 file)"
    )]
    Algorithm,
    /// The key is of another curve than the signer's.
    #[error("this is a key of {curve}; the signer is for {wanted}")]
    Curve {
        /// The key's curve.
        curve: Curve,
        /// The signer's curve.
        wanted: Curve,
    },
    /// The bytes are not a private key.
    #[error("not a private key: neither hexadecimal digits nor PKCS#8 in PEM or DER")]
    NotAKey,
    /// The 32 bytes are not an Ed25519 public key.
    #[error("these 32 bytes are not an Ed25519 public key")]
    NotAPublicKey,
    /// The file contains a public key that does not belong to its private key.
    #[error("the private key and the public key in this file do not belong together")]
    Mismatch,
    /// The key itself was given instead of the name of a file or variable.
    #[error(
        "this is the key itself; give the name of its file or environment variable, or read it with \
         `SecretKey::from_hex`"
    )]
    Misplaced,
    /// Other users can read the file.
    #[error(
        "{path} is readable by other users: run `chmod 600 {path}` and replace the key (if it is \
         mounted for this program, read it with `SecretKey::from_mounted_file`)"
    )]
    Readable {
        /// The file.
        path: String,
    },
    /// The file's group or other users can write the file.
    #[error(
        "{path} is writable by its group or by other users: run `chmod 600 {path}` and replace the \
         key (if it is mounted for this program, read it with `SecretKey::from_mounted_file`)"
    )]
    Writable {
        /// The file.
        path: String,
    },
    /// The file cannot be read.
    #[error("{path} cannot be read: {kind}")]
    File {
        /// The file.
        path: String,
        /// The reason.
        kind: std::io::ErrorKind,
    },
    /// The environment variable is not set or is not text.
    #[error("the environment variable {name} is not set, or is not text")]
    Variable {
        /// The name of the variable.
        name: String,
    },
    /// The operating system has no random numbers.
    #[error("the operating system gives no random numbers")]
    Random,
}
