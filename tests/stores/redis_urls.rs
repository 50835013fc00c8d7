//! Which URLs a Redis store connects to, and with which settings.

use cobo_oauth::RedisStore;

#[test]
fn redis_store_can_be_built_without_a_runtime_or_a_server() {
    let store = RedisStore::connect("redis://user:hunter2@127.0.0.1:1/3").unwrap();
    let builder = RedisStore::builder("redis://user:hunter2@127.0.0.1:1").node("redis://b:2");
    let shown = format!("{store:?} {builder:?}");
    assert!(
        shown.contains("127.0.0.1:1") && !shown.contains("hunter2"),
        "{shown}"
    );

    for url in [
        "",
        "hunter2",
        "http://:hunter2@host",
        "redis://:hunter2@host:port",
    ] {
        let text = format!("{:?}", RedisStore::connect(url).unwrap_err());
        assert!(text.contains("redis://user:password@host") && !text.contains("hunter2"));
    }
    let insecure = RedisStore::connect("rediss://:hunter2@host#insecure").unwrap_err();
    assert!(insecure.to_string().contains("root certificate"));
    let braces = RedisStore::builder("redis://host").namespace("{}").build();
    assert!(braces.unwrap_err().to_string().contains("brace"));
    let plain = RedisStore::builder("redis://localhost").root_certificate("-----BEGIN");
    let unused = plain.build().unwrap_err().to_string();
    assert!(unused.contains("would not be used"), "{unused}");
}

/// URLs of Redis on another machine, without TLS.
pub(crate) const PLAIN_TO_OTHER_MACHINES: [&str; 5] = [
    "redis://:hunter2@10.0.0.1",
    "redis://[2001:db8::1]:6379",
    "redis://localhost.evil",
    "redis://127.0.0.1.evil",
    "valkey://10.0.0.1",
];

/// URLs of Redis over TLS, or on this machine.
pub(crate) const TLS_OR_THIS_MACHINE: [&str; 7] = [
    "rediss://10.0.0.1",
    "redis://127.0.0.1",
    "redis://127.9.9.9:7000",
    "redis://[::1]",
    "redis://localhost",
    "redis://LOCALHOST",
    "unix:///run/redis.sock",
];

#[test]
fn redis_store_without_tls_is_refused_unless_redis_is_on_this_machine() {
    for url in PLAIN_TO_OTHER_MACHINES {
        let error = RedisStore::connect(url).unwrap_err().to_string();
        assert!(error.contains("danger_allow_plain_redis"), "{url}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
        let allowed = RedisStore::builder(url).danger_allow_plain_redis();
        allowed.build().unwrap();
    }
    for url in TLS_OR_THIS_MACHINE {
        RedisStore::connect(url).unwrap();
    }
}

/// A cluster tells the store where its other nodes are.
#[test]
fn redis_cluster_without_tls_is_refused_even_if_its_first_node_is_on_this_machine() {
    let plain = || RedisStore::builder("redis://127.0.0.1").cluster();
    let mixed = || RedisStore::builder("rediss://127.0.0.1").node("redis://127.0.0.1:7000");
    let other = || RedisStore::builder("redis://127.0.0.1").node("redis://10.0.0.1");
    for builder in [plain(), mixed(), other()] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains("danger_allow_plain_redis"), "{error}");
    }
    plain().danger_allow_plain_redis().build().unwrap();
    let encrypted = RedisStore::builder("rediss://127.0.0.1").cluster();
    encrypted.build().unwrap();
}

/// The debug output names the address that the store connects to.
#[test]
fn localhost_is_this_machine_whatever_dns_says() {
    for url in ["redis://localhost:7000", "redis://LOCALHOST:7000/3"] {
        let shown = format!("{:?}", RedisStore::connect(url).unwrap());
        assert!(shown.contains("127.0.0.1:7000"), "{shown}");
        assert!(!shown.to_lowercase().contains("localhost"), "{shown}");
    }
    // The certificate is verified for the name of the URL.
    let store = RedisStore::connect("rediss://localhost:7000").unwrap();
    assert!(format!("{store:?}").contains("localhost:7000"), "{store:?}");
}
