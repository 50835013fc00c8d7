use std::fmt;

use bytes::Bytes;
use cobo_model::File;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// A `multipart/form-data` body, held in memory: a stream could not be signed.
#[derive(Debug, Default)]
pub struct Form {
    parts: Vec<Part>,
    error: Option<Error>,
}

struct Part {
    head: String,
    content: Bytes,
}

impl fmt::Debug for Part {
    /// Shows only the length: a part may contain a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({} bytes)", self.content.len())
    }
}

impl Form {
    /// Adds files, each as a separate part.
    pub fn files<'a>(mut self, name: &str, files: impl IntoIterator<Item = &'a File>) -> Self {
        for file in files {
            let head = format!(
                "Content-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}",
                escaped(name),
                escaped(file.name()),
                file.content_type(),
            );
            if file.content_type().contains(['\r', '\n']) {
                self.fail(name);
            }
            self.parts.push(Part {
                head,
                content: file.bytes().clone(),
            });
        }
        self
    }

    /// Adds a value: strings as text, lists and objects as JSON. An absent value or `null` adds no
    /// part.
    pub fn value(mut self, name: &str, value: Option<&(impl Serialize + ?Sized)>) -> Self {
        let Some(value) = value else { return self };
        let Ok(json) = serde_json::to_string(value) else {
            self.fail(name);
            return self;
        };
        let (kind, text) = match json.as_bytes().first() {
            Some(b'n') => return self,
            Some(b'"') => ("", serde_json::from_str(&json).unwrap_or(json)),
            Some(b'{' | b'[') => ("\r\nContent-Type: application/json", json),
            _ => ("", json),
        };
        self.parts.push(Part {
            head: format!(
                "Content-Disposition: form-data; name=\"{}\"{kind}",
                escaped(name)
            ),
            content: text.into(),
        });
        self
    }

    /// Adds the undeclared properties, each as a separate value.
    pub fn values<'a, T: Serialize + 'a>(
        self,
        values: impl IntoIterator<Item = (&'a String, &'a T)>,
    ) -> Self {
        values
            .into_iter()
            .fold(self, |form, (name, value)| form.value(name, Some(value)))
    }

    fn fail(&mut self, name: &str) {
        let text = format!("the part `{name}` of the form cannot be written");
        self.error.get_or_insert(Error::invalid_request(text));
    }

    /// Returns the content type and the body.
    ///
    /// # Errors
    ///
    /// A part cannot be written.
    pub fn finish(self) -> Result<(String, Vec<u8>), Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        // The boundary is a hash of the content. So it does not occur in the content, and the same
        // form always gives the same bytes.
        let mut hash = Sha256::new();
        for part in &self.parts {
            hash.update(part.head.as_bytes());
            hash.update(part.content.len().to_be_bytes());
            hash.update(&part.content);
        }
        let boundary = format!("cobo-{}", &hex::encode(hash.finalize())[..40]);
        let mut body = Vec::new();
        for part in &self.parts {
            body.extend_from_slice(format!("--{boundary}\r\n{}\r\n\r\n", part.head).as_bytes());
            body.extend_from_slice(&part.content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Ok((format!("multipart/form-data; boundary={boundary}"), body))
    }
}

/// Escapes names of parts and files in the same way as browsers.
fn escaped(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::default()
            .files("file", [&File::new("a\"b.bin", vec![0, 255, 13, 10])])
            .value("note", Some("plain \"text\""))
            .value("tags", Some(&["a", "b"]))
            .value("count", Some(&7))
            .value("absent", None::<&str>)
            .value("null", Some(&()))
            .values(&std::collections::BTreeMap::from([("more".to_owned(), 1)]))
    }

    #[test]
    fn multipart_form_encoding_is_deterministic() {
        let (content_type, body) = form().finish().unwrap();
        let boundary = content_type
            .strip_prefix("multipart/form-data; boundary=")
            .unwrap();
        let head = "Content-Disposition: form-data; name=";
        let mut expected = format!(
            "--{boundary}\r\n{head}\"file\"; filename=\"a%22b.bin\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        expected.extend([0, 255, 13, 10]);
        expected.extend(
            format!(
                "\r\n--{boundary}\r\n{head}\"note\"\r\n\r\nplain \"text\"\
                 \r\n--{boundary}\r\n{head}\"tags\"\r\nContent-Type: application/json\r\n\r\n\
                 [\"a\",\"b\"]\
                 \r\n--{boundary}\r\n{head}\"count\"\r\n\r\n7\
                 \r\n--{boundary}\r\n{head}\"more\"\r\n\r\n1\
                 \r\n--{boundary}--\r\n"
            )
            .into_bytes(),
        );
        assert_eq!(body, expected);
        assert_eq!(form().finish().unwrap().1, body);
        assert!(!format!("{:?}", form()).contains("plain"));
    }

    #[test]
    fn multipart_content_type_with_a_line_break_is_an_error() {
        let file = File::new("a", "b").with_content_type("text/plain\r\nX: y");
        let error = Form::default().files("file", [&file]).finish();
        assert!(error.unwrap_err().to_string().contains("`file`"));
    }
}
