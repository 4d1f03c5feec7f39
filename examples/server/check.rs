//! `--check`: whether a server with the same settings is ready, for whoever has no other program to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{WebPkiSupportedAlgorithms, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use crate::args::Args;
use crate::{Failure, failed};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most of an answer that is read.
const ANSWER: u64 = 64 * 1024;

pub(crate) async fn check(args: &Args) -> Result<(), Failure> {
    let addr = reachable(args.addr);
    match tokio::time::timeout(PATIENCE, ask(args, addr)).await {
        Ok(answer) => {
            let answer = answer.map_err(|error| failed(format!("the server at {addr}"), error))?;
            let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
            match head.split(' ').nth(1) {
                Some("200") => {
                    println!("{body}");
                    Ok(())
                }
                _ => Err(format!("the server at {addr} is not ready: {body}").into()),
            }
        }
        Err(_) => Err(format!("the server at {addr} does not answer").into()),
    }
}

/// A server on all addresses is asked on this machine.
fn reachable(mut addr: SocketAddr) -> SocketAddr {
    match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => addr.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => addr.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    addr
}

async fn ask(args: &Args, addr: SocketAddr) -> Result<String, Failure> {
    let stream = TcpStream::connect(addr).await?;
    let Some(cert) = &args.tls_cert else { return get(stream).await };
    let expected = CertificateDer::from_pem_file(cert).map_err(|error| failed(cert.display(), error))?;
    let provider = Arc::new(ring::default_provider());
    let verifier = Pinned { expected, algorithms: provider.signature_verification_algorithms };
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config =
        config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    get(TlsConnector::from(Arc::new(config)).connect(addr.ip().into(), stream).await?).await
}

async fn get<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> Result<String, Failure> {
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    stream.take(ANSWER).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Accepts the certificate of the settings and no other, whatever name it is for: it is asked by its address.
#[derive(Debug)]
struct Pinned {
    expected: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        cert: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *cert == self.expected {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        tokio_rustls::rustls::crypto::verify_tls12_signature(message, cert, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        tokio_rustls::rustls::crypto::verify_tls13_signature(message, cert, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
