//! Datagrams over real sockets.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::packet::{PacketFault, document};
use super::*;
use crate::IngestSettings;
use crate::sink::Door;
use crate::tests::{Bench, segment, trace};

const HEADER: &str = "{\"format\":\"json\",\"version\":1}\n";

fn source(client: &str) -> Source {
    Source {
        door: Door::Daemon,
        client: client.to_owned(),
    }
}

fn daemon(bench: &Bench, client: &str, gate: Gate) -> UdpDaemon {
    let any = "127.0.0.1:0".parse().unwrap();
    UdpDaemon::bind(Arc::clone(&bench.ingest), any, source(client), gate).unwrap()
}

fn send(daemon: &UdpDaemon, datagram: &str) {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let sent = socket
        .send_to(datagram.as_bytes(), daemon.address())
        .unwrap();
    assert_eq!(sent, datagram.len());
}

#[test]
fn the_header_is_read_as_the_daemon_reads_it() {
    let good = [
        "{\"format\":\"json\",\"version\":1}\n{}",
        "{ \"version\" : 1, \"format\" : \"JSON\" }\n{}",
        "{\"format\":\"js\\u006fn\",\"version\":1,\"more\":true}\r\n{}",
    ];
    for packet in good {
        assert_eq!(document(packet.as_bytes()), Ok(&b"{}"[..]), "{packet}");
    }
    let bad = [
        ("", PacketFault::NoHeader),
        (
            "{\"format\":\"json\",\"version\":1}{}",
            PacketFault::NoHeader,
        ),
        (
            "{\"format\":\"json\",\"version\":2}\n{}",
            PacketFault::BadHeader,
        ),
        (
            "{\"format\":\"cbor\",\"version\":1}\n{}",
            PacketFault::BadHeader,
        ),
        ("{\"version\":1}\n{}", PacketFault::BadHeader),
        ("\n{}", PacketFault::BadHeader),
        ("{\"format\":\"json\",\"version\":1}\n", PacketFault::Empty),
        (
            "{\"format\":\"json\",\"version\":1}\n \n",
            PacketFault::Empty,
        ),
    ];
    for (packet, fault) in bad {
        assert_eq!(document(packet.as_bytes()), Err(fault), "{packet}");
    }
}

#[tokio::test]
async fn datagrams_become_traces_and_the_rest_is_counted() {
    let bench = Bench::new(IngestSettings::default());
    let daemon = daemon(&bench, "", Arc::new(|| Ok(())));
    for number in 0..200 {
        send(&daemon, &format!("{HEADER}{}", segment(number)));
    }
    send(&daemon, "no header");
    send(&daemon, &format!("{HEADER}not json"));
    daemon.drained().await;
    let sender = source("127.0.0.1");
    assert_eq!(bench.hot.held().traces, 200);
    assert_eq!(bench.count(&sender, Cause::Received), 202);
    let fault = Cause::BadPacket(PacketFault::NoHeader);
    assert_eq!(bench.count(&sender, fault), 1);
}

#[tokio::test]
async fn draining_ends_while_datagrams_go_on_coming() {
    const ENOUGH: usize = 5_000;
    let bench = Bench::new(IngestSettings::default());
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    // Each turn finds more than it takes; up to a number, so that this can fail and not hang.
    let gate: Gate = Arc::new(move || {
        if counted.fetch_add(1, Ordering::SeqCst) < ENOUGH {
            for _ in 0..=A_TURN {
                sender.send_to(b"x", address).unwrap();
            }
        }
        Ok(())
    });
    let daemon = UdpDaemon::on(Arc::clone(&bench.ingest), socket, source("much"), gate).unwrap();
    daemon.drained().await;
    let turns = turns.load(Ordering::SeqCst);
    assert!(turns < ENOUGH, "{turns}");
}

#[tokio::test]
async fn the_largest_datagram_is_taken() {
    let bench = Bench::new(IngestSettings::default());
    let daemon = daemon(&bench, "big", Arc::new(|| Ok(())));
    let filler = "x".repeat(65_507 - HEADER.len() - segment(1).len() - r#","user":"""#.len());
    let document = segment(1).replace('}', &format!(r#","user":"{filler}"}}"#));
    let datagram = format!("{HEADER}{document}");
    assert_eq!(datagram.len(), 65_507);
    send(&daemon, &datagram);
    daemon.drained().await;
    assert!(bench.hot.by_id(trace(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn the_gate_decides_at_each_moment() {
    let bench = Bench::new(IngestSettings::default());
    let allowed = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&allowed);
    let gate: Gate = Arc::new(move || {
        let allowed = asked.load(Ordering::SeqCst);
        allowed
            .then_some(())
            .ok_or_else(|| "no right to write".to_owned())
    });
    let daemon = daemon(&bench, "orders", gate);
    send(&daemon, &format!("{HEADER}{}", segment(1)));
    daemon.drained().await;
    allowed.store(true, Ordering::SeqCst);
    send(&daemon, &format!("{HEADER}{}", segment(2)));
    daemon.drained().await;
    assert!(bench.hot.by_id(trace(1)).await.unwrap().is_none());
    assert!(bench.hot.by_id(trace(2)).await.unwrap().is_some());
    assert_eq!(bench.count(&source("orders"), Cause::NotAllowed), 1);
}

#[tokio::test]
async fn an_address_in_use_is_an_error() {
    let bench = Bench::new(IngestSettings::default());
    let daemon = daemon(&bench, "", Arc::new(|| Ok(())));
    let again = UdpDaemon::bind(
        Arc::clone(&bench.ingest),
        daemon.address(),
        source(""),
        Arc::new(|| Ok(())),
    );
    assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AddrInUse);
}
