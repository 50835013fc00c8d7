//! Keys from wherever people hold them, and what each wrong one is told.

#![allow(clippy::unwrap_used)] // in a test a panic is the report

use cobo_auth::{Curve, Ed25519Signer, KeyError, SecretKey, Signer};

const SEED: &str = "06f78882576ec0e05b1e51a33548da7e8cf958c190ba96be77b1c671f98a2b5f";
const PUBLIC: &str = "5987dedc180167b7ab1d27e6009e5065d10d764cd85d7b64f8c968ca40326e28";

/// What `openssl genpkey -algorithm ed25519` writes for the seed: PKCS#8, version 1.
fn der() -> Vec<u8> {
    hex::decode(format!("302e020100300506032b657004220420{SEED}")).unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    pkcs8::der::pem::encode_string(label, pkcs8::LineEnding::LF, der).unwrap()
}

fn public_of(key: &SecretKey) -> String {
    Ed25519Signer::new(key).unwrap().public_key().to_string()
}

/// No error repeats what it was given.
fn refused(given: &str, result: Result<SecretKey, KeyError>) -> KeyError {
    let error = result.unwrap_err();
    let shown = format!("{error} {error:?}");
    for part in given.as_bytes().chunks(12).filter(|part| part.len() == 12) {
        let part = String::from_utf8_lossy(part);
        assert!(
            !shown.contains(part.as_ref()) || part.starts_with("-----"),
            "{shown}"
        );
    }
    error
}

#[test]
fn hexadecimal_key_in_either_case_with_surrounding_whitespace_is_accepted() {
    for text in [
        SEED.to_owned(),
        SEED.to_uppercase(),
        format!("{SEED}\n"),
        format!(" {SEED}\r\n"),
    ] {
        assert_eq!(public_of(&SecretKey::from_hex(&text).unwrap()), PUBLIC);
    }
}

#[test]
fn pkcs8_key_in_pem_or_der_is_accepted() {
    assert_eq!(public_of(&SecretKey::from_der(&der()).unwrap()), PUBLIC);
    let text = pem("PRIVATE KEY", &der());
    assert_eq!(public_of(&SecretKey::from_pem(&text).unwrap()), PUBLIC);
    assert_eq!(
        public_of(&SecretKey::from_pem(&format!("\n{text}\n")).unwrap()),
        PUBLIC
    );
}

#[test]
fn each_kind_of_invalid_key_text_has_a_specific_error() {
    let hex = |text: &str| refused(text, SecretKey::from_hex(text));
    assert_eq!(hex(&SEED[..63]), KeyError::Length { digits: 63 });
    assert_eq!(hex(""), KeyError::Length { digits: 0 });
    assert_eq!(hex(&format!("0x{SEED}")), KeyError::Prefix);
    assert_eq!(
        hex(&SEED.replace('f', "g")),
        KeyError::NotHex { position: 2 }
    );
    assert_eq!(hex(&format!("{SEED}{PUBLIC}")), KeyError::Expanded);
    assert_eq!(hex(&pem("PRIVATE KEY", &der())), KeyError::Pem);
}

#[test]
fn each_unsupported_key_file_format_has_a_specific_error() {
    let public = hex::decode(format!("302a300506032b6570032100{PUBLIC}")).unwrap();
    // What `openssl pkcs8 -topk8` makes of the key and a passphrase.
    let encrypted = hex::decode(
        "30819b305706092a864886f70d01050d304a302906092a864886f70d01050c301c040821e019ed78101eb10202\
         0800300c06082a864886f70d02090500301d060960864801650304012a0410637af67eb92cc4786ed09bfb995a\
         d33704409bb7141fd85b7193f69dac2204bc6721bc26bce4da3dcd9ec41f7ec39bed9ba9d31023ec727dd14008\
         3968616a8681c0c3570bd288480a6ffce3b7571067ecf1",
    )
    .unwrap();
    // X25519, with the seed in it.
    let other = hex::decode(format!("302e020100300506032b656e04220420{SEED}")).unwrap();
    let short = hex::decode(format!("302d020100300506032b65700421041f{}", &SEED[2..])).unwrap();

    let der_of = |bytes: &[u8]| refused(SEED, SecretKey::from_der(bytes));
    assert_eq!(der_of(&public), KeyError::Public);
    assert_eq!(der_of(&encrypted), KeyError::Encrypted);
    assert_eq!(der_of(&other), KeyError::Algorithm);
    assert_eq!(der_of(&short), KeyError::NotAKey);
    assert_eq!(der_of(b"\x30\x82garbage"), KeyError::NotAKey);
    assert_eq!(der_of(b""), KeyError::NotAKey);

    let pem_of = |label: &str, bytes: &[u8]| refused(SEED, SecretKey::from_pem(&pem(label, bytes)));
    assert_eq!(pem_of("PUBLIC KEY", &public), KeyError::Public);
    assert_eq!(pem_of("PRIVATE KEY", &public), KeyError::Public);
    assert_eq!(
        pem_of("ENCRYPTED PRIVATE KEY", &encrypted),
        KeyError::Encrypted
    );
    assert_eq!(pem_of("EC PRIVATE KEY", &der()), KeyError::Algorithm);
    assert_eq!(
        pem_of("OPENSSH PRIVATE KEY", b"openssh-key-v1\0"),
        KeyError::Algorithm
    );
    let torn = "-----BEGIN PRIVATE KEY-----\nMC4CAQ";
    assert_eq!(refused(torn, SecretKey::from_pem(torn)), KeyError::NotAKey);
    assert_eq!(refused(SEED, SecretKey::from_pem(SEED)), KeyError::NotAKey);
}

#[test]
fn key_file_format_is_detected_from_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let contents = [
        SEED.as_bytes().to_vec(),
        pem("PRIVATE KEY", &der()).into_bytes(),
        der(),
    ];
    for content in contents {
        let path = folder.path().join("key");
        write_private(&path, &content);
        assert_eq!(public_of(&SecretKey::from_file(&path).unwrap()), PUBLIC);
    }
    let missing = SecretKey::from_file(folder.path().join("none")).unwrap_err();
    assert!(matches!(
        missing,
        KeyError::File {
            kind: std::io::ErrorKind::NotFound,
            ..
        }
    ));
}

fn write_private(path: &std::path::Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn error_for_an_unset_environment_variable_names_it() {
    let error = SecretKey::from_env("COBO_TEST_NO_SUCH_VARIABLE").unwrap_err();
    assert!(error.to_string().contains("COBO_TEST_NO_SUCH_VARIABLE"));
    // Cargo sets this variable. Its value is not a key.
    assert!(matches!(
        SecretKey::from_env("CARGO_PKG_NAME"),
        Err(KeyError::NotHex { .. })
    ));
}

#[test]
fn key_passed_as_a_path_or_variable_name_is_not_shown_in_the_error() {
    for result in [
        SecretKey::from_file(SEED),
        SecretKey::from_env(SEED),
        SecretKey::from_file(pem("PRIVATE KEY", &der())),
        SecretKey::from_env(&pem("PRIVATE KEY", &der())),
    ] {
        assert_eq!(refused(SEED, result), KeyError::Misplaced);
    }
}

#[cfg(unix)]
#[test]
fn directory_as_key_file_is_an_invalid_input_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = SecretKey::from_file(folder.path()).unwrap_err();
    let kind = std::io::ErrorKind::InvalidInput;
    assert!(matches!(error, KeyError::File { kind: found, .. } if found == kind));
}

#[test]
fn openssl_attributes_before_a_pem_key_are_ignored() {
    let text = format!(
        "Bag Attributes\n    friendlyName: app\n{}",
        pem("PRIVATE KEY", &der())
    );
    assert_eq!(public_of(&SecretKey::from_pem(&text).unwrap()), PUBLIC);
    let text = "Bag Attributes\n-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n";
    assert_eq!(
        refused(SEED, SecretKey::from_pem(text)),
        KeyError::Encrypted
    );
}

#[test]
fn key_file_with_a_mismatched_public_key_is_refused() {
    let v2 = |public: &str| {
        let der = format!("3051020101300506032b657004220420{SEED}812100{public}");
        SecretKey::from_der(&hex::decode(der).unwrap())
    };
    assert_eq!(public_of(&v2(PUBLIC).unwrap()), PUBLIC);
    assert_eq!(refused(SEED, v2(&"07".repeat(32))), KeyError::Mismatch);
}

#[test]
fn generated_keys_differ_and_can_be_stored() {
    let (first, second) = (
        SecretKey::generate().unwrap(),
        SecretKey::generate().unwrap(),
    );
    assert_ne!(public_of(&first), public_of(&second));
    let stored = SecretKey::from_hex(first.to_hex().expose()).unwrap();
    assert_eq!(public_of(&stored), public_of(&first));
}

#[test]
fn debug_shows_no_private_key() {
    let key = SecretKey::from_hex(SEED).unwrap();
    assert_eq!(format!("{key:?}"), "SecretKey(REDACTED)");
    let signer = Ed25519Signer::new(&key).unwrap();
    assert_eq!(
        format!("{signer:?}"),
        format!("Ed25519Signer {{ public: PublicKey({PUBLIC}), .. }}")
    );
    assert_eq!(signer.curve(), Curve::Ed25519);
}

#[tokio::test]
async fn signatures_verify_with_the_public_key() {
    let signer = Ed25519Signer::from_hex(SEED).unwrap();
    let key = signer.public_key().as_bytes().try_into().unwrap();
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
    let signature = signer.sign(&[7; 32]).await.unwrap();
    let signature = ed25519_dalek::Signature::from_slice(signature.as_bytes()).unwrap();
    key.verify_strict(&[7; 32], &signature).unwrap();
    assert!(key.verify_strict(&[8; 32], &signature).is_err());
}

#[cfg(feature = "secp256k1")]
mod secp256k1 {
    use cobo_auth::Secp256k1Signer;
    use k256::ecdsa::signature::hazmat::PrehashVerifier as _;
    use k256::ecdsa::{Signature, VerifyingKey};
    use pkcs8::EncodePrivateKey as _;

    use super::*;

    #[tokio::test]
    async fn signatures_are_der_and_verify_with_the_compressed_key() {
        let signer = Secp256k1Signer::new(&SecretKey::from_hex(SEED).unwrap()).unwrap();
        assert_eq!(signer.curve(), Curve::Secp256k1);
        let public = signer.public_key().as_bytes();
        assert!(public.len() == 33 && matches!(public[0], 2 | 3));
        let verifier = VerifyingKey::from_sec1_bytes(public).unwrap();
        let digest = [7; 32];
        let signature = signer.sign(&digest).await.unwrap();
        let parsed = Signature::from_der(signature.as_bytes()).unwrap();
        verifier.verify_prehash(&digest, &parsed).unwrap();
        assert!(verifier.verify_prehash(&[8; 32], &parsed).is_err());
        assert!(format!("{signer:?}").starts_with("Secp256k1Signer { public: PublicKey(0"));
    }

    #[test]
    fn signer_refuses_a_key_of_another_curve() {
        let key = k256::SecretKey::from_slice(&hex::decode(SEED).unwrap()).unwrap();
        let secp256k1 = SecretKey::from_der(key.to_pkcs8_der().unwrap().as_bytes()).unwrap();
        let ed25519 = SecretKey::from_der(&der()).unwrap();
        assert!(Secp256k1Signer::new(&secp256k1).is_ok());
        assert_eq!(
            Ed25519Signer::new(&secp256k1).unwrap_err().to_string(),
            "this is a key of secp256k1; the signer is for Ed25519"
        );
        assert!(Secp256k1Signer::new(&ed25519).is_err());
        let zero = SecretKey::from_hex(&"0".repeat(64)).unwrap();
        assert_eq!(Secp256k1Signer::new(&zero).unwrap_err(), KeyError::NotAKey);
    }
}
