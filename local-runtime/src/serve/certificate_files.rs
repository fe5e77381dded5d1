//! Reads the certificate of the server and its key from their files, and says what is wrong with them.

use std::{
    fs::{self, File, Metadata},
    io::{self, ErrorKind, Read as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use tokio_rustls::rustls::{
    CertificateError, Error, RootCertStore,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject as _},
    server::ParsedCertificate,
    sign::CertifiedKey,
};

use crate::config::TlsFiles;

/// Bytes of each file: a chain of certificates has some kilobytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Permissions of everybody on a key.
const OTHERS: u32 = 0o007;

/// What the files hold.
#[derive(Debug)]
pub(super) struct LoadedCertificate {
    pub(super) key: CertifiedKey,
    /// What browsers or other users of this machine may make of it.
    pub(super) warnings: Vec<String>,
}

/// By what a changed file is known: of each file the time, size and number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp([Option<(i64, i64, u64, u64)>; 2]);

impl Stamp {
    /// That of the files as they are.
    pub(super) fn of(files: &TlsFiles) -> Self {
        let stamp = |metadata: Metadata| {
            (metadata.mtime(), metadata.mtime_nsec(), metadata.len(), metadata.ino())
        };
        Self([&files.certificate, &files.key].map(|path| fs::metadata(path).ok().map(stamp)))
    }
}

/// Reads both files.
pub(super) fn load(files: &TlsFiles) -> Result<LoadedCertificate> {
    let TlsFiles { certificate, key } = files;
    let chain = chain(certificate)
        .with_context(|| format!("tls_cert: the certificate {}", certificate.display()))?;
    let (private_key, is_open) =
        private_key(key).with_context(|| format!("tls_key: the key {}", key.display()))?;
    let mut warnings: Vec<_> = validity_fault(&chain, UnixTime::now()).into_iter().collect();
    if is_open {
        warnings.push(format!(
            "tls_key: every user of this machine can read {path}; run `chmod o-rwx {path}`",
            path = key.display()
        ));
    }
    let key = CertifiedKey::from_der(chain, private_key, &ring::default_provider());
    let key = key.map_err(|error| {
        if matches!(error, Error::InconsistentKeys(_)) {
            return anyhow!(
                "tls_key: the key {} is not that of the first certificate in {}: name the two \
                 files that were made together, and put the server's own certificate in front of \
                 those of its authorities",
                files.key.display(),
                certificate.display()
            );
        }
        anyhow!("tls_cert and tls_key cannot be used: {error}")
    })?;
    Ok(LoadedCertificate { key, warnings })
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let (pem, _) = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.context("is not a PEM file")?;
    let first = chain.first().context(
        "has no certificate: it is a PEM file that begins with -----BEGIN CERTIFICATE-----",
    )?;
    let parsed = ParsedCertificate::try_from(first);
    parsed.map_err(|error| anyhow!("has a first certificate that is damaged: {error}"))?;
    Ok(chain)
}

/// The key, and whether everybody can read its file.
fn private_key(path: &Path) -> Result<(PrivateKeyDer<'static>, bool)> {
    let (pem, metadata) = read(path)?;
    // The error would show a part of the file.
    let key = PrivateKeyDer::from_pem_slice(&pem).ok().context(
        "has no private key: it is a PEM file with -----BEGIN PRIVATE KEY-----, and has no \
         passphrase, which `openssl pkey` removes",
    )?;
    Ok((key, metadata.permissions().mode() & OTHERS != 0))
}

fn read(path: &Path) -> Result<(Vec<u8>, Metadata)> {
    let is_file = fs::metadata(path).map_err(unreadable)?.is_file();
    ensure!(is_file, "is not a regular file");
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata()?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).context("cannot be read")?;
    ensure!(bytes.len() as u64 <= FILE_BYTES_MAX, "has more than 1 MiB: name another file");
    Ok((bytes, metadata))
}

fn unreadable(error: io::Error) -> anyhow::Error {
    if error.kind() == ErrorKind::NotFound {
        return anyhow!("is missing: name a file that exists");
    }
    if error.kind() == ErrorKind::PermissionDenied {
        return anyhow!(
            "cannot be read: let the user that runs the server read it and open its folders"
        );
    }
    anyhow!("cannot be read: {error}")
}

/// Why browsers refuse the first certificate at this time, if its dates are the reason.
fn validity_fault(chain: &[CertificateDer<'_>], now: UnixTime) -> Option<String> {
    let parsed = ParsedCertificate::try_from(chain.first()?).ok()?;
    // The dates are checked first; who has signed it is the clients' matter.
    let algorithms = ring::default_provider().signature_verification_algorithms;
    let roots = RootCertStore::empty();
    let checked =
        verify_server_cert_signed_by_trust_anchor(&parsed, &roots, &[], now, algorithms.all);
    let Err(Error::InvalidCertificate(error)) = checked else { return None };
    let date =
        |time: UnixTime| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(time.as_secs()));
    let fault = if let CertificateError::ExpiredContext { not_after, .. } = error {
        format!("has expired on {}: renew it", date(not_after))
    } else if let CertificateError::NotValidYetContext { not_before, .. } = error {
        format!("is not valid before {}: check the clock of this machine", date(not_before))
    } else {
        return None;
    };
    Some(format!("tls_cert: the certificate {fault}; browsers refuse it"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn fixture(name: &str) -> PathBuf {
        ::tests::tls_front::fixture(name)
    }

    fn files(certificate: PathBuf, key: PathBuf) -> TlsFiles {
        TlsFiles { certificate, key }
    }

    fn error(certificate: PathBuf, key: PathBuf) -> String {
        format!("{:#}", load(&files(certificate, key)).unwrap_err())
    }

    #[test]
    fn dates_of_a_certificate_are_warned_of() {
        let warnings = |name| {
            let loaded = load(&files(fixture(name), fixture("server.key"))).unwrap();
            loaded.warnings.into_iter().filter(|one| one.contains("tls_cert")).collect::<Vec<_>>()
        };
        assert_eq!(warnings("server.pem"), [""; 0]);
        let expired = warnings("expired.pem").join("");
        assert!(expired.contains("has expired on Fri, 01 Jan 2021 00:00:00 GMT"), "{expired}");
        let chain = [CertificateDer::from_pem_file(fixture("server.pem")).unwrap()];
        let early = validity_fault(&chain, UnixTime::since_unix_epoch(Duration::ZERO)).unwrap();
        assert!(early.contains("not valid before Wed, 01 Jan 2020"), "{early}");
    }

    #[test]
    fn key_that_everybody_can_read_is_warned_of() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key.pem");
        fs::copy(fixture("server.key"), &key).unwrap();
        let warnings = |mode| {
            fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
            load(&files(fixture("server.pem"), key.clone())).unwrap().warnings
        };
        assert!(warnings(0o600).is_empty() && warnings(0o640).is_empty());
        assert!(warnings(0o644).join("").contains("chmod o-rwx"));
    }

    #[test]
    fn files_that_cannot_be_used_are_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("empty"), "").unwrap();
        fs::write(
            path("damaged"),
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        )
        .unwrap();
        fs::write(path("huge"), vec![b'\n'; (1 << 20) + 1]).unwrap();
        let (good, key) = (fixture("server.pem"), fixture("server.key"));
        for (certificate, key, expected) in [
            (path("absent"), key.clone(), "absent: is missing: name a file"),
            (folder.path().to_owned(), key.clone(), "is not a regular file"),
            (path("empty"), key.clone(), "empty: has no certificate"),
            (path("damaged"), key.clone(), "first certificate that is damaged"),
            (path("huge"), key.clone(), "more than 1 MiB"),
            (good.clone(), path("absent"), "tls_key: the key"),
            (good.clone(), good.clone(), "has no private key"),
            (fixture("ca.pem"), key, "is not that of the first certificate"),
        ] {
            let error = error(certificate, key);
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}
