//! The only place that sends an HTTP request.
//!
//! Every call has a time limit, a cap on the answer's size (measured after decompression), no
//! redirects and no proxy from the environment: a redirect or a proxy would reach addresses that
//! [`guard`](crate::guard) never saw. What went wrong becomes a [`CallError`], which says what the
//! caller can do and never repeats what was sent or received: remote systems like to echo tokens.
//!
//! The line between "nothing happened" and "it may have happened" is drawn where the request's body
//! is handed to an established connection. Until then (no address, no connection, no TLS, no free
//! place on the connection) nothing has left that a server could act on; from then on nobody here
//! can know.

mod answer;
mod pace;
mod quota;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Body, Client, Method, RequestBuilder, Response, redirect};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use self::answer::Answer;
pub(crate) use self::pace::{listen, note as note_pause};
pub use self::quota::Quota;
pub(crate) use self::quota::{SCARCE_PERCENT, listen as listen_for_quota, note as note_quota};
use crate::guard::{self, Blocked, GuardedResolver, Lookup, Reach};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const TOTAL_LIMIT: Duration = Duration::from_secs(15);
const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// What a failed call means for the caller. One conversion elsewhere turns it into retry, dead
/// letter, reconnect or settlement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing happened at the remote system; the same call may be made again.
    #[error("the remote system is not available at the moment; try again later")]
    Later { after: Option<Duration> },
    /// Our credentials were not accepted.
    #[error("the remote system did not accept our credentials")]
    Reauth,
    /// The remote system understood and said no; the same call will fail again.
    #[error("the remote system refused the request ({code}): {message}")]
    Refused { code: String, message: String },
    /// The request left and the outcome is not known: it may have taken effect.
    #[error("the request was sent, but whether it took effect is not known")]
    Unknown,
    /// An answer came and could not be understood.
    #[error("the answer of the remote system could not be read: {0}")]
    Unreadable(&'static str),
    /// The address may not be called.
    #[error("the address cannot be used: {0}")]
    Blocked(#[from] Blocked),
}

/// So that [`Remotes`](crate::remote::Remotes) can look at errors that carry more than this one.
impl AsRef<CallError> for CallError {
    fn as_ref(&self) -> &CallError {
        self
    }
}

/// The HTTP client could not be set up on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not start; install the system's CA certificates (package ca-certificates)")]
pub struct NoHttp(#[source] reqwest::Error);

/// Whether the same request may arrive twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// A change that would then happen twice.
    Never,
    /// A read, or a change that the remote system recognises when it comes again.
    Safe,
}

/// Sends requests within one [`Reach`]. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Http {
    client: Client,
    reach: Reach,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("reach", &self.reach).finish_non_exhaustive()
    }
}

impl Http {
    pub fn new(reach: Reach) -> Result<Self, NoHttp> {
        Self::with_lookup(reach, guard::system_lookup())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the home of the one HTTP client")]
    fn with_lookup(reach: Reach, lookup: Lookup) -> Result<Self, NoHttp> {
        let client = Client::builder()
            .dns_resolver(GuardedResolver { reach, lookup })
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT_LIMIT)
            .timeout(TOTAL_LIMIT)
            .user_agent(concat!("socialai-hub/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(NoHttp)?;
        Ok(Self { client, reach })
    }

    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// A read: it may be repeated freely, so no failure of it is ever [`CallError::Unknown`].
    pub fn get(&self, url: &Url) -> Call {
        self.call(Method::GET, url, Repeat::Safe, None)
    }

    /// A change, sent as an HTML form would send it.
    pub fn post_form(&self, url: &Url, fields: &[(&str, &str)]) -> Call {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post_bytes(url, "application/x-www-form-urlencoded", form)
    }

    /// A change, sent as JSON.
    pub fn post_json(&self, url: &Url, body: &serde_json::Value) -> Call {
        self.post_bytes(url, "application/json", body.to_string())
    }

    /// A change whose body is sent exactly as it is, for systems that check a signature over it.
    pub fn post_bytes(&self, url: &Url, content_type: &'static str, body: impl Into<Bytes>) -> Call {
        self.call(Method::POST, url, Repeat::Never, Some(body.into())).content_type(content_type)
    }

    /// A change that leaves the same behind however often it comes.
    pub fn put_json(&self, url: &Url, body: &serde_json::Value) -> Call {
        let body = body.to_string();
        self.call(Method::PUT, url, Repeat::Safe, Some(body.into())).content_type("application/json")
    }

    /// A removal; what is gone already is not removed twice.
    pub fn delete(&self, url: &Url) -> Call {
        self.call(Method::DELETE, url, Repeat::Safe, None)
    }

    fn call(&self, method: Method, url: &Url, repeat: Repeat, body: Option<Bytes>) -> Call {
        let request = guard::check_url(url, self.reach).map(|()| self.client.request(method, url.clone()));
        Call { request: request.map_err(CallError::from), body, repeat, body_limit_bytes: BODY_LIMIT_BYTES }
    }
}

/// A request that was not sent yet.
#[must_use = "a call does nothing until it is sent"]
pub struct Call {
    request: Result<RequestBuilder, CallError>,
    body: Option<Bytes>,
    repeat: Repeat,
    body_limit_bytes: usize,
}

impl Call {
    pub fn basic_auth(mut self, user: &str, password: &SecretString) -> Self {
        self.request = self.request.map(|request| request.basic_auth(user, Some(password.expose_secret())));
        self
    }

    pub fn bearer_auth(mut self, token: &SecretString) -> Self {
        self.request = self.request.and_then(|request| {
            let mut value = header_value(AUTHORIZATION.as_str(), &format!("Bearer {}", token.expose_secret()))?;
            value.set_sensitive(true);
            Ok(request.header(AUTHORIZATION, value))
        });
        self
    }

    /// A value that no header can carry makes the call a refused one.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request = self
            .request
            .and_then(|request| Ok(request.header(HeaderName::from_static(name), header_value(name, value)?)));
        self
    }

    fn content_type(mut self, content_type: &'static str) -> Self {
        self.request = self.request.map(|request| request.header(CONTENT_TYPE, HeaderValue::from_static(content_type)));
        self
    }

    /// A change that the remote system recognises when it comes again (by an idempotency key): no failure of it is
    /// [`CallError::Unknown`], as sending it once more does no harm.
    pub fn safe_to_repeat(mut self) -> Self {
        self.repeat = Repeat::Safe;
        self
    }

    /// From the first look-up of the name to the last byte of the answer.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.request = self.request.map(|request| request.timeout(limit));
        self
    }

    pub fn body_limit_bytes(mut self, limit: usize) -> Self {
        self.body_limit_bytes = limit;
        self
    }

    /// Sends the request and reads the whole answer, whatever its status.
    pub async fn send(self) -> Result<Answer, CallError> {
        let (limit, repeat) = (self.body_limit_bytes, self.repeat);
        let (mut response, mut answer) = self.begin().await?;
        // An answer began, so the request had left.
        while let Some(chunk) = response.chunk().await.map_err(|error| from_transport(&error, repeat, true))? {
            if answer.body.len() + chunk.len() > limit {
                return Err(CallError::Unreadable("it is larger than allowed"));
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    /// Sends the request and reads the answer up to the size limit only; what comes after it, or does not come any
    /// more, is of no interest. For answers whose status says all.
    pub async fn send_for_status(self) -> Result<Answer, CallError> {
        let limit = self.body_limit_bytes;
        let (mut response, mut answer) = self.begin().await?;
        while answer.body.len() < limit
            && let Ok(Some(chunk)) = response.chunk().await
        {
            let wanted = chunk.len().min(limit - answer.body.len());
            answer.body.extend_from_slice(&chunk[..wanted]);
        }
        Ok(answer)
    }

    /// Up to the answer's headers.
    async fn begin(self) -> Result<(Response, Answer), CallError> {
        let mut request = self.request?;
        let left = Arc::new(AtomicBool::new(true));
        // An empty body is never asked for, so its request counts as gone from the beginning.
        if let Some(body) = self.body.filter(|body| !body.is_empty()) {
            left.store(false, Ordering::Relaxed);
            request = request.body(watched(body, left.clone()));
        }
        let response =
            request.send().await.map_err(|error| from_transport(&error, self.repeat, left.load(Ordering::Relaxed)))?;
        let status = response.status().as_u16();
        let pause = pace::asked_pause(status, response.headers());
        if let Some(pause) = pause {
            pace::note(pause);
        }
        let headers = response.headers().clone();
        Ok((response, Answer { status, headers, pause, repeat: self.repeat, body: Vec::new() }))
    }
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, CallError> {
    HeaderValue::from_str(value).map_err(|_| CallError::Refused {
        code: "header".to_owned(),
        message: format!("the header {name} would contain a line break or another forbidden character"),
    })
}

/// A body that says when a connection took it.
fn watched(body: Bytes, left: Arc<AtomicBool>) -> Body {
    Body::wrap(Full::new(body).inspect_frame(move |_| left.store(true, Ordering::Relaxed)))
}

/// Sorts a failed request by what may have happened at the other side.
fn from_transport(error: &reqwest::Error, repeat: Repeat, left: bool) -> CallError {
    if let Some(blocked) = blocked_in(error) {
        return CallError::Blocked(blocked);
    }
    if compression_broken(error) {
        return CallError::Unreadable("its compression is broken");
    }
    let never_left = !left || error.is_connect() || error.is_builder();
    match repeat {
        Repeat::Never if !never_left => CallError::Unknown,
        _ => CallError::Later { after: None },
    }
}

/// The client calls every failure while a body is read a failure to decode it. That of the connection is an error of the
/// HTTP library, that of time one of the client itself; the decompression speaks of input and output directly.
fn compression_broken(error: &reqwest::Error) -> bool {
    let inner = causes(error).find(|cause| !cause.is::<reqwest::Error>());
    error.is_decode() && matches!(inner, Some(cause) if cause.is::<std::io::Error>())
}

fn blocked_in(error: &reqwest::Error) -> Option<Blocked> {
    causes(error).find_map(|cause| cause.downcast_ref::<Blocked>()).copied()
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Mutex;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A name whose address changes with every question, as in DNS rebinding, and how often it was asked for.
    fn changing(answers: Vec<SocketAddr>) -> (Lookup, Arc<Mutex<usize>>) {
        let asked = Arc::new(Mutex::new(0));
        let count = asked.clone();
        let lookup: Lookup = Arc::new(move |_| {
            let mut asked = count.lock().unwrap();
            let answer = answers[(*asked).min(answers.len() - 1)];
            *asked += 1;
            Box::pin(async move { Ok(vec![answer]) })
        });
        (lookup, asked)
    }

    async fn answer_once(listener: TcpListener) {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.unwrap();
    }

    #[tokio::test]
    async fn connection_goes_to_the_address_that_was_checked() {
        let checked = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = checked.local_addr().unwrap().port();
        let other = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
        let (lookup, asked) = changing(vec!["127.0.0.1:0".parse().unwrap(), "127.0.0.2:0".parse().unwrap()]);
        let http = Http::with_lookup(Reach::Anywhere, lookup).unwrap();
        let url = Url::parse(&format!("http://rebinding.example:{port}/")).unwrap();
        let (sent, ()) = tokio::join!(http.get(&url).send(), answer_once(checked));
        assert_eq!(sent.unwrap().status(), 204);
        assert_eq!(*asked.lock().unwrap(), 1, "the name was looked up once");
        // The next connection asks again, and what is found then is what is checked then.
        let (sent, ()) = tokio::join!(http.get(&url).send(), answer_once(other));
        assert_eq!(sent.unwrap().status(), 204);
        assert_eq!(*asked.lock().unwrap(), 2);
    }

    #[tokio::test]
    async fn name_that_turned_private_is_not_connected_to() {
        let inside = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = inside.local_addr().unwrap().port();
        for private in ["127.0.0.1:0", "10.0.0.1:0", "169.254.169.254:0", "[::ffff:127.0.0.1]:0", "[fd00::1]:0"] {
            let (lookup, asked) = changing(vec![private.parse().unwrap()]);
            let http = Http::with_lookup(Reach::PublicOnly, lookup).unwrap();
            let url = Url::parse(&format!("https://rebinding.example:{port}/")).unwrap();
            let refused = http.post_bytes(&url, "text/plain", "body").send().await.unwrap_err();
            assert_eq!(refused, CallError::Blocked(Blocked::PrivateNetwork), "{private}");
            assert_eq!(*asked.lock().unwrap(), 1);
        }
        let nobody_came =
            std::future::poll_fn(|context| std::task::Poll::Ready(inside.poll_accept(context).is_pending()));
        assert!(nobody_came.await);
    }
}
