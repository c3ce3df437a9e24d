//! A layer as a stream that survives its connections.

use crate::client::{Answer, Client, Failure, reason};
use crate::progress::{Event, Progress, Step};
use images::manifest::Descriptor;
use shared::Error;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use ureq::http::StatusCode;

/// After so many bytes, what failed before counts no more: the line is good.
const GOOD: u64 = 1 << 20;
/// A server that gives less than this in a second is as good as silent.
const SLOWEST: u64 = 1024;
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Reads a blob from the first byte to the last, over as many connections as that takes.
pub struct Blob<'a> {
    client: &'a Client<'a>,
    blob: &'a Descriptor,
    progress: &'a dyn Progress,
    /// Set when another layer has failed: then this one is of no use.
    stop: &'a AtomicBool,
    body: Option<Box<dyn Read + Send>>,
    at: u64,
    failures: u32,
    failed_at: u64,
    window: (Instant, u64),
}

impl<'a> Blob<'a> {
    /// Prepares to read; the connection is made by the first read.
    pub fn new(
        client: &'a Client,
        blob: &'a Descriptor,
        progress: &'a dyn Progress,
        stop: &'a AtomicBool,
    ) -> Blob<'a> {
        let window = (Instant::now(), 0);
        Blob { client, blob, progress, stop, body: None, at: 0, failures: 0, failed_at: 0, window }
    }

    fn open(&mut self) -> Answer<()> {
        let from = (self.at > 0).then_some(self.at);
        let response = self.client.get(&format!("blobs/{}", self.blob.digest), "*/*", from, None)?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let wanted = format!("bytes {}-", self.at);
        let part = response.status() == StatusCode::PARTIAL_CONTENT;
        if part && !header("content-range").is_some_and(|range| range.starts_with(&wanted)) {
            return Err(Error::refused("the registry gave another part of it than was asked for").into());
        }
        let length = header("content-length").and_then(|length| length.parse::<u64>().ok());
        let due = if part { self.blob.size - self.at } else { self.blob.size };
        if let Some(length) = length.filter(|&length| length != due) {
            let why = format!("the registry gives {length} bytes; the manifest announces {due}");
            return Err(Error::refused(why)
                .next("the image is damaged in the registry: push it again")
                .into());
        }
        let mut body = response.into_body().into_reader();
        if !part && self.at > 0 {
            // The server knows no ranges: what is here already goes by again.
            let skipped = io::copy(&mut body.by_ref().take(self.at), &mut io::sink());
            if skipped.map_err(|error| self.client.broken(&reason(&error), true))? < self.at {
                return Err(self.client.broken("the connection was closed", true));
            }
        }
        self.window = (Instant::now(), self.at);
        self.body = Some(Box::new(body));
        Ok(())
    }

    /// One read, or the reason why there is none.
    fn step(&mut self, buffer: &mut [u8]) -> Answer<usize> {
        if self.body.is_none() {
            self.open()?;
        }
        let Some(body) = &mut self.body else { return Ok(0) };
        let most = usize::try_from(self.blob.size - self.at).unwrap_or(usize::MAX).min(buffer.len());
        let read = match body.read(&mut buffer[..most]) {
            Ok(0) => {
                let why = format!("the connection was closed after {} of {} bytes", self.at, self.blob.size);
                return Err(self.client.broken(&why, true));
            }
            Ok(read) => read as u64,
            Err(error) => return Err(self.client.broken(&reason(&error), true)),
        };
        self.at += read;
        let (since, from) = self.window;
        let stall = self.client.options().stall;
        if since.elapsed() > stall {
            if self.at - from < SLOWEST * stall.as_secs() {
                return Err(self.client.broken("it gives next to nothing", true));
            }
            self.window = (Instant::now(), self.at);
        }
        Ok(read as usize)
    }

    /// Waits before the next try, or says that there is none.
    fn again(&mut self, failure: Failure) -> io::Result<()> {
        self.body = None;
        if self.at - self.failed_at >= GOOD {
            self.failures = 0;
        }
        self.failed_at = self.at;
        if !failure.passing || self.failures >= self.client.options().retries {
            return Err(io::Error::other(failure.error));
        }
        let pause = self.client.options().pause * 2u32.saturating_pow(self.failures.min(16));
        self.failures += 1;
        self.tell(Step::Again(&failure.error.line()));
        let until = Instant::now() + pause.min(LONGEST_PAUSE);
        while Instant::now() < until && !self.stopped() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn tell(&self, step: Step) {
        self.progress.event(Event::Layer(self.blob.digest.short(), step));
    }
}

impl Read for Blob<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.stopped() {
                return Err(io::Error::other(Error::refused("another layer has failed")));
            }
            if self.at == self.blob.size || buffer.is_empty() {
                return Ok(0);
            }
            match self.step(buffer) {
                Ok(read) => {
                    self.tell(Step::Loaded(self.at));
                    return Ok(read);
                }
                Err(failure) => self.again(failure)?,
            }
        }
    }
}
