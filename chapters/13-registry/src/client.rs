//! Requests to one registry, for one repository.

use crate::auth::{Challenge, TokenAnswer};
use crate::credentials;
use crate::options::{Options, is_loopback};
use crate::url::{Origin, redirected};
use images::Reference;
use serde::Deserialize;
use shared::{Error, Result};
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use ureq::http::{Response, StatusCode, Uri};
use ureq::{Agent, Body};

/// Where docker.io's registry is: the name is older than the protocol.
const HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");
/// Redirections in a row. Registries need one, to where the bytes are kept.
const MOST_REDIRECTIONS: usize = 5;
/// How long a document of a few megabytes may take as a whole, for servers that give a byte a second.
const DOCUMENT_TIME: Duration = Duration::from_secs(120);
/// The longest answer of a token server, and the longest explanation of an error, in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;

/// A request that did not work.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: Error,
    /// Whether the reason may pass by itself.
    pub passing: bool,
    /// Whether there was no connection at all.
    pub unreachable: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, passing: false, unreachable: false }
    }
}

/// The result of a request.
pub type Answer<T> = std::result::Result<T, Failure>;

/// Talks to the registry of one reference.
pub struct Client<'a> {
    agent: Agent,
    options: &'a Options,
    registry: String,
    repository: String,
    base: Origin,
    /// The `Authorization` header, once the registry has asked for one.
    token: Mutex<Option<String>>,
}

impl<'a> Client<'a> {
    /// Prepares to talk; nothing is sent yet.
    pub fn new(reference: &Reference, options: &'a Options) -> Client<'a> {
        let registry = reference.registry().to_string();
        let authority = if registry == HUB.0 { HUB.1.to_string() } else { registry.to_lowercase() };
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("keg/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            // No time for the resolver and none for a whole call: with either, `ureq` would resolve names on
            // a thread of its own, and a process that goes on to clone must have none.
            .timeout_connect(Some(options.connect))
            .timeout_per_read(Some(options.stall))
            .timeout_per_write(Some(options.stall));
        if is_loopback(&authority) {
            config = config.proxy(None);
        }
        let base = Origin { tls: !options.plain(&authority), authority };
        let (agent, repository) = (config.build().new_agent(), reference.repository().to_string());
        Client { agent, options, registry, repository, base, token: Mutex::new(None) }
    }

    /// How to talk.
    pub fn options(&self) -> &Options {
        self.options
    }

    /// A document of at most `longest` bytes.
    pub fn document(&self, path: &str, accept: &str, longest: u64) -> Answer<Vec<u8>> {
        let response = self.get(path, accept, None, Some(DOCUMENT_TIME))?;
        read(response.into_body(), longest).map_err(|why| self.broken(&why, true))
    }

    /// Asks for something of the repository: `manifests/TAG`, `blobs/DIGEST`; from the byte `from` on.
    pub fn get(
        &self,
        path: &str,
        accept: &str,
        from: Option<u64>,
        time: Option<Duration>,
    ) -> Answer<Response<Body>> {
        let text = format!("{}/v2/{}/{path}", self.base, self.repository);
        let mut url = self.parse(&text)?;
        let mut asked = false;
        for _ in 0..=MOST_REDIRECTIONS {
            let response = self.send(&url, accept, from, time)?;
            let status = response.status();
            let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
            if status.is_success() {
                return Ok(response);
            } else if status.is_redirection() {
                let location = header("location").unwrap_or_default();
                url = redirected(&url, location)?;
                self.check_plain(&url)?;
            } else if status == StatusCode::UNAUTHORIZED && !asked && self.is_ours(&url) {
                asked = true;
                let challenge = header("www-authenticate").map(str::to_string);
                self.authorize(challenge.as_deref())?;
            } else {
                return Err(self.refusal(status, response.into_body()));
            }
        }
        Err(Error::refused(format!("the registry {} redirects in circles", self.registry)).into())
    }

    fn send(
        &self,
        url: &Uri,
        accept: &str,
        from: Option<u64>,
        time: Option<Duration>,
    ) -> Answer<Response<Body>> {
        let mut request = self.agent.get(url).header("Accept", accept);
        if let Some(from) = from {
            request = request.header("Range", format!("bytes={from}-"));
        }
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // The token is for the registry, and whoever it redirects to must not learn it (CVE-2020-15157).
        if let Some(token) = token.filter(|_| self.is_ours(url)) {
            request = request.header("Authorization", token);
        }
        request.config().timeout_recv_body(time).build().call().map_err(|error| self.unreachable(&error))
    }

    fn is_ours(&self, url: &Uri) -> bool {
        Origin::of(url).as_ref() == Some(&self.base)
    }

    fn parse(&self, text: &str) -> Result<Uri> {
        let url = text.parse::<Uri>().ok().filter(|url| Origin::of(url).is_some());
        url.ok_or_else(|| {
            Error::refused(format!("the registry {} names {text:?}, which is no address", self.registry))
        })
    }

    /// Nothing leaves a connection with TLS for one without, but to where that was allowed.
    fn check_plain(&self, url: &Uri) -> Result<()> {
        match Origin::of(url) {
            Some(origin) if origin.tls || self.options.plain(&origin.authority) => Ok(()),
            _ => Err(Error::refused(format!(
                "the registry {} leads to {url}, which has no TLS",
                self.registry
            ))
            .next("list that host in KEG_INSECURE_REGISTRIES if you trust the network on the way")),
        }
    }

    fn authorize(&self, challenge: Option<&str>) -> Answer<()> {
        let basic = credentials::basic(self.options.credentials.as_deref(), &self.registry)?;
        let denied =
            |why: &str| Error::refused(why).next(format!("log in first: docker login {}", self.registry));
        let header = match challenge.and_then(|header| Challenge::parse(header, &self.repository)) {
            None => return Err(denied("the registry denies access and does not say what it wants").into()),
            Some(Challenge::Basic) => {
                basic.ok_or_else(|| denied("the registry wants a user name and a password"))?
            }
            Some(Challenge::Bearer { url }) => self.token(&url, basic)?,
        };
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(header);
        Ok(())
    }

    fn token(&self, url: &str, basic: Option<String>) -> Answer<String> {
        let url = self.parse(url)?;
        self.check_plain(&url)?;
        let mut request = self.agent.get(&url);
        if let Some(basic) = basic {
            request = request.header("Authorization", basic);
        }
        let sent = request.config().timeout_recv_body(Some(DOCUMENT_TIME)).build().call();
        let response = sent.map_err(|error| self.unreachable(&error))?;
        if !response.status().is_success() {
            return Err(self.refusal(response.status(), response.into_body()));
        }
        let bytes = read(response.into_body(), LONGEST_ANSWER).map_err(|why| self.broken(&why, true))?;
        let answer: TokenAnswer =
            serde_json::from_slice(&bytes).map_err(|error| self.broken(&error.to_string(), false))?;
        Ok(answer.header()?)
    }

    /// No connection at all.
    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let next = match error {
            ureq::Error::HostNotFound => "check the name of the registry, and this machine's network and DNS",
            ureq::Error::Rustls(_) | ureq::Error::Tls(_) => {
                "if it has no TLS and you trust the network, list it in KEG_INSECURE_REGISTRIES"
            }
            _ => "check the name of the registry, that it runs, and this machine's network",
        };
        let error = Error::new(format!("reach the registry {} ({})", self.registry, self.base), why(error))
            .next(next);
        Failure { error, passing: true, unreachable: true }
    }

    /// A connection that broke.
    pub fn broken(&self, why: &str, passing: bool) -> Failure {
        let error = Error::refused(format!("the answer of the registry {} broke off: {why}", self.registry));
        Failure {
            error: error.next("try again; what is here already is not fetched again"),
            passing,
            unreachable: false,
        }
    }

    /// An answer that is an error.
    fn refusal(&self, status: StatusCode, body: Body) -> Failure {
        let said = read(body, LONGEST_ANSWER).ok().and_then(|bytes| explanation(&bytes)).unwrap_or_default();
        let said = if said.is_empty() { status.to_string() } else { said };
        let (why, next) = match status.as_u16() {
            401 | 403 => (
                "denies access",
                format!("check the name; a private image needs `docker login {}` first", self.registry),
            ),
            404 => ("does not have it", "check the name and the tag".to_string()),
            429 => ("takes no more requests for now", "try again later, or log in".to_string()),
            500.. => ("is in trouble", "try again later".to_string()),
            _ => ("refuses", "check the name and the tag".to_string()),
        };
        let error = Error::refused(format!("the registry {} {why}: {said}", self.registry)).next(next);
        Failure { error, passing: status.as_u16() == 429 || status.is_server_error(), unreachable: false }
    }
}

/// In words, without the library's own prefixes.
fn why(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => shared::error::Cause::text(error),
        ureq::Error::Timeout(_) => "it does not answer in time".into(),
        ureq::Error::HostNotFound => "there is no host of this name".into(),
        other => other.to_string(),
    }
}

/// The same for an error of a body, where `ureq` puts its own into an `io::Error`.
pub fn reason(error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
    inner.map_or_else(|| shared::error::Cause::text(error), why)
}

fn read(body: Body, longest: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = body.into_reader().take(longest + 1).read_to_end(&mut bytes);
    read.map_err(|error| reason(&error))?;
    if bytes.len() as u64 > longest { Err(format!("it is longer than {longest} bytes")) } else { Ok(bytes) }
}

/// The words of the registry: `manifest unknown`.
fn explanation(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<One>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct One {
        code: String,
        message: String,
    }
    let first = serde_json::from_slice::<Errors>(bytes).ok()?.errors.into_iter().next()?;
    let said = if first.message.is_empty() { first.code } else { first.message };
    Some(said.chars().take(200).collect())
}
