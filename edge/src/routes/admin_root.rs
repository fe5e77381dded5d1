//! `GET | PUT /api/v2/admin/root`: which catalog is current.

use std::collections::BTreeSet;

use api::{CatalogRoot, Envelope, RootUpdate};
use catalog::{Manifest, is_hash};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    catalog_cache::{self, ROOT_KEY, pack_key},
    error::Error,
    http::{Method, Reply},
    platform::{Clock, Database, KeyValue, Platform, StreamOf, Upload},
    sql::{integer, text},
};

/// Packs read at a time: Workers have six connections, and each response may be a whole pack.
const CHECK_COUNT_MAX: usize = 4;

/// Which publisher claimed which root, and for which manifest.
const CLAIMS: &str = "CREATE TABLE IF NOT EXISTS flips (\
     root TEXT PRIMARY KEY, manifest TEXT NOT NULL, claimed_at_ms INTEGER NOT NULL) WITHOUT ROWID";
/// How long a claim counts: twice as long as a key-value store may be behind.
const CLAIM_MS: u64 = 120_000;

pub(super) async fn handle<P: Platform, U: Upload>(
    platform: &P,
    method: Method,
    upload: U,
    subject: &mut String,
) -> Result<Reply<StreamOf<P>>, Error> {
    if method == Method::Put {
        let update: RootUpdate = super::parsed(upload).await?;
        subject.clone_from(&update.manifest);
        let root = flip(platform, update).await?;
        return Ok(super::json(200, &Envelope::data(root)));
    }
    Ok(super::json(200, &Envelope::data(catalog_cache::read_root(platform).await?)))
}

/// Replaces the root. The key-value store has no compare-and-swap and may lag a minute behind, so a
/// publisher claims the base root with one INSERT in the database; exactly one wins.
async fn flip<P: Platform>(platform: &P, flip: RootUpdate) -> Result<CatalogRoot, Error> {
    if !is_hash(&flip.manifest) {
        return Err(Error::InvalidPayload("`manifest` is not a BLAKE3 hash".to_owned()));
    }
    let current = catalog_cache::read_root(platform).await?;
    let manifest_now = current.as_ref().map(|root| root.manifest.as_str());
    // The response to an earlier attempt was lost: the root is replaced already.
    if let Some(root) = current.as_ref().filter(|root| root.manifest == flip.manifest) {
        return Ok(root.clone());
    }
    if manifest_now != flip.previous.as_deref() {
        return Err(Error::Conflict);
    }
    check(platform, &flip.manifest, manifest_now).await?;

    let now_ms = platform.clock().now_ms();
    claim(platform, current.as_ref(), &flip.manifest, now_ms).await?;
    let root = CatalogRoot { manifest: flip.manifest, flipped_at_ms: now_ms };
    platform.key_value().put(ROOT_KEY, &crate::http::json_bytes(&root)).await?;
    platform.instance().catalog.note(Some(root.clone()), now_ms);
    Ok(root)
}

/// Claims the base root for this manifest. A claim whose publisher never wrote the new root expires after
/// two minutes, when every location would have read that root.
async fn claim<P: Platform>(
    platform: &P,
    current: Option<&CatalogRoot>,
    manifest: &str,
    now_ms: u64,
) -> Result<(), Error> {
    let root = current.map(|root| format!("{} {}", root.manifest, root.flipped_at_ms));
    let over_ms = integer(now_ms.saturating_sub(CLAIM_MS));
    let database = platform.database();
    database.query(CLAIMS, &[]).await?;
    database.query("DELETE FROM flips WHERE claimed_at_ms < ?1", &[over_ms]).await?;
    let sql = "INSERT INTO flips (root, manifest, claimed_at_ms) VALUES (?1, ?2, ?3) \
         ON CONFLICT (root) DO UPDATE SET claimed_at_ms = excluded.claimed_at_ms \
         WHERE manifest = excluded.manifest RETURNING manifest";
    let values = [text(&root.unwrap_or_default()), text(manifest), integer(now_ms)];
    let claimed = database.query(sql, &values).await?;
    if claimed.is_empty() { Err(Error::Conflict) } else { Ok(()) }
}

/// Checks that every pack that the manifest names is stored. Packs of the current manifest were checked
/// when it became current.
async fn check<P: Platform>(
    platform: &P,
    manifest: &str,
    manifest_now: Option<&str>,
) -> Result<(), Error> {
    let missing = |hash: &str| {
        Error::InvalidPayload(format!(
            "the pack {hash} is not stored: send it, or try again if it was sent within the last minute"
        ))
    };
    let store = platform.key_value();
    let bytes = store.get(&pack_key(manifest)).await?.ok_or_else(|| missing(manifest))?;
    let manifest = Manifest::parse(&bytes).map_err(|e| Error::InvalidPayload(e.to_string()))?;
    let known = match manifest_now {
        Some(hash) => store.get(&pack_key(hash)).await?.map(|bytes| Manifest::parse(&bytes)),
        None => None,
    };
    let known = known.and_then(Result::ok);
    let known: BTreeSet<&str> = known.iter().flat_map(Manifest::packs).collect();
    stream::iter(manifest.packs().filter(|hash| !known.contains(hash)))
        .map(|hash| async move {
            let there = store.get(&pack_key(hash)).await?.is_some();
            if there { Ok(()) } else { Err(missing(hash)) }
        })
        .buffer_unordered(CHECK_COUNT_MAX)
        .try_collect()
        .await
}
