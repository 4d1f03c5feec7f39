//! Servers, and the login that their URLs hold.

use async_nats::{ConnectOptions, ServerAddr};
use percent_encoding::percent_decode_str;

use super::error::NatsError;

/// Addresses without a login, for the client logs them, and the login beside them.
pub(super) struct Servers {
    addrs: Vec<ServerAddr>,
    login: Option<Login>,
}

#[derive(Clone, PartialEq, Eq)]
enum Login {
    User(String, String),
    Token(String),
}

impl Servers {
    pub(super) fn parse(urls: &[String]) -> Result<Self, NatsError> {
        let mut servers = Self { addrs: Vec::new(), login: None };
        for url in urls {
            let addr: ServerAddr = url.parse().map_err(NatsError::Url)?;
            let login = Login::of(&addr);
            if servers.login.is_some() && login.is_some() && servers.login != login {
                return Err(NatsError::Logins);
            }
            servers.login = servers.login.or(login);
            servers.addrs.push(without_login(addr)?);
        }
        if servers.addrs.is_empty() { Err(NatsError::NoServer) } else { Ok(servers) }
    }

    pub(super) fn addrs(&self) -> &[ServerAddr] {
        &self.addrs
    }

    pub(super) fn login(&self, options: ConnectOptions) -> ConnectOptions {
        match self.login.clone() {
            Some(Login::User(name, password)) => options.user_and_password(name, password),
            Some(Login::Token(token)) => options.token(token),
            None => options,
        }
    }
}

impl Login {
    fn of(addr: &ServerAddr) -> Option<Self> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let name = decoded(addr.username()?);
        Some(match addr.password() {
            Some(password) => Self::User(name, decoded(password)),
            None => Self::Token(name),
        })
    }
}

fn without_login(addr: ServerAddr) -> Result<ServerAddr, NatsError> {
    let no_host = || NatsError::Url(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it has no host"));
    if addr.host().is_empty() {
        return Err(no_host());
    }
    // The client has no WebSocket here.
    if addr.is_websocket() {
        let reason = "it is one of NATS over WebSocket";
        return Err(NatsError::Url(std::io::Error::new(std::io::ErrorKind::InvalidInput, reason)));
    }
    let mut url = addr.into_inner();
    url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| no_host())?;
    ServerAddr::from_url(url).map_err(NatsError::Url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(urls: &[&str]) -> Result<Servers, NatsError> {
        Servers::parse(&urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_login_is_taken_out_of_the_url_and_holds_for_all_servers() {
        let servers = parse(&["nats://one", "tls://ana:p%40ss@two:4333", "three"]).ok().unwrap();
        assert!(servers.login == Some(Login::User("ana".into(), "p@ss".into())));
        let addrs: Vec<_> = servers.addrs.iter().map(ServerAddr::as_url_str).collect();
        assert_eq!(addrs, ["nats://one", "tls://two:4333", "nats://three"]);

        let servers = parse(&["nats://s3cret@one"]).ok().unwrap();
        assert!(servers.login == Some(Login::Token("s3cret".into())));
    }

    #[test]
    fn what_is_no_server_is_refused() {
        assert!(matches!(parse(&[]), Err(NatsError::NoServer)));
        let logins = parse(&["nats://ana:one@host", "nats://ana:two@host"]);
        assert!(matches!(logins, Err(NatsError::Logins)));
        for url in ["", "http://host", "nats://host:port", "nats://", "ws://host", "nats://[::1"] {
            assert!(matches!(parse(&[url]), Err(NatsError::Url(_))), "{url}");
        }
    }
}
