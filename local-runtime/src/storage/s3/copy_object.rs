//! `CopyObject` and `UploadPartCopy`.

use std::{ops::Range, sync::Arc};

use s3s::{S3ErrorCode, S3Request, S3Response, S3Result, dto, s3_error};

use super::{
    conditions::Conditions,
    convert::{date, etag},
    metadata::{metadata_of, refuse_unsupported},
    multipart::check_part_number,
    read_object::{open, satisfiable},
};
use crate::storage::{
    BUCKET, DataFolder, INCOMING_BUCKET, Object, ObjectMetadata, OpenObject, run_blocking,
};

/// `CopyObject` from the bucket itself, or from the bucket `incoming`, which moves the file.
pub(super) async fn copy(
    folder: Arc<DataFolder>,
    request: S3Request<dto::CopyObjectInput>,
) -> S3Result<S3Response<dto::CopyObjectOutput>> {
    refuse_unsupported(&request.headers)?;
    let mut input = request.input;
    let source = Source::of(&input.copy_source)?;
    let is_replaced = input
        .metadata_directive
        .as_ref()
        .is_some_and(|directive| directive.as_str() == dto::MetadataDirective::REPLACE);
    let metadata = metadata_of!(input)?;
    let object = match source {
        Source::Incoming(name) => {
            let key = input.key;
            run_blocking(move || folder.import_incoming(&key, metadata, &name)).await?
        }
        Source::Object(source) => {
            let conditions = conditions_of!(input);
            let copy = Copy { source, key: input.key, metadata: is_replaced.then_some(metadata) };
            copy.run(folder, conditions).await?
        }
    };
    Ok(S3Response::new(dto::CopyObjectOutput {
        copy_object_result: Some(dto::CopyObjectResult {
            e_tag: Some(etag(&object.etag)),
            last_modified: Some(date(object.modified_ms)),
            ..Default::default()
        }),
        ..Default::default()
    }))
}

/// A copy within the bucket.
struct Copy {
    source: String,
    key: String,
    /// The new metadata, where it is not that of the source.
    metadata: Option<ObjectMetadata>,
}

impl Copy {
    async fn run(self, folder: Arc<DataFolder>, conditions: Conditions) -> S3Result<Object> {
        let Self { source, key, metadata } = self;
        if source == key && metadata.is_none() {
            return Err(s3_error!(
                InvalidRequest,
                "an object is copied to itself only to \
                replace its metadata: x-amz-metadata-directive: REPLACE"
            ));
        }
        let source = open_source(&folder, source, &conditions).await?;
        Ok(run_blocking(move || folder.copy_object(&source, &key, metadata)).await?)
    }
}

/// `UploadPartCopy`: a part of an upload from bytes of an object of the bucket.
pub(super) async fn upload_part_copy(
    folder: Arc<DataFolder>,
    mut input: dto::UploadPartCopyInput,
) -> S3Result<S3Response<dto::UploadPartCopyOutput>> {
    check_part_number(input.part_number)?;
    let Source::Object(source) = Source::of(&input.copy_source)? else {
        return Err(s3_error!(NotImplemented, "a part is not copied from the bucket incoming"));
    };
    let conditions = conditions_of!(input);
    let source = open_source(&folder, source, &conditions).await?;
    let range = copied_range(input.copy_source_range.as_deref(), source.object.size)?;
    let (id, key, number) = (input.upload_id, input.key, input.part_number);
    let part = run_blocking(move || {
        let blob = folder.copy_range(&source, range)?;
        folder.put_part(&id, &key, number, blob)
    });
    let part = part.await?;
    Ok(S3Response::new(dto::UploadPartCopyOutput {
        copy_part_result: Some(dto::CopyPartResult {
            e_tag: Some(etag(&part.etag)),
            last_modified: Some(date(part.modified_ms)),
            ..Default::default()
        }),
        ..Default::default()
    }))
}

/// Where a copy comes from.
enum Source {
    /// A key of the bucket.
    Object(String),
    /// The name of a file in the folder `incoming`.
    Incoming(String),
}

impl Source {
    fn of(source: &dto::CopySource) -> S3Result<Self> {
        let dto::CopySource::Bucket { bucket, key, version_id } = source else {
            return Err(s3_error!(NotImplemented, "copies from an access point"));
        };
        if version_id.as_deref().is_some_and(|version| version != "null") {
            return Err(s3_error!(NoSuchVersion, "an object has one version, whose id is null"));
        }
        match &**bucket {
            BUCKET => Ok(Self::Object(key.to_string())),
            INCOMING_BUCKET => Ok(Self::Incoming(key.to_string())),
            _ => Err(s3_error!(NoSuchBucket)),
        }
    }
}

/// The fields `x-amz-copy-source-if-*` of an input.
macro_rules! conditions_of {
    ($input:ident) => {
        Conditions {
            if_match: $input.copy_source_if_match.take(),
            if_none_match: $input.copy_source_if_none_match.take(),
            if_modified_since: $input.copy_source_if_modified_since.take(),
            if_unmodified_since: $input.copy_source_if_unmodified_since.take(),
        }
    };
}
use conditions_of;

/// Opens the source of a copy. Every condition that is false is an error with status 412.
async fn open_source(
    folder: &Arc<DataFolder>,
    key: String,
    conditions: &Conditions,
) -> S3Result<Arc<OpenObject>> {
    let source = open(Arc::clone(folder), key).await?;
    match conditions.check(&source.object) {
        Err(error) if *error.code() == S3ErrorCode::NotModified => {
            Err(s3_error!(PreconditionFailed))
        }
        checked => checked.map(|()| source),
    }
}

/// `x-amz-copy-source-range`, which has two ends within the object.
fn copied_range(field: Option<&str>, size: u64) -> S3Result<Range<u64>> {
    let Some(field) = field else { return Ok(0..size) };
    match dto::Range::parse(field) {
        Ok(range @ dto::Range::Int { last: Some(last), .. }) if last < size => {
            satisfiable(range, size)
        }
        _ => Err(s3_error!(
            InvalidArgument,
            "x-amz-copy-source-range is bytes=FIRST-LAST, with both in the object"
        )),
    }
}
