//! A line to a registry that can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// Passes everything on to another address on loopback, until it is told to behave badly.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    line: Arc<Line>,
}

#[derive(Debug)]
struct Line {
    to: String,
    /// How many bytes may come back on one connection.
    most: AtomicU64,
    /// How many connections are still cut there; the others are not.
    cuts: AtomicU64,
    closed: AtomicBool,
    connections: AtomicU64,
}

impl Proxy {
    /// A good line to `to`.
    pub fn start(to: impl Into<String>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::new(Line {
            to: to.into(),
            most: AtomicU64::new(u64::MAX),
            cuts: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            connections: AtomicU64::new(0),
        });
        let shared = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.closed.load(Ordering::SeqCst) {
                    return; // and the listener is closed: the next one is refused
                }
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let line = Arc::clone(&shared);
                thread::spawn(move || line.carry(client));
            }
        });
        Proxy { address, line }
    }

    /// Its address, to be used instead of the registry's.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Cuts the next `times` connections that carry more than `most` bytes back.
    pub fn cut_after(&self, most: u64, times: u64) {
        self.line.most.store(most, Ordering::SeqCst);
        self.line.cuts.store(times, Ordering::SeqCst);
    }

    /// How many connections there were.
    pub fn connections(&self) -> u64 {
        self.line.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.closed.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address); // wakes the thread that accepts
    }
}

impl Line {
    fn carry(&self, client: TcpStream) {
        let Ok(server) = TcpStream::connect(&self.to) else { return };
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
        let _ = self.back(&server, &client);
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    }

    fn back(&self, mut server: &TcpStream, mut client: &TcpStream) -> std::io::Result<()> {
        let mut carried = 0;
        let mut piece = [0; 16 * 1024];
        loop {
            let length = server.read(&mut piece)?;
            if length == 0 {
                return Ok(());
            }
            carried += length as u64;
            let take = |cuts: u64| cuts.checked_sub(1);
            if carried > self.most.load(Ordering::SeqCst)
                && self.cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
            {
                return Ok(());
            }
            client.write_all(&piece[..length])?;
        }
    }
}
