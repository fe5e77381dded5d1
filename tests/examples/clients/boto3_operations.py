"""What boto3 does with the object store: every operation that docs/s3.md names. Settings come from the
environment. An assertion that fails, or an error that is not expected, ends it with a traceback."""

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

BUCKET = "firstframe"
FILM = open("film.mp4", "rb").read()
s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))


def refused(code, call, **arguments):
    """Expects this error."""
    try:
        call(Bucket=BUCKET, **arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{call.__name__} was not refused with {code}")


def read(key):
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def objects_and_conditions():
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [BUCKET]
    s3.head_bucket(Bucket=BUCKET)
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] is None
    refused("BucketAlreadyOwnedByYou", s3.create_bucket)
    put = s3.put_object(
        Bucket=BUCKET, Key="b/a", Body=b"one", ContentType="text/x", CacheControl="no-cache",
        ContentDisposition="inline", ContentLanguage="de", Metadata={"name": "word", "b": "2"},
    )
    assert put["ETag"] == f'"{hashlib.md5(b"one").hexdigest()}"'
    got = s3.get_object(Bucket=BUCKET, Key="b/a")
    assert got["Body"].read() == b"one" and got["Metadata"]["b"] == "2", got
    assert (got["ContentType"], got["CacheControl"]) == ("text/x", "no-cache")
    assert (got["ContentDisposition"], got["ContentLanguage"]) == ("inline", "de")
    assert s3.get_object(Bucket=BUCKET, Key="b/a", Range="bytes=1-")["Body"].read() == b"ne"
    refused("InvalidRange", s3.get_object, Key="b/a", Range="bytes=3-")
    refused("NoSuchKey", s3.get_object, Key="b/absent")
    refused("404", s3.head_object, Key="b/absent")
    refused("304", s3.get_object, Key="b/a", IfNoneMatch=put["ETag"])
    refused("PreconditionFailed", s3.put_object, Key="b/a", Body=b"two", IfNoneMatch="*")
    refused("PreconditionFailed", s3.put_object, Key="b/a", Body=b"two", IfMatch='"other"')
    s3.put_object(Bucket=BUCKET, Key="b/a", Body=b"two", IfMatch=put["ETag"])
    assert read("b/a") == b"two"
    refused("NotImplemented", s3.put_object, Key="b/a", Body=b"", ServerSideEncryption="AES256")


def checksums_and_parts():
    for algorithm in ["CRC32", "SHA1", "SHA256"]:
        s3.put_object(Bucket=BUCKET, Key="b/sum", Body=b"sum", ChecksumAlgorithm=algorithm)
    refused("BadDigest", s3.put_object, Key="b/sum", Body=b"other", ChecksumCRC32="AAAAAA==")
    assert read("b/sum") == b"sum"
    parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    s3.upload_file("film.mp4", BUCKET, "b/film", Config=parts, ExtraArgs={"Metadata": {"x": "y"}})
    assert read("b/film") == FILM
    head = s3.head_object(Bucket=BUCKET, Key="b/film")
    assert head["ContentLength"] == len(FILM) and head["Metadata"] == {"x": "y"}
    assert head["ETag"].endswith('-5"'), head["ETag"]
    s3.copy({"Bucket": BUCKET, "Key": "b/film"}, BUCKET, "b/copy", Config=parts)
    s3.copy({"Bucket": BUCKET, "Key": "b/film"}, BUCKET, "b/link")
    assert read("b/copy") == FILM and read("b/link") == FILM
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="b/aborted")["UploadId"]
    s3.upload_part(Bucket=BUCKET, Key="b/aborted", UploadId=upload, PartNumber=1, Body=b"x")
    assert len(s3.list_parts(Bucket=BUCKET, Key="b/aborted", UploadId=upload)["Parts"]) == 1
    pending = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert upload in [each["UploadId"] for each in pending]
    s3.abort_multipart_upload(Bucket=BUCKET, Key="b/aborted", UploadId=upload)
    refused("NoSuchUpload", s3.list_parts, Key="b/aborted", UploadId=upload)


def lists_and_deletion():
    names = ["l/a b", "l/c+d", "l/e&f", "l/\u00e9", "l/sub/1", "l/sub/2", "l/z"]
    for name in names:
        s3.put_object(Bucket=BUCKET, Key=name, Body=b"x")
    for operation in ["list_objects", "list_objects_v2"]:
        pages = s3.get_paginator(operation).paginate(
            Bucket=BUCKET, Prefix="l/", Delimiter="/", PaginationConfig={"PageSize": 2}
        )
        keys, prefixes = [], []
        for page in pages:
            keys += [each["Key"] for each in page.get("Contents", [])]
            prefixes += [each["Prefix"] for each in page.get("CommonPrefixes", [])]
        expected = sorted(name for name in names if "/sub/" not in name)
        assert sorted(keys) == expected and prefixes == ["l/sub/"], (operation, keys, prefixes)
    delete = {"Objects": [{"Key": name} for name in names], "Quiet": True}
    assert "Deleted" not in s3.delete_objects(Bucket=BUCKET, Delete=delete)
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="l/")["KeyCount"] == 0


def parallel():
    """Threads write and read one key each, and race for one more."""

    def work(number):
        body = bytes([number]) * 100_000
        for _ in range(5):
            s3.put_object(Bucket=BUCKET, Key=f"p/{number}", Body=body)
            assert read(f"p/{number}") == body
        try:
            s3.put_object(Bucket=BUCKET, Key="p/race", Body=body, IfNoneMatch="*")
            return 1
        except ClientError as error:
            assert error.response["Error"]["Code"] == "PreconditionFailed", error
            return 0

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(work, range(16))) == 1


if sys.argv[1:] == ["parallel"]:
    parallel()
else:
    objects_and_conditions()
    checksums_and_parts()
    lists_and_deletion()
