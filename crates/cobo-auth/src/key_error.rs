use crate::public_key::Curve;

/// Why a key cannot be used. The key itself stands in none of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Too long or too short.
    #[error("a key has 64 hexadecimal digits (32 bytes), this text has {digits}")]
    Length {
        /// How many digits there are.
        digits: usize,
    },
    /// Something else than a hexadecimal digit.
    #[error("a key has hexadecimal digits only; character {} is none", position + 1)]
    NotHex {
        /// Where the first one stands, counted in bytes from 0.
        position: usize,
    },
    /// A `0x` in front.
    #[error("a key has hexadecimal digits only: leave out the `0x` in front")]
    Prefix,
    /// 64 bytes: the seed with the public key or the expanded secret behind it.
    #[error(
        "this key has 64 bytes, which is a key pair or an expanded key; give the seed, 32 bytes \
         (of a key pair, the first half)"
    )]
    Expanded,
    /// PEM where hexadecimal digits are expected.
    #[error("this is PEM; read it with `SecretKey::from_pem` or `SecretKey::from_file`")]
    Pem,
    /// A key under a passphrase.
    #[error("this key is encrypted; decrypt it first: `openssl pkey -in FILE -out FILE`")]
    Encrypted,
    /// A public key.
    #[error("this is a public key; requests are signed with the private one")]
    Public,
    /// A key of another kind.
    #[error(
        "this is a key of another kind; make one with `openssl genpkey -algorithm ed25519` (for \
         secp256k1, this crate needs the feature of that name, and PKCS#8)"
    )]
    Algorithm,
    /// A key of another curve than the signer's.
    #[error("this is a key of {curve}; the signer is for {wanted}")]
    Curve {
        /// The key's.
        curve: Curve,
        /// The signer's.
        wanted: Curve,
    },
    /// Bytes that make no private key.
    #[error("this is no private key: neither hexadecimal digits nor PKCS#8 in PEM or DER")]
    NotAKey,
    /// 32 bytes that are not the public key of a key pair.
    #[error("these 32 bytes are no Ed25519 public key")]
    NotAPublicKey,
    /// A private key beside a public one that is not its own.
    #[error("the private key and the public key in this file do not belong together")]
    Mismatch,
    /// A key where the name of a file or of a variable belongs.
    #[error(
        "this is the key itself, not the name of its place; read it with `SecretKey::from_hex`"
    )]
    Misplaced,
    /// A file that other users may read.
    #[error(
        "{path} is readable by other users: run `chmod 600 {path}` and replace the key (if it is \
         mounted for this program, read it with `SecretKey::from_mounted_file`)"
    )]
    Readable {
        /// The file.
        path: String,
    },
    /// A file that its group or other users may write.
    #[error(
        "{path} is writable by its group or by other users: run `chmod 600 {path}` and replace the \
         key (if it is mounted for this program, read it with `SecretKey::from_mounted_file`)"
    )]
    Writable {
        /// The file.
        path: String,
    },
    /// A file that cannot be read.
    #[error("{path} cannot be read: {kind}")]
    File {
        /// The file.
        path: String,
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// An environment variable that is not there.
    #[error("the environment variable {name} is not set, or is not text")]
    Variable {
        /// Its name.
        name: String,
    },
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    Random,
}
