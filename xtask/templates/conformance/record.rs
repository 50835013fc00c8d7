//! The calls as lines of JSON, for a comparison with another SDK (`.ci/differential`).

use std::fs::File;
use std::io::{BufWriter, Write};

use cobo_sandbox::{ReceivedRequest, SampleRequest};
use serde_json::{Map, Value, json};

/// The file that `--record` names.
pub struct Recorder(BufWriter<File>);

impl Recorder {
    pub fn create(path: &str) -> Self {
        Self(BufWriter::new(File::create(path).expect("the file of --record can be written")))
    }

    /// Writes a call: which values it has, what was given, what the sandbox received, what it answered (`sent`),
    /// and what the client read (`read`). The bodies are texts, so that no reader changes their numbers.
    pub fn call(
        &mut self,
        id: &str,
        values: &str,
        turn: usize,
        given: &SampleRequest,
        received: &ReceivedRequest,
        sent: Option<&Value>,
        read: &Value,
    ) {
        let headers: Map<String, Value> = received
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect();
        let line = json!({
            "operation": id,
            "values": values,
            "turn": turn,
            "path": given.path,
            "query": given.query,
            "headers": given.headers,
            "body": given.body.as_ref().map(Value::to_string),
            "received": {
                "method": received.method.as_str(),
                "target": received.target,
                "headers": headers,
                // All bodies of the samples are text, those of forms too.
                "body": std::str::from_utf8(&received.body).expect("a body that is text"),
            },
            "status": received.status.as_u16(),
            "answer": sent.map(Value::to_string),
            "read": read.to_string(),
        });
        writeln!(self.0, "{line}").expect("the file of --record can be written");
    }

    /// Ends the file. An error must not get lost, as it would on drop.
    pub fn finish(mut self) {
        self.0.flush().expect("the file of --record can be written");
    }
}
