use aws_lc_rs::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::jwk::{CommonParameters, KeyOperations};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

use crate::user_info::error::UserInfoErrorKind;
use crate::user_info::jwks::JwksError;
use crate::user_info::token::Token;

/// The keys of a JWKS that can verify signatures.
pub(super) struct KeySet(Vec<Key>);

struct Key {
    id: String,
    /// The only algorithm that the key is meant for, if the JWKS names one.
    algorithm: Option<KeyAlgorithm>,
    key_type: KeyType,
    key: DecodingKey,
}

#[derive(Clone, Copy)]
enum KeyType {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// How AWS-LC verifies a signature.
///
/// jsonwebtoken has this table too, but only together with a provider for the whole process. It
/// panics if the features of all crates of an app select two providers.
enum Scheme {
    Rsa(&'static RsaParameters),
    Curve(&'static dyn signature::VerificationAlgorithm),
}

impl KeySet {
    /// Reads a JWKS. Leaves out keys that cannot verify signatures: secret keys, keys for
    /// encryption, keys without an id, and keys of unknown types.
    pub(super) fn parse(json: &[u8]) -> Result<Self, JwksError> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }

        let document: Document = serde_json::from_slice(json).map_err(|_| JwksError::Malformed)?;
        Ok(Self(
            document.keys.into_iter().filter_map(Key::read).collect(),
        ))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id == id)
    }

    /// Verifies a token's signature with the key that it names.
    pub(super) fn verify(&self, token: &Token<'_>) -> Result<(), UserInfoErrorKind> {
        let named = self.0.iter().filter(|key| key.id == token.key_id);
        // Two keys may have one id if their types differ (RFC 7517, 4.5).
        let mut fitting = named.filter_map(|key| Some((key, key.scheme(token.algorithm)?)));
        let (key, scheme) = fitting.next().ok_or(UserInfoErrorKind::KeyMismatch)?;
        if key.verifies(&scheme, token.message, &token.signature) {
            Ok(())
        } else {
            Err(UserInfoErrorKind::WrongSignature)
        }
    }
}

impl Key {
    fn read(json: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(json).ok()?;
        if !is_for_verification(&jwk.common) {
            return None;
        }
        let key_type = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => KeyType::Rsa,
            AlgorithmParameters::EllipticCurve(key) => match key.curve {
                EllipticCurve::P256 => KeyType::P256,
                EllipticCurve::P384 => KeyType::P384,
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(key) => match key.curve {
                EllipticCurve::Ed25519 => KeyType::Ed25519,
                _ => return None,
            },
            // A secret key would let everybody who can read the JWKS sign tokens.
            _ => return None,
        };
        Some(Self {
            key: DecodingKey::from_jwk(&jwk).ok()?,
            id: jwk.common.key_id?,
            algorithm: jwk.common.key_algorithm,
            key_type,
        })
    }

    /// How to verify signatures of this algorithm; `None` if the key is not for it. This is the
    /// list of all allowed algorithms.
    fn scheme(&self, algorithm: Algorithm) -> Option<Scheme> {
        if self
            .algorithm
            .is_some_and(|only| only != KeyAlgorithm::from(algorithm))
        {
            return None;
        }
        Some(match (algorithm, self.key_type) {
            (Algorithm::RS256, KeyType::Rsa) => Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            (Algorithm::RS384, KeyType::Rsa) => Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            (Algorithm::RS512, KeyType::Rsa) => Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            (Algorithm::PS256, KeyType::Rsa) => Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            (Algorithm::PS384, KeyType::Rsa) => Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            (Algorithm::PS512, KeyType::Rsa) => Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            (Algorithm::ES256, KeyType::P256) => Scheme::Curve(&signature::ECDSA_P256_SHA256_FIXED),
            (Algorithm::ES384, KeyType::P384) => Scheme::Curve(&signature::ECDSA_P384_SHA384_FIXED),
            (Algorithm::EdDSA, KeyType::Ed25519) => Scheme::Curve(&signature::ED25519),
            _ => return None,
        })
    }

    fn verifies(&self, scheme: &Scheme, message: &[u8], signature: &[u8]) -> bool {
        let verified = match (scheme, self.key.kind()) {
            (Scheme::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Scheme::Curve(algorithm), DecodingKeyKind::SecretOrDer(key)) => {
                UnparsedPublicKey::new(*algorithm, key).verify(message, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}

/// Whether the JWKS allows to verify signatures with a key.
fn is_for_verification(key: &CommonParameters) -> bool {
    let used = key.public_key_use.as_ref();
    let operations = key.key_operations.as_ref();
    used.is_none_or(|it| *it == PublicKeyUse::Signature)
        && operations.is_none_or(|all| all.contains(&KeyOperations::Verify))
}
