//! Object port on R2, bindings `MEDIA` and `DURABLE`. Bytes stay the runtime's own stream.
//!
//! # Limits of this platform
//! R2 throws where a range names nothing, and of an object without bytes for every range; nothing
//! in the exception can be relied on, so that a second question decides.

use worker::{Bucket, ByteStream, Env, Object, Range, ResponseBody};

use super::convert;
use crate::{
    http::{ObjectMeta, ReadRange},
    platform::{ObjectRead, ObjectStore, PortError},
};

/// A bucket by the name of its binding.
pub(super) struct R2(pub(super) Env, pub(super) &'static str);

impl R2 {
    fn open(&self) -> Result<Bucket, PortError> {
        let denied = |error| PortError::Denied(format!("the binding {}: {error}", self.1));
        self.0.bucket(self.1).map_err(denied)
    }
}

impl ObjectStore for R2 {
    type Stream = ResponseBody;

    async fn head(&self, key: &str) -> Result<Option<ObjectMeta>, PortError> {
        let object = self.open()?.head(key).await.map_err(refused)?;
        Ok(object.as_ref().map(meta))
    }

    async fn read(
        &self,
        key: &str,
        range: ReadRange,
    ) -> Result<Option<ObjectRead<ResponseBody>>, PortError> {
        let request = self.open()?;
        let request = request.get(key);
        let request = match bounded(range) {
            Some(range) => request.range(range),
            None => request,
        };
        let object = match request.execute().await {
            Ok(Some(object)) => object,
            Ok(None) => return Ok(None),
            Err(error) => return self.explain(key, range, error).await,
        };
        let meta = meta(&object);
        let Some(sent) = range.within(meta.size_bytes) else {
            return Ok(Some(ObjectRead::Unsatisfiable));
        };
        let body = object.body().ok_or_else(|| missing(key))?;
        let stream = body.response_body().map_err(refused)?;
        Ok(Some(ObjectRead::Bytes { meta, sent, stream }))
    }

    async fn put(&self, key: &str, bytes: &[u8]) -> Result<(), PortError> {
        let put = self.open()?.put(key, bytes.to_vec()).execute().await;
        put.map(drop).map_err(refused)
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.open()?.delete(key).await.map_err(refused)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let listed = self.open()?.list().prefix(prefix).execute().await.map_err(refused)?;
        Ok(listed.objects().iter().map(Object::key).collect())
    }

    async fn is_set_up(&self) -> bool {
        self.open().is_ok()
    }

    async fn collect(&self, stream: ResponseBody, bytes_max: usize) -> Result<Vec<u8>, PortError> {
        match stream {
            ResponseBody::Empty => Ok(Vec::new()),
            ResponseBody::Body(bytes) if bytes.len() <= bytes_max => Ok(bytes),
            ResponseBody::Body(_) => Err(PortError::TooLarge),
            ResponseBody::Stream(stream) => {
                convert::collect(ByteStream::from(stream), bytes_max).await
            }
        }
    }
}

impl R2 {
    /// A read that failed: because of its range, or because of R2?
    async fn explain<S>(
        &self,
        key: &str,
        range: ReadRange,
        error: worker::Error,
    ) -> Result<Option<ObjectRead<S>>, PortError> {
        let Some(meta) = self.head(key).await? else { return Ok(None) };
        if range != ReadRange::Whole && range.within(meta.size_bytes).is_none() {
            return Ok(Some(ObjectRead::Unsatisfiable));
        }
        Err(refused(error))
    }
}

/// The range in R2's words; none where all is wanted. R2 clamps an end beyond the object's.
fn bounded(range: ReadRange) -> Option<Range> {
    match range.writable() {
        ReadRange::Whole => None,
        // Half of the largest exact number, so that the sum of offset and length is exact, too.
        ReadRange::Closed { first, last } => {
            let length = last.saturating_sub(first).saturating_add(1).min(1 << 52);
            Some(Range::OffsetWithLength { offset: first, length })
        }
        ReadRange::From { first } => Some(Range::OffsetToEnd { offset: first }),
        ReadRange::Suffix { length } => Some(Range::Suffix { suffix: length }),
    }
}

fn meta(object: &Object) -> ObjectMeta {
    ObjectMeta {
        size_bytes: object.size(),
        etag: object.http_etag(),
        modified_ms: object.uploaded().as_millis(),
        fields: Vec::new(),
    }
}

fn missing(key: &str) -> PortError {
    PortError::Unavailable(format!("R2 sent no body of {key}"))
}

fn refused(error: worker::Error) -> PortError {
    PortError::Unavailable(format!("R2: {error}"))
}
