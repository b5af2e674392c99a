//! The cheapest HTTP server that a proxy can stand before: every request without a body gets the same small answer.
//!
//! A thread a connection, keep-alive, pipelining allowed. It reads heads by their empty line and ignores what they say,
//! so it is good for benchmarks on loopback and for nothing else. Prints its address, and runs until it is killed.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"answer\": true}";

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    for connection in listener.incoming() {
        let connection = connection?;
        std::thread::spawn(move || {
            // A client that goes away ends its connection, and nothing else.
            _ = serve(connection);
        });
    }
    Ok(())
}

fn serve(mut connection: TcpStream) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut buffer = [0; 16 * 1024];
    let mut newlines = 0;
    loop {
        let length = connection.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        for byte in &buffer[..length] {
            match byte {
                b'\n' => newlines += 1,
                b'\r' => {}
                _ => newlines = 0,
            }
            if newlines == 2 {
                newlines = 0;
                connection.write_all(ANSWER)?;
            }
        }
    }
}
