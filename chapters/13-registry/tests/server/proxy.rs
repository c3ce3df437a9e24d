//! A proxy that is told for each request what to do to it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What is done to a request.
pub enum Act {
    /// It goes through.
    Pass,
    /// The connection is closed after so many bytes of the body.
    Cut(usize),
    /// Nothing more comes after so many bytes of the body.
    Stall(usize),
    /// This byte of the body is another one.
    Flip(usize),
    /// The registry is not told from which byte on.
    NoRange,
    /// Status line, headers and body, instead of the registry's.
    Answer(String),
}

/// A request as it came.
#[derive(Clone)]
pub struct Request {
    pub path: String,
    pub head: String,
    /// How many came before it.
    pub number: usize,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let is = |line: &&str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
        self.head.lines().find(is).and_then(|line| line.split_once(": ")).map(|(_, value)| value.trim())
    }

    pub fn is_blob(&self) -> bool {
        self.path.contains("/blobs/")
    }
}

/// A running proxy; it ends when it is dropped.
pub struct Proxy {
    pub address: String,
    seen: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Stands before `upstream`, and does with each request what `rule` says.
    pub fn before(upstream: &str, rule: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let shared = (seen.clone(), stop.clone(), Arc::new(rule), upstream.to_string());
        let thread = std::thread::spawn(move || {
            let (seen, stop, rule, upstream) = shared;
            let mut serving = Vec::new();
            for client in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let (client, seen, stop, rule, upstream) =
                    (client.unwrap(), seen.clone(), stop.clone(), rule.clone(), upstream.clone());
                serving.push(std::thread::spawn(move || {
                    let _ = serve(client, &upstream, &seen, &stop, &*rule); // the client may go at any time
                }));
            }
            serving.into_iter().for_each(|one| drop(one.join()));
        });
        Proxy { address, seen, stop, thread: Some(thread) }
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address); // wakes it up
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(
    mut client: TcpStream,
    upstream: &str,
    seen: &Mutex<Vec<Request>>,
    stop: &AtomicBool,
    rule: &dyn Fn(&Request) -> Act,
) -> std::io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(20)))?;
    let head = head(&mut client)?;
    let path = head.split(' ').nth(1).unwrap_or_default().to_string();
    let request = {
        let mut seen = seen.lock().unwrap();
        let request = Request { path, head, number: seen.len() };
        seen.push(request.clone());
        request
    };
    let act = rule(&request);
    if let Act::Answer(answer) = &act {
        return client.write_all(answer.as_bytes());
    }
    let mut server = TcpStream::connect(upstream)?;
    for line in request.head.lines().filter(|line| !line.is_empty()) {
        let dropped = matches!(act, Act::NoRange) && line.to_lowercase().starts_with("range:");
        if !dropped {
            server.write_all(format!("{line}\r\n").as_bytes())?;
        }
    }
    server.write_all(b"Connection: close\r\n\r\n")?;
    let answer = self::head(&mut server)?;
    client.write_all(answer.as_bytes())?;
    body(&mut server, &mut client, &act, stop)
}

fn body(server: &mut TcpStream, client: &mut TcpStream, act: &Act, stop: &AtomicBool) -> std::io::Result<()> {
    let (mut block, mut at) = ([0; 8192], 0);
    loop {
        let most = match act {
            Act::Cut(most) | Act::Stall(most) => (most - at).min(block.len()),
            _ => block.len(),
        };
        let read = server.read(&mut block[..most])?;
        if let Act::Flip(flip) = act
            && (at..at + read).contains(flip)
        {
            block[flip - at] ^= 1;
        }
        client.write_all(&block[..read])?;
        at += read;
        if read == 0 {
            while matches!(act, Act::Stall(_)) && !stop.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            return Ok(());
        }
    }
}

fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
