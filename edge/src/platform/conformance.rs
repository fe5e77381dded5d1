//! One suite for every platform: what each port promises, as plain functions of its trait.

use super::{
    Database, KeyValue, ObjectRead, ObjectStore, Outbound, OutboundResponse, PortError, Random,
    Row, Value,
};
use crate::http::{ByteRange, ObjectMeta, ReadRange};

/// A promise that an adapter does not keep: what was promised, and what came instead.
pub type Violation = String;

/// Every promise of the key-value port.
pub async fn key_value<K: KeyValue>(store: &K) -> Result<(), Violation> {
    let largest = vec![0xA5; api::limits::VALUE_BYTES_MAX];
    let key = format!("c/p/{}", "0".repeat(251));
    promise("a missing key is none", store.get("t/missing").await, Ok(None))?;
    promise("a value is stored", store.put("t/a", b"one").await, Ok(()))?;
    promise("and read", store.get("t/a").await, Ok(Some(b"one".to_vec())))?;
    promise("an empty value is stored", store.put("t/empty", b"").await, Ok(()))?;
    promise("and is not none", store.get("t/empty").await, Ok(Some(Vec::new())))?;
    promise("bytes that are no text are stored", store.put("t/b", b"\xff\0").await, Ok(()))?;
    promise("as they are", store.get("t/b").await, Ok(Some(b"\xff\0".to_vec())))?;
    promise("the largest value fits", store.put(&key, &largest).await, Ok(()))?;
    promise("the longest key finds it", store.get(&key).await, Ok(Some(largest)))?;
    promise("a value is replaced", store.put("t/a", b"two").await, Ok(()))?;
    promise("whole", store.get("t/a").await, Ok(Some(b"two".to_vec())))?;
    promise("a value is removed", store.delete("t/a").await, Ok(()))?;
    promise("and not there", store.get("t/a").await, Ok(None))?;
    promise("which can be done again", store.delete("t/a").await, Ok(()))
}

/// Every promise of the object port, of a store that has `full` with the bytes 0 to 99 and `empty`
/// with none.
pub async fn object_store<O: ObjectStore>(
    store: &O,
    full: &str,
    empty: &str,
) -> Result<(), Violation> {
    promise("a missing object is none", store.head("t/missing").await, Ok(None))?;
    let missing = store.read("t/missing", ReadRange::Whole).await;
    promise("to readers too", missing.map(|read| read.is_none()), Ok(true))?;

    let meta = store.head(full).await.ok().flatten().ok_or("an object has facts")?;
    promise("its size", meta.size_bytes, 100)?;
    let strong = meta.etag.starts_with('"') && meta.etag.ends_with('"') && meta.etag.len() > 2;
    promise("a strong tag in quotes", strong, true)?;

    satisfiable_ranges(store, full, &meta).await?;
    unsatisfiable_ranges(store, full, empty).await?;
    empty_object(store, empty).await?;
    collect_limit(store, full).await?;
    objects_written(store).await
}

/// Ranges of an object with the bytes 0 to 99 and these facts.
async fn satisfiable_ranges<O: ObjectStore>(
    store: &O,
    full: &str,
    meta: &ObjectMeta,
) -> Result<(), Violation> {
    for range in [
        ReadRange::Whole,
        ReadRange::Closed { first: 0, last: 0 },
        ReadRange::Closed { first: 10, last: 19 },
        ReadRange::Closed { first: 90, last: u64::MAX },
        ReadRange::From { first: 99 },
        ReadRange::Suffix { length: 1 },
        ReadRange::Suffix { length: u64::MAX },
    ] {
        let read = store.read(full, range).await;
        let Ok(Some(ObjectRead::Bytes { meta: read_meta, sent, stream })) = read else {
            return Err(format!("{range:?} is read"));
        };
        promise("facts come with the bytes", &read_meta, meta)?;
        let wanted = range.within(100).unwrap_or(ByteRange { start: 0, end: 0 });
        promise(&format!("{range:?} is sent"), sent, wanted)?;
        let bytes: Vec<u8> = (0..100).collect();
        let bytes = bytes.iter().copied().skip(index(wanted.start)).take(index(wanted.len()));
        let bytes: Vec<u8> = bytes.collect();
        promise("byte by byte", store.collect(stream, 100).await, Ok(bytes))?;
    }
    Ok(())
}

async fn unsatisfiable_ranges<O: ObjectStore>(
    store: &O,
    full: &str,
    empty: &str,
) -> Result<(), Violation> {
    for range in [
        ReadRange::From { first: 100 },
        ReadRange::From { first: u64::MAX },
        ReadRange::Closed { first: 100, last: 200 },
        ReadRange::Suffix { length: 0 },
    ] {
        unsatisfiable(store, full, range).await?;
    }
    for range in [
        ReadRange::Closed { first: 0, last: 0 },
        ReadRange::From { first: 0 },
        ReadRange::Suffix { length: 1 },
    ] {
        unsatisfiable(store, empty, range).await?;
    }
    Ok(())
}

async fn empty_object<O: ObjectStore>(store: &O, empty: &str) -> Result<(), Violation> {
    let Ok(Some(ObjectRead::Bytes { meta, stream, .. })) =
        store.read(empty, ReadRange::Whole).await
    else {
        return Err("an object without bytes is there".to_owned());
    };
    promise("its size is 0", meta.size_bytes, 0)?;
    promise("and its stream ends at once", store.collect(stream, 0).await, Ok(Vec::new()))?;
    Ok(())
}

async fn collect_limit<O: ObjectStore>(store: &O, full: &str) -> Result<(), Violation> {
    let Ok(Some(ObjectRead::Bytes { stream, .. })) = store.read(full, ReadRange::Whole).await
    else {
        return Err("an object is read again".to_owned());
    };
    let collected = store.collect(stream, 99).await;
    promise("no more is collected than allowed", collected, Err(PortError::TooLarge))
}

async fn objects_written<O: ObjectStore>(store: &O) -> Result<(), Violation> {
    promise("a store that is there is set up", store.is_set_up().await, true)?;
    promise("nothing is listed", store.list("t/n").await, Ok(Vec::new()))?;
    promise("an object is stored", store.put("t/new", b"new").await, Ok(()))?;
    promise("and listed", store.list("t/n").await, Ok(vec!["t/new".to_owned()]))?;
    let Ok(Some(ObjectRead::Bytes { meta, stream, .. })) =
        store.read("t/new", ReadRange::Whole).await
    else {
        return Err("and read".to_owned());
    };
    promise("with its size", meta.size_bytes, 3)?;
    promise("and bytes", store.collect(stream, 3).await, Ok(b"new".to_vec()))?;
    promise("it is removed", store.delete("t/new").await, Ok(()))?;
    promise("and not there", store.head("t/new").await, Ok(None))?;
    promise("which can be done again", store.delete("t/new").await, Ok(()))
}

async fn unsatisfiable<O: ObjectStore>(
    store: &O,
    key: &str,
    range: ReadRange,
) -> Result<(), Violation> {
    let read = store.read(key, range).await;
    let refused = matches!(read, Ok(Some(ObjectRead::Unsatisfiable)));
    promise(&format!("{range:?} of {key} is unsatisfiable"), refused, true)
}

/// Every promise of the database port.
pub async fn database<D: Database>(database: &D) -> Result<(), Violation> {
    let text = |text: &str| Value::Text(text.to_owned());
    let run = async |sql: &str, values: &[Value]| database.query(sql, values).await;
    let nothing: Result<Vec<Row>, PortError> = Ok(Vec::new());
    let create = "CREATE TABLE IF NOT EXISTS conformance (id INTEGER PRIMARY KEY, note TEXT)";
    promise("a table is made", run(create, &[]).await, nothing.clone())?;
    promise("and not made twice", run(create, &[]).await, nothing.clone())?;
    run("DELETE FROM conformance", &[]).await.map_err(|e| format!("{e:?}"))?;
    let insert = "INSERT INTO conformance (id, note) VALUES (?1, ?2)";
    // The largest integer that a platform with doubles for numbers keeps.
    let largest = Value::Integer((1 << 53) - 1);
    let row = [largest.clone(), text("x' -- ünï\u{1F600}")];
    promise("values are bound, not spliced", run(insert, &row).await, nothing.clone())?;
    promise("null too", run(insert, &[Value::Integer(-1), Value::Null]).await, nothing)?;
    let select = "SELECT id, note FROM conformance ORDER BY id LIMIT 10";
    let rows = vec![vec![Value::Integer(-1), Value::Null], row.to_vec()];
    promise("rows come in order", run(select, &[]).await, Ok(rows))?;
    let again = run(insert, &[largest, Value::Null]).await;
    promise("a broken rule is an error", again.is_err(), true)?;
    promise("so is nonsense", run("SELEKT 1", &[]).await.is_err(), true)?;
    let upsert = "INSERT INTO conformance (id, note) VALUES (?1, ?2) \
                  ON CONFLICT (id) DO UPDATE SET note = excluded.note RETURNING note";
    let returned = run(upsert, &[Value::Integer(-1), text("now")]).await;
    promise("an upsert returns its row", returned, Ok(vec![vec![text("now")]]))
}

/// Every promise of the outbound port, of a server at `base` that has `full` with the bytes 0 to
/// 99, an `x-note` and an `x-other`, a redirect from `moved` to `full`, and nothing else; `nobody`
/// is where no server is.
pub async fn outbound<O: Outbound>(
    outbound: &O,
    base: &str,
    nobody: &str,
) -> Result<(), Violation> {
    whole_response(outbound, base).await?;
    partial_response(outbound, base).await?;
    let moved = request(outbound, base, "moved", None).await?;
    promise("a redirect is not followed", moved.head.status, 302)?;
    let location = moved.head.get("location").unwrap_or_default();
    promise("its Location is returned", location.ends_with("/full"), true)?;
    outbound.discard(moved.stream);
    let missing = request(outbound, base, "missing", None).await?;
    promise("a status is no error", missing.head.status, 404)?;
    outbound.discard(missing.stream);
    let nobody = outbound.get(nobody, None, &[], &[]).await;
    promise("no server is an error", nobody.is_err(), true)
}

async fn request<O: Outbound>(
    outbound: &O,
    base: &str,
    name: &str,
    range: Option<ByteRange>,
) -> Result<OutboundResponse<O::Stream>, Violation> {
    let response =
        outbound.get(&format!("{base}/{name}"), range, &[], &["x-note".to_owned()]).await;
    response.map_err(|error| format!("{name}: {error:?}"))
}

async fn whole_response<O: Outbound>(outbound: &O, base: &str) -> Result<(), Violation> {
    let whole = request(outbound, base, "full", None).await?;
    promise("a request without a range gets everything", whole.head.status, 200)?;
    promise("with its length", whole.head.get("content-length"), Some("100"))?;
    promise("and the named header", whole.head.get("x-note"), Some("ours"))?;
    promise("and no other", whole.head.get("x-other"), None)?;
    promise("a header that is not there", whole.head.get("content-range"), None)?;
    let mut bytes = vec![7];
    let filled = outbound.fill(whole.stream, 10, 5, &mut bytes).await;
    promise(
        "bytes are skipped and appended",
        (filled, &bytes),
        (Ok(()), &vec![7, 10, 11, 12, 13, 14]),
    )
}

async fn partial_response<O: Outbound>(outbound: &O, base: &str) -> Result<(), Violation> {
    let range = ByteRange { start: 90, end: 95 };
    let part = request(outbound, base, "full", Some(range)).await?;
    promise("a range is requested", part.head.status, 206)?;
    promise("exactly", part.head.get("content-range"), Some("bytes 90-94/100"))?;
    let mut bytes = Vec::new();
    let filled = outbound.fill(part.stream, 0, 100, &mut bytes).await;
    promise("a stream ends where it ends", (filled, bytes), (Ok(()), vec![90, 91, 92, 93, 94]))
}

/// Every promise of the random port.
pub fn random<R: Random>(random: &R) -> Result<(), Violation> {
    let (mut first, mut second) = ([0_u8; 24], [0_u8; 24]);
    promise("bytes are made", random.fill(&mut first), Ok(()))?;
    promise("again", random.fill(&mut second), Ok(()))?;
    promise("and are others", first == second, false)
}

fn promise<T: PartialEq + core::fmt::Debug>(
    what: &str,
    got: T,
    wanted: T,
) -> Result<(), Violation> {
    if got == wanted { Ok(()) } else { Err(format!("{what}: {got:?} instead of {wanted:?}")) }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
