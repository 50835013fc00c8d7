//! What an error says: what was wrong, and what the caller can do.

use std::fmt;

use super::{Error, Kind};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = &self.0.operation {
            write!(f, "{operation}: ")?;
        }
        match &self.0.kind {
            Kind::Configuration(what) | Kind::InvalidRequest(what) => f.write_str(what)?,
            Kind::Missing(missing) => write!(f, "{missing}")?,
            Kind::Target { name, why } => write!(f, "`{name}`: {why}")?,
            Kind::Signer => f.write_str("the signer failed; nothing was sent")?,
            Kind::Credential { .. } => {
                f.write_str("there is no access token; nothing was sent")?;
                // Whoever made the credential says why, and what the caller can do.
                if let Some(source) = &self.0.source {
                    write!(f, ": {source}")?;
                }
            }
            Kind::Connect => f.write_str("no connection; nothing was sent")?,
            Kind::Timeout => {
                f.write_str("the time was up; the request may have been carried out")?;
            }
            Kind::Deadline { sent: true } => f.write_str(
                "the deadline of all attempts is over; the request may have been carried out",
            )?,
            Kind::Deadline { sent: false } => {
                f.write_str("the deadline of all attempts is over; nothing was sent")?;
            }
            Kind::Transport => {
                f.write_str("the connection broke; the request may have been carried out")?;
            }
            Kind::Redirect { host } => write!(
                f,
                "redirected to {}, which is never followed; check the base URL",
                host.as_deref().unwrap_or("nowhere")
            )?,
            Kind::TooLarge { limit } => write!(f, "the response has more than {limit} bytes")?,
            Kind::Unsigned => f.write_str(
                "the response is a success without a signature; something between here and Cobo \
                 answered, or the environment is another one",
            )?,
            Kind::BadSignature => f.write_str(
                "the response's signature does not verify; the response was changed on its way, \
                 or signed by another key than this environment's",
            )?,
            Kind::Stale => f.write_str(
                "the response's signature is too old, or from the future; it was played back, or \
                 this machine's clock is wrong",
            )?,
            Kind::Api(body) => write!(f, "{body}")?,
            Kind::Unexpected => f.write_str(
                "an error response that is not of Cobo's making; a gateway's, most likely",
            )?,
            Kind::Decode { why } => write!(f, "the response does not decode: {why}")?,
            Kind::RepeatedCursor => f.write_str(
                "the next page's cursor has been before; the rest of the list is missing",
            )?,
        }
        if let Some(status) = self.0.status {
            write!(f, " (HTTP {}", status.as_u16())?;
            if let Some(request_id) = &self.0.request_id {
                write!(f, ", request id {request_id}")?;
            }
            f.write_str(")")?;
        }
        match self.0.clock_ahead {
            Some(ahead) if ahead > 0 => write!(f, "; this machine's clock is {ahead} s ahead"),
            Some(ahead) => write!(f, "; this machine's clock is {} s behind", -ahead),
            None => Ok(()),
        }
    }
}
