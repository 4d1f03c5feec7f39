//! Certificates: read at the start, and again when the process is told so.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::args::Args;
use crate::{Failure, failed};

/// How long a client may take for the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// What new connections begin with. Those that stand keep what they began with.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    cert: PathBuf,
    key: PathBuf,
    // A lock of no runtime: nothing is awaited under it.
    holds: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Tls {
    /// What the command line asks for, if it does.
    pub(crate) fn load(args: &Args) -> Result<Option<Self>, Failure> {
        let (Some(cert), Some(key)) = (args.tls_cert.clone(), args.tls_key.clone()) else { return Ok(None) };
        let holds = Arc::new(RwLock::new(Arc::new(read(&cert, &key)?)));
        Ok(Some(Self { cert, key, holds }))
    }

    /// Reads the files again. What is wrong with them ends nothing: the old ones hold on.
    pub(crate) async fn renew(&self) {
        let (cert, key) = (self.cert.clone(), self.key.clone());
        match tokio::task::spawn_blocking(move || read(&cert, &key)).await {
            Ok(Ok(config)) => {
                *self.holds.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                eprintln!("the certificate was read again");
            }
            Ok(Err(error)) => eprintln!("warning: the certificate from before holds on: {error}"),
            Err(_) => {}
        }
    }

    /// Begins a connection. `None`: it is none of TLS, or took too long.
    pub(crate) async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let config = self.holds.read().unwrap_or_else(PoisonError::into_inner).clone();
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, TlsAcceptor::from(config).accept(stream)).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a handshake failed");
                None
            }
            Err(_) => {
                tracing::debug!("a handshake took too long");
                None
            }
        }
    }
}

fn read(cert: &Path, key: &Path) -> Result<ServerConfig, Failure> {
    let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| failed(cert.display(), error))?;
    if chain.is_empty() {
        return Err(failed(cert.display(), "there is no certificate in it"));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key.display(), error))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
    let mut config =
        builder.with_single_cert(chain, secret).map_err(|error| failed(cert.display(), error))?;
    // Whoever would rather speak HTTP/2 learns here that it does not.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
