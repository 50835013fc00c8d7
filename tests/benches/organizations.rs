//! Sets up organizations that all have a token.

use cobo_auth::{Clock as _, SystemClock};
use cobo_oauth::{MemoryStore, Saved, TokenPair, TokenSource, TokenStore as _};
use cobo_sandbox::Sandbox;
use cobo_tests::client;
use tokio::runtime::Runtime;

/// Whether this is a measurement (`cargo bench`). Otherwise (`cargo test --benches`) the benchmarks
/// only run once with small inputs, to check that they work.
pub(crate) fn measures() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

pub(crate) struct Organizations {
    pub(crate) tokens: TokenSource,
    pub(crate) ids: Vec<String>,
}

impl Organizations {
    /// Sends no request to the server, since the store has every token.
    pub(crate) fn new(count: usize, sandbox: &Sandbox, runtime: &Runtime) -> Self {
        let ids: Vec<_> = (0..count)
            .map(|number| format!("e3986401-4aec-480a-973d-{number:012x}"))
            .collect();
        let store = MemoryStore::new();
        let tokens = TokenSource::builder(client::oauth(sandbox), sandbox.client_id())
            .store(store.clone())
            .build();
        let now = SystemClock.unix_millis();
        runtime.block_on(async {
            for id in &ids {
                let pair = TokenPair::new(now, format!("token-of-{id}"), now, now + 43_200_000)
                    .with_refresh_token(format!("refresh-token-of-{id}"), now + 2_592_000_000);
                assert_eq!(store.save(id, &pair).await.unwrap(), Saved::Kept);
                tokens.token(id).await.unwrap();
            }
        });
        Self { tokens, ids }
    }
}
