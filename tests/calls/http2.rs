//! How a client encodes secret headers in HTTP/2, whose header tables are reused by later requests.

use std::sync::{Arc, Mutex};

use cobo_auth::{Environment, FixedToken, HttpOptions};
use cobo_tests::{canned, client};
use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The encoding of a header (RFC 7541, section 6).
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// The client, the server and proxies may store it in a table.
    MayBeKept,
    /// A never-indexed literal, which none of them may store.
    NeverKept,
}

#[tokio::test]
async fn http2_headers_with_access_token_or_signature_are_never_indexed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v2", listener.local_addr().unwrap());
    let server = tokio::spawn(serve(listener));
    let client = client::builder(Environment::custom(&base_url, canned::response_keys()).unwrap())
        .http(HttpOptions::new().http2_prior_knowledge())
        .build()
        .unwrap();
    for _ in 0..3 {
        let request = client.request(Method::POST, "/x").json(1);
        let token = FixedToken::new("hunter2-the-access-token").unwrap();
        request.credential(token).send().await.unwrap();
    }
    drop(client);

    let requests = server.await.unwrap();
    assert_eq!(requests.len(), 3);
    for request in requests {
        let form = |name| request.iter().find(|header| header.0 == name).unwrap().1;
        assert_eq!(form("authorization"), Form::NeverKept);
        assert_eq!(form("biz-api-signature"), Form::NeverKept);
        assert_eq!(form("biz-api-key"), Form::MayBeKept, "{request:?}");
    }
}

/// Serves one connection, and returns the headers of each request with their encodings.
async fn serve(listener: TcpListener) -> Vec<Vec<(String, Form)>> {
    let (wire, _) = listener.accept().await.unwrap();
    let (mut from_client, mut to_client) = wire.into_split();
    let (stream, copied) = tokio::io::duplex(1 << 16);
    let (mut from_server, mut to_server) = tokio::io::split(copied);
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&recorded);
    tokio::spawn(async move {
        let mut bytes = [0; 1024];
        while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
            record.lock().unwrap().extend_from_slice(&bytes[..read]);
            to_server.write_all(&bytes[..read]).await.unwrap();
        }
        let _ = to_server.shutdown().await;
    });
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });

    let mut connection = h2::server::handshake(stream).await.unwrap();
    let mut requests = Vec::new();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let pseudo = [":method", ":scheme", ":authority", ":path"];
        let names = pseudo
            .into_iter()
            .chain(request.headers().keys().map(|name| name.as_str()));
        requests.push(names.map(str::to_owned).collect::<Vec<_>>());
        let mut response = http::Response::builder();
        for line in canned::signature("{}").lines() {
            let (name, value) = line.split_once(": ").unwrap();
            response = response.header(name, value);
        }
        let stream = respond.send_response(response.body(()).unwrap(), false);
        stream.unwrap().send_data("{}".into(), true).unwrap();
    }
    let recorded = recorded.lock().unwrap();
    let forms = header_blocks(&recorded).into_iter().map(forms);
    let requests = requests.into_iter().zip(forms);
    let named = requests.map(|(names, forms)| {
        assert_eq!(names.len(), forms.len(), "{names:?}");
        names.into_iter().zip(forms).collect()
    });
    named.collect()
}

/// The contents of a connection's HEADERS frames (RFC 9113, section 4.1).
fn header_blocks(recorded: &[u8]) -> Vec<&[u8]> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const HEADERS: u8 = 1;
    const END_STREAM: u8 = 1;
    const END_HEADERS: u8 = 4;
    let mut rest = recorded.strip_prefix(PREFACE).unwrap();
    let mut blocks = Vec::new();
    while let [a, b, c, kind, flags, _, _, _, _, payload @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]);
        let (payload, next) = payload.split_at(usize::try_from(length).unwrap());
        if *kind == HEADERS {
            // The frame has no padding, no priority and no continuation.
            assert_eq!(flags & !END_STREAM, END_HEADERS);
            blocks.push(payload);
        }
        rest = next;
    }
    blocks
}

/// The encoding of each header in a block.
fn forms(mut block: &[u8]) -> Vec<Form> {
    let mut forms = Vec::new();
    while let Some(&first) = block.first() {
        let (prefix, literal, form) = match first {
            0x80.. => (7, false, Some(Form::MayBeKept)),
            0x40.. => (6, true, Some(Form::MayBeKept)),
            0x20.. => (5, false, None), // the size of the table
            0x10.. => (4, true, Some(Form::NeverKept)),
            _ => (4, true, Some(Form::MayBeKept)),
        };
        let index = number(&mut block, prefix);
        if literal {
            if index == 0 {
                text(&mut block); // the name
            }
            text(&mut block);
        }
        forms.extend(form);
    }
    forms
}

/// Reads an integer with a prefix of this many bits from the block.
fn number(block: &mut &[u8], prefix: u8) -> usize {
    let mut next = || {
        let (first, rest) = block.split_first().unwrap();
        *block = rest;
        usize::from(*first)
    };
    let most = (1 << prefix) - 1;
    let mut number = next() & most;
    if number == most {
        for shift in (0..).step_by(7) {
            let byte = next();
            number += (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    number
}

/// Reads a string from the block.
fn text(block: &mut &[u8]) {
    let length = number(block, 7);
    *block = &block[length..];
}
