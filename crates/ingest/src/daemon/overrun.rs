//! Datagrams that the operating system dropped because the socket's buffer was full.
//!
//! Linux tells of them in `/proc/net/udp`, in the last column. Where that cannot be read, none are counted.

use std::net::{IpAddr, SocketAddr};

#[derive(Debug)]
pub(super) struct Overrun {
    /// As the table spells it.
    local: String,
    table: &'static str,
    counted: u64,
}

impl Overrun {
    pub(super) fn of(address: SocketAddr) -> Self {
        let (table, ip) = match address.ip() {
            IpAddr::V4(ip) => ("/proc/net/udp", hex(&[u32::from_ne_bytes(ip.octets())])),
            IpAddr::V6(ip) => {
                let octets = ip.octets();
                let (words, _) = octets.as_chunks::<4>();
                let words: Vec<u32> = words.iter().map(|word| u32::from_ne_bytes(*word)).collect();
                ("/proc/net/udp6", hex(&words))
            }
        };
        Self {
            local: format!("{ip}:{:04X}", address.port()),
            table,
            counted: 0,
        }
    }

    /// How many were dropped since this was asked last.
    pub(super) fn since_last(&mut self) -> u64 {
        let Ok(table) = std::fs::read_to_string(self.table) else {
            return 0;
        };
        let dropped = dropped(&table, &self.local).unwrap_or(self.counted);
        let since = dropped.saturating_sub(self.counted);
        self.counted = dropped;
        since
    }
}

fn hex(words: &[u32]) -> String {
    words.iter().map(|word| format!("{word:08X}")).collect()
}

/// The last column of the socket's line.
fn dropped(table: &str, local: &str) -> Option<u64> {
    let line = table
        .lines()
        .find(|line| line.split_whitespace().nth(1) == Some(local))?;
    line.split_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  104: 0100007F:07D0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 19275 2 0000000000000000 17
";

    #[test]
    fn the_last_column_counts() {
        let overrun = Overrun::of("127.0.0.1:2000".parse().unwrap());
        assert_eq!(dropped(TABLE, &overrun.local), Some(17));
        let other = Overrun::of("127.0.0.1:2001".parse().unwrap());
        assert_eq!(dropped(TABLE, &other.local), None);
    }
}
