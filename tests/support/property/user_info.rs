//! User info tokens, and the JWKS that has their keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cobo_auth::UserClaims;
use cobo_auth::fuzzing::verify_with_jwks;
use ed25519_dalek::Signer as _;
use serde_json::{Value, json};

use super::assert_silent;

const ISSUER: &str = "https://portal.example/";
const CLIENT_ID: &str = "the-client-id";
const NOW: u64 = 1_795_000_000;

/// Longer than any word of an error text.
const LONG: usize = 48;
/// In the JWKS of an input: the portal's public key.
const KEY: &str = "KEY";

const HEADER: &str = r#"{"alg":"EdDSA","kid":"k"}"#;
const CLAIMS: &str = r#"{"sub":"1","iss":"https://portal.example/","aud":"the-client-id","iat":1794999990,"exp":1795000290}"#;

/// A token is accepted only if the portal's key has signed it and its claims are right. A refusal shows
/// nothing of the token.
///
/// The data are lines: the header and the claims of a token that the portal signs, another token, and a
/// JWKS.
pub fn user_info_token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(4, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (header, claims, other, jwks) = (next(), next(), next(), next());

    let public = URL_SAFE_NO_PAD.encode(crate::canned::response_key().verifying_key());
    let portal = json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": public },
        { "kty": "oct", "kid": "secret", "k": public },
    ] });
    let portal = portal.to_string();
    let verify = |token: &str, jwks: &str| {
        let jwks = jwks.as_bytes();
        match verify_with_jwks(token, jwks, ISSUER, CLIENT_ID, NOW)? {
            Ok(user) => Some(user),
            Err(error) => {
                assert_eq!(error.status(), 401);
                assert!(error.public_text().len() < 20);
                assert_silent(&format!("{error} {error:?}"), data, LONG);
                None
            }
        }
    };
    let always = token(HEADER, CLAIMS);
    assert!(verify(&always, &portal).is_some());

    let signed = token(header, claims);
    if let Some(user) = verify(&signed, &portal) {
        assert_right(header, claims, &user);
    }
    if verify(other, &portal).is_some() {
        assert!(other == signed || other == always, "{other}");
    }
    // The signature of another token.
    let (message, _) = signed.rsplit_once('.').unwrap();
    let longer = token(header, &format!("{claims} "));
    let (_, signature) = longer.rsplit_once('.').unwrap();
    assert!(verify(&format!("{message}.{signature}"), &portal).is_none());

    let jwks = jwks.replace(KEY, &public);
    verify(other, &jwks);
    if let Some(user) = verify(&signed, &jwks) {
        assert_right(header, claims, &user);
        let jwks: Value = serde_json::from_str(&jwks).unwrap();
        let keys = jwks["keys"].as_array().unwrap();
        assert!(keys.iter().any(|key| key["x"] == public), "{jwks}");
    }
}

/// Signs a header and claims with the portal's key.
fn token(header: &str, claims: &str) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let message = format!("{header}.{claims}");
    let signature = crate::canned::response_key().sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// Asserts that a token had to be accepted, in other words than the verifier's.
fn assert_right(header: &str, claims: &str, user: &UserClaims) {
    let header: Value = serde_json::from_str(header).unwrap();
    assert!(header["alg"] == "EdDSA" && header.get("crit").is_none());
    assert!(header["kid"].is_string());
    let claims: Value = serde_json::from_str(claims).unwrap();
    assert_eq!(claims["sub"], user.sub.as_str());
    assert_eq!(claims["email"].as_str(), user.email.as_deref());
    assert_eq!(claims["iss"], ISSUER);
    let several = claims["aud"].as_array();
    let is_audience = |value: &Value| value == CLIENT_ID;
    assert!(several.map_or(is_audience(&claims["aud"]), |all| {
        all.iter().any(is_audience)
    }));
    let seconds = |name: &str| claims[name].as_f64().unwrap();
    assert!(seconds("exp") >= NOW as f64 && user.exp > NOW);
    assert!(seconds("iat") < NOW as f64 + 1.0 && user.iat <= NOW);
}
