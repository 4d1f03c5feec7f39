//! The keys: given, or made for development and kept beside the database.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chat_core::auth::{DevTokens, JwtAuth, JwtKey};
use sha2::{Digest, Sha256};

use crate::args::Args;
use crate::{Failure, failed};

/// Who is let in, and who makes tokens in development mode.
pub(crate) struct Keys {
    pub(crate) authenticator: JwtAuth,
    pub(crate) dev_tokens: Option<DevTokens>,
    /// What links to files are signed with: the same on all nodes with one secret. With a public key alone, each node
    /// has its own.
    pub(crate) link_key: Option<[u8; 32]>,
}

impl Keys {
    pub(crate) fn load(args: &Args) -> Result<Self, Failure> {
        let secret = args.jwt_secret_file.as_deref().map(read_secret).transpose()?;
        let pem = args.jwt_public_key.as_deref().map(|path| {
            let pem =
                fs::read(path).map_err(|error| failed(format!("cannot read {}", path.display()), error))?;
            JwtAuth::public_pem(&pem).map_err(|error| failed(path.display(), error))
        });
        let pem = pem.transpose()?;
        let given = secret.clone();
        let dev_secret = match (&secret, args.is_dev()) {
            (_, false) => None,
            (Some(secret), true) => Some(secret.clone()),
            (None, true) => Some(standing_secret(args)?),
        };
        let authenticator = match (pem, secret.or_else(|| dev_secret.clone())) {
            (Some(pem), None) => pem,
            (Some(pem), Some(dev)) => pem.with_key(JwtKey::hs256(&dev)?)?,
            (None, Some(secret)) => JwtAuth::hs256(&secret)?,
            (None, None) => return Err("no key".into()),
        };
        let link_key = given.or_else(|| dev_secret.clone()).as_deref().map(link_key);
        let dev_tokens = dev_secret.map(DevTokens::new).transpose()?;
        Ok(Self { authenticator, dev_tokens, link_key })
    }
}

/// Another key than the secret, which tells nothing of it.
fn link_key(secret: &[u8]) -> [u8; 32] {
    Sha256::new_with_prefix("chat-core's example server: links to files")
        .chain_update(secret)
        .finalize()
        .into()
}

fn read_secret(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut secret =
        fs::read(path).map_err(|error| failed(format!("cannot read {}", path.display()), error))?;
    if secret.last() == Some(&b'\n') {
        secret.pop();
    }
    if secret.len() < 32 {
        let found = secret.len();
        return Err(format!("{}: the secret must have at least 32 bytes, not {found}", path.display()).into());
    }
    Ok(secret)
}

/// The development key beside the database, made at the first start, so that a restart logs nobody out.
/// That of a database which is no file stands in the working directory.
fn standing_secret(args: &Args) -> Result<Vec<u8>, Failure> {
    let mut made = [0; 32];
    getrandom::fill(&mut made).map_err(|error| failed("no random bytes", error))?;
    if args.db == "memory" {
        return Ok(made.to_vec());
    }
    let path = PathBuf::from(match args.is_postgres() {
        true => "chat.dev-key".to_owned(),
        false => format!("{}.dev-key", args.db),
    });
    // Written elsewhere first: whoever finds it finds it whole, whatever happens meanwhile.
    let draft = path.with_extension(format!("dev-key.{}", std::process::id()));
    let cannot_make = |error| failed(format!("cannot make {}", path.display()), error);
    let written = create_private(&draft).and_then(|mut file| {
        file.write_all(&made)?;
        file.sync_all()
    });
    let placed = written.and_then(|()| fs::hard_link(&draft, &path));
    // It has another name now, or was never needed.
    let _ = fs::remove_file(&draft);
    match placed {
        Ok(()) => Ok(made.to_vec()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_secret_bytes(&path),
        Err(error) => Err(cannot_make(error)),
    }
}

fn read_secret_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let secret = fs::read(path).map_err(|error| failed(format!("cannot read {}", path.display()), error))?;
    if secret.len() != 32 {
        return Err(format!("{} is no development key: remove it to have one made", path.display()).into());
    }
    Ok(secret)
}

/// A new file that nobody else can read.
fn create_private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
