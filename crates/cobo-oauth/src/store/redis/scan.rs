//! Lists the organizations: `SCAN` on every node returns the keys, and a script for each key
//! returns its organization.

use std::collections::{BTreeSet, HashSet};

use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{Cmd, Value};
use tokio::task::JoinSet;

use super::connection::SharedConnection;
use super::key::Keys;
use super::script::{self, Outcome};
use super::{RedisStore, fields};
use crate::store::{Owner, StoreError, StoreErrorKind};

/// How many keys a node examines for each answer.
const PAGE: usize = 500;
/// How many keys are queried at a time.
const CONCURRENT: usize = 64;
const SLOTS: u64 = 16_384;

/// Lists the organizations with a pair that this app may use.
pub(super) async fn organizations(
    store: &RedisStore,
    owner: &Owner,
) -> Result<Vec<String>, StoreError> {
    let pattern = Keys::pattern(&store.0.namespace);
    let mut keys = keys(&store.0.connection, &pattern).await?.into_iter();
    let app = fields::app(Some(owner));
    let mut organizations = Vec::new();
    let mut asked = JoinSet::new();
    loop {
        while asked.len() < CONCURRENT
            && let Some(key) = keys.next()
        {
            asked.spawn(organization(store.clone(), key, app.clone()));
        }
        let Some(answer) = asked.join_next().await else {
            return Ok(organizations);
        };
        let stopped = |_| StoreError::unavailable("the program is shutting down");
        organizations.extend(answer.map_err(stopped)??);
    }
}

/// The organization of a key, if it has a pair that this app may use.
async fn organization(
    store: RedisStore,
    key: String,
    app: [String; 2],
) -> Result<Option<String>, StoreError> {
    let mut list = script::LIST.prepare_invoke();
    list.key(&key).arg(&app);
    let answer = match store.0.connection.run(&list, &key).await {
        Ok(Outcome::Done(Some(org_id))) if store.keys(org_id.expose()).pair == key => {
            return Ok(Some(org_id.expose().to_owned()));
        }
        Ok(Outcome::Done(_)) => Err(fields::unrecognised(&key)),
        Ok(Outcome::NotDone(_) | Outcome::OtherApp(_)) => Ok(None),
        Err(error) => Err(error),
    };
    match answer {
        Err(error) if error.kind() == StoreErrorKind::Unrecognised => {
            tracing::warn!(%error, "skipped a key of the token store that cannot be read");
            Ok(None)
        }
        answer => answer,
    }
}

/// The cursor of the next page, and the keys of this one.
type Page = (String, Vec<Vec<u8>>);

fn scan(cursor: &str, pattern: &str) -> Cmd {
    let mut scan = redis::cmd("SCAN");
    scan.arg(cursor).arg("MATCH").arg(pattern);
    scan.arg("COUNT").arg(PAGE);
    scan
}

/// All keys that match a pattern. A set, because `SCAN` may return a key twice.
async fn keys(
    connection: &SharedConnection,
    pattern: &str,
) -> Result<BTreeSet<String>, StoreError> {
    let mut keys = BTreeSet::new();
    let mut pages = first_pages(connection, pattern).await?;
    while let Some((node, (cursor, names))) = pages.pop() {
        for name in names {
            match String::from_utf8(name) {
                Ok(name) => drop(keys.insert(name)),
                Err(_) => tracing::warn!("skipped a key of the token store that is not UTF-8"),
            }
        }
        if cursor != "0" {
            let scan = scan(&cursor, pattern);
            let page = connection
                .query_with_retry(&scan, node.as_ref(), pattern)
                .await?;
            pages.push((node, page));
        }
    }
    Ok(keys)
}

/// The first page of each node.
async fn first_pages(
    connection: &SharedConnection,
    pattern: &str,
) -> Result<Vec<(Option<RoutingInfo>, Page)>, StoreError> {
    let first = scan("0", pattern);
    if !connection.is_cluster() {
        return Ok(vec![(
            None,
            connection.query_with_retry(&first, None, pattern).await?,
        )]);
    }
    let primaries = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    let answers: Vec<(String, Page)> = connection
        .query_with_retry(&first, Some(&primaries), pattern)
        .await?;
    // Compared with the slots, because the `redis` crate leaves out nodes that it is not connected
    // to.
    let mut slots = redis::cmd("CLUSTER");
    slots.arg("SLOTS");
    let any = RoutingInfo::SingleNode(SingleNodeRoutingInfo::Random);
    let slots: Vec<Vec<Value>> = connection
        .query_with_retry(&slots, Some(&any), pattern)
        .await?;
    if nodes(&slots) != Some(answers.len()) {
        connection.reconnect();
        return Err(StoreError::unavailable(
            "a node of the Redis cluster cannot be reached, so the list would be incomplete",
        ));
    }
    let pages = answers.into_iter().map(|(address, page)| {
        let (host, port) = address.rsplit_once(':')?;
        let (host, port) = (host.to_owned(), port.parse().ok()?);
        let node = RoutingInfo::SingleNode(SingleNodeRoutingInfo::ByAddress { host, port });
        Some((Some(node), page))
    });
    let pages = pages.collect::<Option<_>>();
    pages.ok_or_else(|| StoreError::unavailable("a node of the Redis cluster has no address"))
}

/// The number of primaries; `None` if a slot is not covered or the answer is malformed. Each range
/// has its first slot, its last slot, and its nodes, the primary first.
fn nodes(slots: &[Vec<Value>]) -> Option<usize> {
    let mut covered = 0;
    let mut primaries = HashSet::new();
    for range in slots {
        let [
            Value::Int(first),
            Value::Int(last),
            Value::Array(primary),
            ..,
        ] = range.as_slice()
        else {
            return None;
        };
        covered += u64::try_from(last - first + 1).ok()?;
        let name = primary.iter().take(3).map(|part| format!("{part:?}"));
        primaries.insert(name.collect::<String>());
    }
    (covered == SLOTS).then_some(primaries.len())
}
