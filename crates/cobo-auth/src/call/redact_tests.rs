//! Tests that no secret is shown, however it is escaped.

use proptest::prelude::*;

use super::*;

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9/abc+def=";

fn shown(message: &str, secret: &str) -> String {
    explanation(message, &[secret.as_bytes()]).unwrap_or_default()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn json(text: &str) -> String {
    let units = text.encode_utf16();
    units.map(|unit| format!("\\u{unit:04x}")).collect()
}

#[test]
fn message_without_secrets_is_shown_unchanged() {
    assert_eq!(shown("wallet w-1 not found", TOKEN), "wallet w-1 not found");
    assert_eq!(explanation("", &[]), None);
    assert_eq!(explanation("\n\u{200b}\t", &[]), None);
}

#[test]
fn secret_in_any_escaped_form_is_redacted() {
    let quoted = TOKEN.replace('/', "\\/");
    let urlencoded = TOKEN
        .replace('/', "%2f")
        .replace('+', "%2B")
        .replace('=', "%3d");
    for escaped in [
        TOKEN.to_owned(),
        TOKEN.to_uppercase(),
        quoted,
        urlencoded.clone(),
        urlencoded.replace('%', "%25"),
        percent(TOKEN),
        json(TOKEN),
        percent(&json(TOKEN)),
        json(&percent(TOKEN)),
    ] {
        let message = format!("token <{escaped}> has expired");
        assert_eq!(shown(&message, TOKEN), "token <***> has expired");
    }
    assert_eq!(shown("for caf%C3%A9", "café"), "for ***");
    assert_eq!(shown("for \\ud83d\\ude00!", "😀"), "for ***!");
    assert_eq!(shown("pass a+b%2Bc.", "a b+c"), "pass ***.");
}

#[test]
fn twelve_matching_secret_characters_are_redacted_and_eleven_are_not() {
    assert_eq!(shown("x eyJhbGciOiJI y", TOKEN), "x *** y");
    assert_eq!(shown("x eyJhbGciOiJ y", TOKEN), "x eyJhbGciOiJ y");
    // A short secret is replaced as a whole.
    assert_eq!(shown("pin 1234!", "1234"), "pin ***!");
}

#[test]
fn control_characters_and_line_breaks_become_spaces() {
    let message = "a\r\nb\u{1b}[31mc\u{2028}d\u{202e}e\u{0}";
    assert_eq!(shown(message, TOKEN), "a b [31mc d e");
    // The secret's words are separated by single spaces only after that.
    assert_eq!(
        shown("it is correct\nhorse\tbattery", "correct horse battery"),
        "it is ***"
    );
}

#[test]
fn long_message_is_truncated_after_redaction() {
    assert_eq!(shown(&"x".repeat(300), TOKEN).chars().count(), 300);
    let cut = shown(&"é".repeat(301), TOKEN);
    assert_eq!((cut.chars().count(), cut.ends_with("é…")), (300, true));
    for before in 280..300 {
        let text = shown(&format!("{} {TOKEN}", "x".repeat(before)), TOKEN);
        assert!(!text.contains("eyJ"), "{text}");
    }
    // A secret at the end of the examined part is not shown in part.
    for before in EXAMINED - 40..EXAMINED {
        let lines = "\n".repeat(before - TOKEN.len());
        let text = format!("{TOKEN}{lines}hunter2-xy{}", "\n".repeat(100));
        let secrets: [&[u8]; 2] = [TOKEN.as_bytes(), b"hunter2-xy"];
        assert_eq!(explanation(&text, &secrets).unwrap(), "***");
    }
}

/// Writes a character of a secret raw or escaped, depending on `way`.
fn escaped(char: char, way: u8) -> String {
    let text = char.to_string();
    match way % 5 {
        1 => percent(&text),
        2 => json(&text),
        3 => percent(&percent(&text)),
        4 => percent(&json(&text)),
        _ => text,
    }
}

proptest! {
    #[test]
    fn redacted_message_never_contains_a_secret(
        secret in "[a-zA-Z0-9/+=_. é😀\"\\\\-]{1,60}",
        before in "\\PC{0,40}",
        after in ".{0,40}",
        ways in prop::collection::vec(any::<u8>(), 60),
        mixed in any::<bool>(),
    ) {
        prop_assume!(!secret.trim().is_empty());
        let secret = secret.trim();
        let sent: String = secret.chars().zip(&ways).map(|(char, way)| {
            escaped(char, match mixed {
                false => ways[0],
                // An unescaped backslash would change the meaning of the next characters.
                true if char == '\\' => 2,
                true => way % 3,
            })
        }).collect();
        let message = format!("{before} {sent}{after}");
        let text = explanation(&message, &[secret.as_bytes()]);
        let text = text.unwrap_or_default();
        prop_assert!(text.chars().count() <= 300);
        prop_assert!(!text.chars().any(char::is_control));
        prop_assert!(!text.contains(&sent), "{text}");
        prop_assert!(!text.contains(secret), "{text}");
        let chars: Vec<_> = secret.chars().collect();
        for run in chars.windows(12) {
            let run: String = run.iter().collect();
            prop_assert!(!text.contains(&run), "{text}");
        }
    }

    #[test]
    fn redaction_of_arbitrary_input_never_panics(message in ".{0,200}", secret in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = explanation(&message, &[&secret]);
    }
}
