//! Tokens that an attacker could send. Each is refused with its own reason.

use aws_lc_rs::hmac;
use cobo_auth::UserInfoErrorKind as Kind;
use serde_json::{Value, json};

use crate::portal::*;

fn hmac_token(key: &[u8]) -> String {
    let message = message(&json!({ "alg": "HS256", "kid": "k" }), &claims());
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, message.as_bytes());
    with_signature(message, tag.as_ref())
}

#[tokio::test]
async fn each_forged_token_is_refused_for_its_own_reason() {
    let (genuine, other, ec, rsa) = (Key::ed25519(1), Key::ed25519(2), Key::es256(), Key::rs256());
    let secret = json!({ "kty": "oct", "kid": "secret", "k": base64("hunter2") });
    let mut encryption = genuine.jwk("encryption");
    encryption["use"] = json!("enc");
    let mut only_384 = rsa.jwk("only-rs384");
    only_384["alg"] = json!("RS384");
    let portal = Portal::serving(&[
        &genuine.jwk("k"),
        &ec.jwk("ec"),
        &rsa.jwk("rsa"),
        &secret,
        &encryption,
        &only_384,
    ])
    .await;
    let verifier = portal.verifier();
    let good = genuine.token("k", &claims());
    assert!(verify(&verifier, &good).await.is_ok());

    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = head.split_once('.').unwrap();
    let changed = base64(with_claim("sub", "admin").to_string());
    let signed = |header: Value| genuine.sign(&header, &claims());
    let named = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid });
    let own_key = json!({
        "alg": "EdDSA", "kid": "k", "jwk": other.jwk("k"), "jku": "https://attacker.example/jwks",
    });
    let unsigned = |alg: &str| with_signature(message(&named(alg, "k"), &claims()), b"");
    for (name, token, kind) in [
        (
            "algorithm none, no signature",
            unsigned("none"),
            Kind::AlgorithmNotAllowed,
        ),
        (
            "algorithm NONE",
            unsigned("NONE"),
            Kind::AlgorithmNotAllowed,
        ),
        (
            "algorithm none, signed",
            signed(named("none", "k")),
            Kind::AlgorithmNotAllowed,
        ),
        (
            "empty algorithm",
            signed(named("", "k")),
            Kind::AlgorithmNotAllowed,
        ),
        (
            "unknown algorithm",
            signed(named("ES256K", "k")),
            Kind::AlgorithmNotAllowed,
        ),
        (
            "HMAC with the public key",
            hmac_token(&genuine.public_bytes()),
            Kind::AlgorithmNotAllowed,
        ),
        (
            "HMAC with the RSA key",
            hmac_token(&rsa.public_bytes()),
            Kind::AlgorithmNotAllowed,
        ),
        (
            "HMAC with the JWK",
            hmac_token(genuine.jwk("k").to_string().as_bytes()),
            Kind::AlgorithmNotAllowed,
        ),
        (
            "secret key of the JWKS",
            signed(named("EdDSA", "secret")),
            Kind::UnknownKey,
        ),
        (
            "no algorithm",
            signed(json!({ "kid": "k" })),
            Kind::Malformed,
        ),
        (
            "algorithm in a list",
            signed(json!({ "alg": ["EdDSA"], "kid": "k" })),
            Kind::Malformed,
        ),
        (
            "no key id",
            signed(json!({ "alg": "EdDSA" })),
            Kind::MissingKeyId,
        ),
        (
            "key id in a list",
            signed(json!({ "alg": "EdDSA", "kid": ["k"] })),
            Kind::MissingKeyId,
        ),
        (
            "wrong key id",
            genuine.token("ec", &claims()),
            Kind::KeyMismatch,
        ),
        (
            "unknown key id",
            genuine.token("x", &claims()),
            Kind::UnknownKey,
        ),
        (
            "empty key id",
            genuine.token("", &claims()),
            Kind::UnknownKey,
        ),
        (
            "key for encryption",
            genuine.token("encryption", &claims()),
            Kind::UnknownKey,
        ),
        (
            "RSA algorithm, Ed25519 key",
            signed(named("RS256", "k")),
            Kind::KeyMismatch,
        ),
        (
            "Ed25519 algorithm, RSA key",
            signed(named("EdDSA", "rsa")),
            Kind::KeyMismatch,
        ),
        (
            "P-384 algorithm, P-256 key",
            ec.sign(&named("ES384", "ec"), &claims()),
            Kind::KeyMismatch,
        ),
        (
            "key for another algorithm",
            rsa.token("only-rs384", &claims()),
            Kind::KeyMismatch,
        ),
        (
            "PSS algorithm, PKCS#1 signature",
            rsa.sign(&named("PS256", "rsa"), &claims()),
            Kind::WrongSignature,
        ),
        (
            "signed by another key",
            other.token("k", &claims()),
            Kind::WrongSignature,
        ),
        (
            "attacker's key in the header",
            other.sign(&own_key, &claims()),
            Kind::WrongSignature,
        ),
        (
            "changed payload",
            format!("{header}.{changed}.{signature}"),
            Kind::WrongSignature,
        ),
        ("no signature", format!("{head}."), Kind::WrongSignature),
        (
            "half a signature",
            format!("{head}.{}", &signature[..44]),
            Kind::WrongSignature,
        ),
        (
            "critical extension",
            signed(json!({ "alg": "EdDSA", "kid": "k", "crit": ["b64"], "b64": false })),
            Kind::UnknownExtension,
        ),
        ("two parts", head.to_owned(), Kind::Malformed),
        ("four parts", format!("{good}.{signature}"), Kind::Malformed),
        (
            "five parts, as if encrypted",
            format!("{header}.{payload}.{payload}.{signature}.{payload}"),
            Kind::Malformed,
        ),
        ("empty", String::new(), Kind::Malformed),
        ("dots", "..".to_owned(), Kind::Malformed),
        ("space", format!(" {good}"), Kind::Malformed),
        ("padding", format!("{good}=="), Kind::Malformed),
        (
            "base64 with + and /",
            format!("{head}.+/+/"),
            Kind::Malformed,
        ),
        (
            "header that is not an object",
            format!("{}.{payload}.{signature}", base64("[]")),
            Kind::Malformed,
        ),
        (
            "too long",
            format!("{good}{}", "A".repeat(16 * 1024)),
            Kind::TooLong,
        ),
    ] {
        let error = verify(&verifier, &token).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert_eq!(error.status(), 401, "{name}");
        assert!(error.public_text().len() < 20, "{name}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(signature), "{name}: {shown}");
    }
}

#[tokio::test]
async fn unusable_keys_of_a_jwks_are_ignored() {
    let genuine = Key::ed25519(1);
    let portal = Portal::serving(&[
        &json!("text"),
        &json!({}),
        &json!({ "kty": "XYZ", "kid": "k" }),
        &json!({ "kty": "RSA", "kid": "k", "n": "!", "e": "AQAB" }),
        &json!({ "kty": "EC", "crv": "P-521", "kid": "k", "x": "AA", "y": "AA" }),
        &Key::es256().jwk("k"),
        &genuine.jwk("k"),
    ])
    .await;
    let verifier = portal.verifier();
    assert!(
        verify(&verifier, &genuine.token("k", &claims()))
            .await
            .is_ok()
    );
    // Keys of the wrong size are refused when they are used, without a panic.
    let weak = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "w", "x": "AAAA" });
    let small = json!({ "kty": "RSA", "kid": "r", "n": base64([255; 64]), "e": "AQAB" });
    let empty = json!({ "kty": "EC", "crv": "P-256", "kid": "e", "x": "", "y": "" });
    let portal = Portal::serving(&[&weak, &small, &empty]).await;
    let verifier = portal.verifier();
    for (alg, kid) in [
        ("EdDSA", "w"),
        ("RS256", "r"),
        ("PS256", "r"),
        ("ES256", "e"),
    ] {
        let token = genuine.sign(&json!({ "alg": alg, "kid": kid }), &claims());
        let error = verify(&verifier, &token).await.unwrap_err();
        assert_eq!(error.kind(), Kind::WrongSignature, "{alg}");
    }
}

/// Each position gets three other characters; a token that only has another form would verify.
#[tokio::test]
async fn token_with_a_changed_character_is_refused() {
    let key = Key::ed25519(1);
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    let verifier = portal.verifier();
    let token = key.token("k", &claims());
    assert!(verify(&verifier, &token).await.is_ok());
    for position in 0..token.len() {
        for other in ["A", "_", "."] {
            if &token[position..=position] == other {
                continue;
            }
            let mut changed = token.clone();
            changed.replace_range(position..=position, other);
            let verified = verify(&verifier, &changed).await;
            assert!(verified.is_err(), "{position}: {other}");
        }
    }
    for length in 0..token.len() {
        assert!(
            verify(&verifier, &token[..length]).await.is_err(),
            "{length}"
        );
    }
}
