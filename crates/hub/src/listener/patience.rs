//! How long a client may take, measured on the bytes and requests of its connection.
//!
//! hyper has a time-out for reading a header, but it also runs while a connection rests between two
//! requests, so a value that stops slow senders would cut every keep-alive connection of a proxy.
//! Here the two are told apart: a header has to be whole soon after its first byte, a resting
//! connection may rest for longer, an answer has to be taken, and work under way is never disturbed
//! (its time is the router's business).

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Version;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// From the first byte of a request, or from the start of the connection, to the end of the header.
    pub(super) header: Duration,
    /// Between two requests. Longer than the 60 s of common proxies, so that it is they who close.
    pub(super) rest: Duration,
    /// For the client to take the next bytes of an answer.
    pub(super) answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { header: Duration::from_secs(10), rest: Duration::from_secs(75), answer: Duration::from_mins(1) }
    }
}

/// What should become of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    /// Nothing is lost by closing it.
    Rested,
    SlowHeader,
    SlowReader,
}

/// The times of one connection, written by its stream and its requests.
#[derive(Debug)]
pub(super) struct Times {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    requests: usize,
    seen_a_request: bool,
    /// Control frames of HTTP/2 arrive at any time, so bytes say nothing about a header there.
    bytes_are_headers: bool,
    resting_since: Instant,
    header_since: Option<Instant>,
    write_blocked_since: Option<Instant>,
    /// Answers whose last part was handed over and whose next was not asked for yet: HTTP/2 clients hold back a
    /// stream by its window, without ever blocking the connection.
    waiting_answers: HashMap<u64, Instant>,
    next_answer: u64,
}

impl Times {
    pub(super) fn new() -> Arc<Self> {
        let state = State {
            requests: 0,
            seen_a_request: false,
            bytes_are_headers: true,
            resting_since: Instant::now(),
            header_since: None,
            write_blocked_since: None,
            waiting_answers: HashMap::new(),
            next_answer: 0,
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain values, right after every statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(self: &Arc<Self>, version: Version) -> UnderWay {
        let mut state = self.lock();
        state.requests += 1;
        state.seen_a_request = true;
        state.bytes_are_headers = version < Version::HTTP_2;
        state.header_since = None;
        state.next_answer += 1;
        UnderWay { times: Arc::clone(self), answer: state.next_answer }
    }

    pub(super) fn verdict(&self, patience: &Patience) -> Verdict {
        let state = self.lock();
        let over = |since: Instant, limit| since.elapsed() >= limit;
        let mut waiting = state.write_blocked_since.iter().chain(state.waiting_answers.values());
        if waiting.any(|since| over(*since, patience.answer)) {
            return Verdict::SlowReader;
        }
        if state.requests > 0 {
            return Verdict::Fine;
        }
        let header_since = state.header_since.or((!state.seen_a_request).then_some(state.resting_since));
        if header_since.is_some_and(|since| over(since, patience.header)) {
            return Verdict::SlowHeader;
        }
        if over(state.resting_since, patience.rest) { Verdict::Rested } else { Verdict::Fine }
    }
}

/// A request from the end of its header to the last byte of its answer.
pub(super) struct UnderWay {
    times: Arc<Times>,
    answer: u64,
}

impl UnderWay {
    /// A part of the answer was handed over, and it is the client's turn to take it.
    pub(super) fn part_handed_over(&self) {
        self.times.lock().waiting_answers.insert(self.answer, Instant::now());
    }

    pub(super) fn next_part_wanted(&self) {
        self.times.lock().waiting_answers.remove(&self.answer);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.times.lock();
        state.waiting_answers.remove(&self.answer);
        state.requests = state.requests.saturating_sub(1);
        state.resting_since = Instant::now();
    }
}

/// A stream that notes when bytes come and when they are not taken.
pub(super) struct Watched<S> {
    inner: S,
    times: Arc<Times>,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S, times: Arc<Times>) -> Self {
        Self { inner, times }
    }

    fn note_write<T>(&self, poll: &Poll<T>) {
        let mut state = self.times.lock();
        if poll.is_ready() {
            state.write_blocked_since = None;
        } else {
            state.write_blocked_since.get_or_insert_with(Instant::now);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            let mut state = self.times.lock();
            if state.requests == 0 && state.bytes_are_headers && state.seen_a_request {
                state.header_since.get_or_insert_with(Instant::now);
            }
        }
        poll
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.note_write(&poll);
        poll
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.note_write(&poll);
        poll
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
