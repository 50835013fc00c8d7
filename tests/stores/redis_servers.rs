//! A Redis store and an event log on servers with TLS, and on a cluster.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cobo_axum::{EventLog as _, NewEvent, Recorded, RedisLog};
use cobo_oauth::{RedisStore, Saved, StoreErrorKind, TokenPair, TokenStore};
use cobo_tests::certificates::Authority;
use cobo_tests::contract;
use cobo_tests::proxy::Proxy;
use cobo_tests::redis::{self, Redis, Settings};

const TTL: Duration = Duration::from_secs(30);
/// Allows for many concurrent handshakes in an unoptimised build on a busy machine.
const PATIENT: Duration = Duration::from_secs(20);

/// A certificate authority, and a certificate for this machine that it signed.
struct Certificates {
    root: String,
    certificate: String,
    key: String,
}

fn certificates() -> Certificates {
    let authority = Authority::new();
    let certificate = authority.certificate(&["localhost", "127.0.0.1"]);
    Certificates {
        root: authority.pem(),
        certificate: certificate.pem(),
        key: certificate.key_pem(),
    }
}

/// The flags that make a server accept only TLS.
fn tls(dir: &Path, certificates: &Certificates) -> Vec<String> {
    let file = |name: &str, text: &str| {
        let path = dir.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let certificate = file("certificate", &certificates.certificate);
    let flags = [
        ("--tls-port", "PORT".to_owned()),
        ("--tls-cert-file", certificate),
        ("--tls-key-file", file("key", &certificates.key)),
        ("--tls-ca-cert-file", file("root", &certificates.root)),
        ("--tls-auth-clients", "no".to_owned()),
    ];
    flags
        .into_iter()
        .flat_map(|(flag, value)| [flag.to_owned(), value])
        .collect()
}

#[tokio::test]
async fn tls_works_only_with_the_matching_root_certificate() {
    if !redis::is_there() {
        return;
    }
    let (ours, others) = (certificates(), certificates());
    let dir = tempfile::tempdir().unwrap();
    let server = Redis::with(Settings {
        durable: false,
        flags: tls(dir.path(), &ours),
    })
    .await;
    let url = format!("rediss://localhost:{}", server.port());
    let open = |root: &str| {
        let builder = RedisStore::builder(&url).root_certificate(root);
        builder.timeout(PATIENT).build().unwrap()
    };
    contract::token_store(|| Arc::new(open(&ours.root))).await;

    let error = open(&others.root).load("one").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let unknown = RedisStore::connect(&url).unwrap();
    assert!(unknown.load("one").await.is_err(), "no machine trusts it");
    let plain = RedisStore::connect(&url.replace("rediss", "redis")).unwrap();
    assert!(plain.load("one").await.is_err());
}

fn event(id: &str) -> NewEvent {
    NewEvent {
        id: id.to_owned(),
        body: id.to_owned().into(),
    }
}

#[tokio::test]
async fn event_log_with_tls_works_only_with_the_matching_root_certificate() {
    if !redis::is_there() {
        return;
    }
    let (ours, others) = (certificates(), certificates());
    let dir = tempfile::tempdir().unwrap();
    let server = Redis::with(Settings {
        durable: true,
        flags: tls(dir.path(), &ours),
    })
    .await;
    let url = format!("rediss://localhost:{}", server.port());
    let open = |url: &str| RedisLog::builder(url, 10).timeout(PATIENT);
    let log = open(&url).root_certificate(ours.root.as_str());
    let log = log.build().unwrap();
    assert_eq!(log.record(event("a"), 10).await.unwrap(), Recorded::New);
    log.check_durability().await.unwrap();
    assert_eq!(server.cli(&["HGET", "cobo-events:{cobo}:bodies", "a"]), "a");

    let other = open(&url).root_certificate(others.root.as_str());
    let other = other.build().unwrap();
    let unknown = open(&url).build().unwrap();
    let plain = open(&url.replace("rediss", "redis")).build().unwrap();
    for log in [other, unknown, plain] {
        log.record(event("b"), 10).await.unwrap_err();
    }
    assert_eq!(log.counts().await.unwrap().unfinished, 1);
}

/// A log does not follow redirections. All its keys are in one slot, so that each call works on the node
/// with that slot, and on no other.
#[tokio::test]
async fn event_log_on_a_cluster_works_only_on_the_node_with_its_slot() {
    if !redis::is_there() {
        return;
    }
    let servers = cluster(&[]).await;
    let mut works = 0;
    for server in &servers {
        let log = RedisLog::connect(&server.url(), 10).unwrap();
        match log.record(event("a"), 10).await {
            Ok(recorded) => {
                assert_eq!(recorded, Recorded::New);
                works += 1;
                for claim in 1..=2 {
                    log.claim(10).await.unwrap();
                    log.retry("a", claim, 10).await.unwrap();
                }
                log.claim(10).await.unwrap();
                log.park("a", 3, "why").await.unwrap();
                let parked = log.parked(None, 10).await.unwrap();
                assert_eq!(parked[0].body, "a");
                assert!(log.release("a", 10).await.unwrap());
                log.claim(10).await.unwrap();
                log.park("a", 4, "why").await.unwrap();
                log.discard("a", 10).await.unwrap().unwrap();
                log.record(event("b"), 10).await.unwrap();
                log.claim(10).await.unwrap();
                log.done("b", 10).await.unwrap();
                assert_eq!(log.counts().await.unwrap().unfinished, 0);
            }
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("node of a Redis cluster"), "{error}");
                assert!(error.contains("URL of a single server"), "{error}");
            }
        }
    }
    assert_eq!(works, 1);
}

/// A server that can join a cluster.
async fn node(more: impl IntoIterator<Item = String>) -> Redis {
    let flags = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
    let mut flags = flags.map(str::to_owned).to_vec();
    flags.extend(more);
    Redis::with(Settings {
        durable: false,
        flags,
    })
    .await
}

/// Starts three primaries, each with a third of the slots.
async fn cluster(flags: &[String]) -> Vec<Redis> {
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(node(flags.to_vec()).await);
    }
    let addresses = servers
        .iter()
        .map(|server| format!("127.0.0.1:{}", server.port()));
    let created = servers[0]
        .client()
        .args(["--cluster", "create"])
        .args(addresses)
        .arg("--cluster-yes")
        .output()
        .unwrap();
    assert!(created.status.success(), "{created:?}");
    agreed(&servers).await;
    servers
}

/// Waits until each node reports that the cluster is complete.
async fn agreed(servers: &[Redis]) {
    let agreed = async {
        let ok = |server: &Redis| {
            server
                .cli(&["CLUSTER", "INFO"])
                .contains("cluster_state:ok")
        };
        while !servers.iter().all(ok) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), agreed)
        .await
        .unwrap();
}

#[tokio::test]
async fn three_node_cluster_works_and_recovers_after_a_node_restart() {
    if !redis::is_there() {
        return;
    }
    let mut servers = cluster(&[]).await;
    let urls: Vec<_> = servers.iter().map(Redis::url).collect();
    // Any node can be the first, and an unreachable node does no harm.
    contract::token_store(|| {
        let builder = RedisStore::builder(&urls[0]).node("redis://127.0.0.1:1");
        Arc::new(builder.danger_allow_plain_redis().build().unwrap())
    })
    .await;
    for server in &servers {
        assert_ne!(
            server.cli(&["DBSIZE"]),
            "0",
            "pairs are spread over the nodes"
        );
    }

    // A node dies and comes back.
    let builder = RedisStore::builder(&urls[0]).cluster();
    let builder = builder.danger_allow_plain_redis();
    let store = builder.timeout(Duration::from_millis(300)).build().unwrap();
    let pair = TokenPair::new(1, "access", 0, 60_000);
    servers[2].kill();
    // This must fail, because a list without that node's pairs would look complete.
    let listed = store.organizations(&contract::owner("app")).await;
    assert!(listed.unwrap_err().is_retryable());
    let mut refused = Vec::new();
    for org_id in (0..10).map(|number| format!("organization-{number}")) {
        match store.save(&org_id, &pair).await {
            Ok(saved) => assert_eq!(saved, Saved::Kept),
            Err(error) => {
                assert!(error.is_retryable(), "{error}");
                refused.push(org_id);
            }
        }
    }
    assert!(!refused.is_empty());
    servers[2].restart().await;
    let served = async {
        for org_id in &refused {
            while store.save(org_id, &pair).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), served)
        .await
        .unwrap();
}

#[tokio::test]
async fn tls_cluster_works_only_with_the_matching_root_certificate() {
    if !redis::is_there() {
        return;
    }
    let (ours, others) = (certificates(), certificates());
    let dir = tempfile::tempdir().unwrap();
    let mut flags = tls(dir.path(), &ours);
    flags.extend(["--tls-cluster", "yes"].map(str::to_owned));
    let servers = cluster(&flags).await;
    let url = format!("rediss://127.0.0.1:{}", servers[0].port());
    let open = |root: &str| {
        let builder = RedisStore::builder(&url).cluster();
        let builder = builder.root_certificate(root).timeout(PATIENT);
        builder.build().unwrap()
    };
    contract::token_store(|| Arc::new(open(&ours.root))).await;
    for server in &servers {
        assert_ne!(server.cli(&["DBSIZE"]), "0", "each node is used");
    }
    let error = open(&others.root).load("one").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

/// A cluster of one node that is reachable only through a proxy, and a store that has used it.
async fn cluster_behind_a_proxy() -> (Proxy, Vec<Redis>, RedisStore) {
    let mut proxy = Proxy::new().await;
    let port = proxy.port().to_string();
    let announced = ["--cluster-announce-ip", "127.0.0.1"];
    let announced = announced
        .into_iter()
        .chain(["--cluster-announce-port", &port]);
    let server = node(announced.map(str::to_owned)).await;
    assert_eq!(
        server.cli(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]),
        "OK"
    );
    let servers = vec![server];
    agreed(&servers).await;
    proxy.lead_to(servers[0].port());

    let builder = RedisStore::builder(&format!("redis://127.0.0.1:{port}"));
    let builder = builder.cluster().danger_allow_plain_redis();
    let store = builder.build().unwrap();
    let lease = store.lease("another", TTL).await.unwrap().unwrap();
    lease.release().await.unwrap();
    let pair = TokenPair::new(1, "access", 0, 60_000);
    assert_eq!(store.save("another", &pair).await.unwrap(), Saved::Kept);
    (proxy, servers, store)
}

/// In a cluster, a request without a response is sent again.
#[tokio::test]
async fn lease_is_acquired_even_if_the_first_response_was_lost() {
    if !redis::is_there() {
        return;
    }
    let (proxy, _servers, store) = cluster_behind_a_proxy().await;
    proxy.lose_answer_to("{org-one}:lease", None);
    let lease = store.lease("one", TTL).await.unwrap().unwrap();
    assert!(store.lease("one", TTL).await.unwrap().is_none());
    lease.release().await.unwrap();
    assert!(store.lease("one", TTL).await.unwrap().is_some());
}

#[tokio::test]
async fn save_rejected_after_a_lost_response_may_have_been_applied() {
    if !redis::is_there() {
        return;
    }
    let (proxy, servers, store) = cluster_behind_a_proxy().await;
    let pair = TokenPair::new(1, "access-of-one", 0, 60_000);
    // Simulates a node that dies after it executed the request, and restarts.
    let loading = "-LOADING Redis is loading the dataset in memory\r\n";
    proxy.lose_answer_to("access-of-one", Some(loading));
    let error = store.save("one", &pair).await.unwrap_err();
    assert!(error.to_string().contains("LOADING"), "{error}");
    let kept = servers[0].cli(&["EXISTS", "cobo:{org-one}:pair"]);
    assert_eq!(kept, "1");
    assert!(!error.is_not_applied(), "{error}");
}

/// The address leads to the new primary, but the open connection still leads to the old one.
#[tokio::test]
async fn connection_is_not_reused_after_an_error_response() {
    if !redis::is_there() {
        return;
    }
    let (old, new) = (Redis::start().await, Redis::start().await);
    let mut proxy = Proxy::new().await;
    proxy.lead_to(old.port());
    let store = RedisStore::connect(&format!("redis://127.0.0.1:{}", proxy.port())).unwrap();
    let pair = |generation| TokenPair::new(generation, "access", 0, 60_000);
    assert_eq!(store.save("one", &pair(1)).await.unwrap(), Saved::Kept);

    let port = new.port().to_string();
    assert_eq!(old.cli(&["REPLICAOF", "127.0.0.1", &port]), "OK");
    proxy.lead_to(new.port());
    let error = store.save("one", &pair(2)).await.unwrap_err();
    assert!(error.is_not_applied(), "{error}");
    assert_eq!(store.save("one", &pair(2)).await.unwrap(), Saved::Kept);
    assert_eq!(new.cli(&["EXISTS", "cobo:{org-one}:pair"]), "1");
}
