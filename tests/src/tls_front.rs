//! A TLS server in front of a server on this machine, with certificates of `tests/fixtures/tls`.

use std::{
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::Arc,
    thread,
};

use anyhow::{Context as _, Result};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::process::workspace;

/// A file of the fixture, such as `ca.pem`.
pub fn fixture(name: &str) -> PathBuf {
    workspace().join("tests/fixtures/tls").join(name)
}

/// A running TLS server. Its threads end with the process.
#[derive(Debug)]
pub struct TlsFront {
    /// `https://127.0.0.1:port`.
    pub origin: String,
}

impl TlsFront {
    /// In front of the server at `authority`, which closes the connection after each response. `certificate`
    /// is a file of the fixture.
    pub fn start(authority: &str, certificate: &str) -> Result<Self> {
        let certificate = CertificateDer::from_pem_file(fixture(certificate))?;
        let key = PrivateKeyDer::from_pem_file(fixture("server.key"))?;
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let origin = format!("https://{}", listener.local_addr()?);
        let (config, authority) = (Arc::new(config), authority.to_owned());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (config, authority) = (Arc::clone(&config), authority.clone());
                // An error is a client that refuses the certificate, or went away.
                thread::spawn(move || drop(forward(client, config, &authority)));
            }
        });
        Ok(Self { origin })
    }
}

/// Passes one request and its response on.
fn forward(client: TcpStream, config: Arc<ServerConfig>, authority: &str) -> Result<()> {
    let mut client = StreamOwned::new(ServerConnection::new(config)?, client);
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    while !head.ends_with(b"\r\n\r\n") {
        let count = client.read(&mut buffer)?;
        head.extend_from_slice(
            buffer.get(..count).filter(|new| !new.is_empty()).context("no head")?,
        );
    }
    let mut server = TcpStream::connect(authority)?;
    server.write_all(&head)?;
    io::copy(&mut server, &mut client)?;
    client.conn.send_close_notify();
    Ok(client.flush()?)
}
