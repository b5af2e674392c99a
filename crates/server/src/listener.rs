//! Opening the addresses that settings name, with errors that say which setting to change.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use tokio::net::TcpListener;

/// Why an address could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Somebody listens there already.
    #[error(
        "{address} is taken by another process: set {key} to another address (--{flag} ADDRESS, port 0 takes a free one), \
         or stop that process",
        flag = key.replace('_', "-")
    )]
    InUse {
        /// The setting.
        key: &'static str,
        /// Its address.
        address: SocketAddr,
    },
    /// The system does not let us.
    #[error("failed to listen at {address} ({key})")]
    Refused {
        /// The setting.
        key: &'static str,
        /// Its address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// How often a pair of sockets on one free port is tried before giving up: the UDP port may be taken where TCP's is free.
const PAIR_ATTEMPTS: usize = 32;

/// Listens at `address`, the value of the setting `key`.
pub(crate) async fn tcp(
    key: &'static str,
    address: SocketAddr,
) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| ListenError::new(key, address, error))
}

/// TCP and UDP on one port, the value of the setting `key`; with port 0 a port that is free for both.
pub(crate) async fn tcp_and_udp(
    key: &'static str,
    address: SocketAddr,
) -> Result<(TcpListener, UdpSocket), ListenError> {
    pair(address)
        .await
        .map_err(|error| ListenError::new(key, address, error))
}

/// TCP and UDP on one port; with port 0 a port that is free for both.
pub(crate) async fn pair(address: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    let attempts = if address.port() == 0 {
        PAIR_ATTEMPTS
    } else {
        1
    };
    let mut last = None;
    for _ in 0..attempts {
        let tcp = TcpListener::bind(address).await?;
        match UdpSocket::bind(tcp.local_addr()?) {
            Ok(udp) => return Ok((tcp, udp)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::from(io::ErrorKind::AddrInUse)))
}

// === impl ListenError ===

impl ListenError {
    fn new(key: &'static str, address: SocketAddr, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AddrInUse {
            return Self::InUse { key, address };
        }
        Self::Refused {
            key,
            address,
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_names_the_setting() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let first = tcp("listen", any).await.unwrap();
        let taken = first.local_addr().unwrap();
        let error = tcp("listen", taken).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("{taken} is taken")), "{error}");
        assert!(error.contains("--listen"), "{error}");
    }

    #[tokio::test]
    async fn a_pair_shares_its_port() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (tcp, udp) = tcp_and_udp("daemon", any).await.unwrap();
        assert_eq!(tcp.local_addr().unwrap(), udp.local_addr().unwrap());
    }
}
