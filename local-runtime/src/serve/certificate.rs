//! The certificate of the server, which follows its files: a new connection gets the newest one that can
//! be used, and older connections go on.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::Result;
use tokio_rustls::rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::certificate_files::{self, Stamp};
use crate::config::TlsFiles;

/// How often the server looks at the files. They are loaded when they have not changed since the look
/// before: then both are written.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The certificate that new connections get.
#[derive(Debug)]
pub(super) struct Certificate {
    files: TlsFiles,
    /// The files that were loaded last, or that could not be.
    stamp: Stamp,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Loads the files, and logs what is to be warned of.
    pub(super) fn load(files: &TlsFiles) -> Result<Arc<Self>> {
        let (files, stamp) = (files.clone(), Stamp::of(files));
        let current = RwLock::new(Arc::new(load(&files)?));
        Ok(Arc::new(Self { files, stamp, current }))
    }

    /// The name of the current one in the data folder, by which clients on this machine know it.
    pub(super) fn hash(&self) -> String {
        let current = self.current();
        let certificate = current.end_entity_cert();
        certificate
            .map_or_else(|_| String::new(), |it| publisher::data_folder::certificate_hash(it))
    }

    fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Loads the files again whenever they have changed, and then calls `changed`. Files that cannot be used
    /// are logged, and change nothing.
    pub(super) async fn follow(self: Arc<Self>, changed: impl Fn(&Self)) {
        let (mut loaded, mut seen) = (self.stamp.clone(), None);
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let now = Stamp::of(&self.files);
            let is_settled = seen.as_ref() == Some(&now);
            seen = Some(now.clone());
            if now == loaded || !is_settled {
                continue;
            }
            loaded = now;
            match load(&self.files) {
                Ok(new) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                    changed(&self);
                    tracing::info!("new connections get the new certificate of tls_cert");
                }
                Err(error) => tracing::error!(
                    error = format!("{error:#}"),
                    "the new certificate cannot be used; new connections get the old one"
                ),
            }
        }
    }
}

fn load(files: &TlsFiles) -> Result<CertifiedKey> {
    let loaded = certificate_files::load(files)?;
    for warning in loaded.warnings {
        tracing::warn!("{warning}");
    }
    Ok(loaded.key)
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use ::tests::tls_front::fixture;
    use tokio::sync::mpsc;

    use super::*;

    /// In one step, as those do who renew certificates.
    fn replace(path: &Path, bytes: &[u8]) {
        let new = path.with_extension("new");
        fs::write(&new, bytes).unwrap();
        fs::rename(new, path).unwrap();
    }

    #[tokio::test]
    async fn changed_files_are_loaded_and_broken_ones_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("certificate.pem");
        fs::copy(fixture("server.pem"), &path).unwrap();
        let files = TlsFiles { certificate: path.clone(), key: fixture("server.key") };
        let certificate = Certificate::load(&files).unwrap();
        let first = certificate.hash();
        let (send, mut changes) = mpsc::unbounded_channel();
        let tell = move |certificate: &Certificate| send.send(certificate.hash()).unwrap();
        tokio::spawn(Arc::clone(&certificate).follow(tell));
        replace(&path, b"broken");
        // Long enough for it to be looked at twice.
        tokio::time::sleep(LOOK_INTERVAL * 4).await;
        assert!(changes.try_recv().is_err() && certificate.hash() == first);
        replace(&path, &fs::read(fixture("other-name.pem")).unwrap());
        let second = changes.recv().await.unwrap();
        assert!(second != first && certificate.hash() == second);
        replace(&path, &fs::read(fixture("server.pem")).unwrap());
        assert_eq!(changes.recv().await.unwrap(), first);
    }
}
