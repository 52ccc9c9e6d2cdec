//! A body that is a file. It may take as long as its size needs on a slow line, and not longer: what comes too slowly, or
//! stops coming, is refused, so that nobody holds a connection and memory with next to nothing.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, Request},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use socialai_domain::problems::{Code, Problem};
use tokio::time::{Instant, timeout};

use super::guard::{TIME_LIMIT, TimeLimit};
use crate::problem::Failure;

/// A phone where the network is bad sends this much.
const SLOWEST_BYTES_A_SECOND: usize = 16 * 1024;
/// Between two parts. Shorter than a request may take, so that it is this which is said.
const LONGEST_SILENCE: Duration = Duration::from_secs(20);

/// A file of at most so many bytes.
pub struct Upload<const MOST: usize>(pub Bytes);

impl<S: Send + Sync, const MOST: usize> FromRequest<S> for Upload<MOST> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let limit = request.extensions().get::<TimeLimit>().cloned();
        Ok(read(request.into_body(), MOST, limit.as_ref()).await.map(Self)?)
    }
}

async fn read(mut body: Body, most: usize, limit: Option<&TimeLimit>) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(Code::BodyTooLarge, format!("A file may have {} MiB.", most / 1024 / 1024));
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let began = Instant::now();
    let mut whole = BytesMut::new();
    loop {
        let part = timeout(LONGEST_SILENCE, body.frame()).await.map_err(|_| too_slow())?;
        let Some(part) = part else { return Ok(whole.freeze()) };
        let part = part.map_err(|_| Problem::new(Code::MalformedBody, "The file ended before it was complete."))?;
        let Ok(part) = part.into_data() else { continue };
        if part.len() > most - whole.len() {
            return Err(too_large());
        }
        whole.extend_from_slice(&part);
        if began.elapsed() > time_for(whole.len()) {
            return Err(too_slow());
        }
        // The time of a request counts from the last part on.
        if let Some(limit) = limit {
            limit.begin_again();
        }
    }
}

fn time_for(bytes: usize) -> Duration {
    TIME_LIMIT + Duration::from_secs((bytes / SLOWEST_BYTES_A_SECOND) as u64)
}

fn too_slow() -> Problem {
    let sentence = format!("A file has to come with {} KiB a second.", SLOWEST_BYTES_A_SECOND / 1024);
    Problem::new(Code::TooSlow, sentence)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::{Router, http::StatusCode, middleware, routing::post};
    use futures::stream;
    use tower::ServiceExt;

    use super::{super::guard, *};

    const MOST: usize = 4 * 1024 * 1024;

    /// Sends so many parts of this size with so long before each, through the same layer as all requests; what is answered,
    /// after how long.
    async fn send(parts: usize, bytes: usize, pause: Duration) -> (StatusCode, Duration) {
        let app = Router::new()
            .route("/file", post(async |Upload(file): Upload<MOST>| file.len().to_string()))
            .layer(middleware::from_fn(guard::contained));
        let part = move |sent: usize| async move {
            tokio::time::sleep(pause).await;
            (sent < parts).then(|| (Ok::<_, Infallible>(vec![b'a'; bytes]), sent + 1))
        };
        let request = Request::post("/file").body(Body::from_stream(stream::unfold(0, part))).unwrap();
        let began = Instant::now();
        let status = app.oneshot(request).await.unwrap().status();
        (status, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn file_may_take_as_long_as_a_slow_line_needs() {
        let (status, took) = send(180, 16 * 1024, Duration::from_secs(1)).await;
        assert_eq!(status, StatusCode::OK);
        assert!(took > TIME_LIMIT * 5, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn trickle_and_silence_are_refused() {
        let (status, took) = send(1_000, 1_024, Duration::from_secs(1)).await;
        assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
        assert!(took < TIME_LIMIT * 2, "{took:?}");
        let (status, took) = send(1_000, 1_024 * 1_024, Duration::from_secs(25)).await;
        assert_eq!((status, took), (StatusCode::REQUEST_TIMEOUT, LONGEST_SILENCE));
    }

    #[tokio::test(start_paused = true)]
    async fn file_that_is_too_large_is_refused_when_that_is_known() {
        let (status, took) = send(1_000, 1_024 * 1_024, Duration::from_secs(1)).await;
        assert_eq!((status, took), (StatusCode::PAYLOAD_TOO_LARGE, Duration::from_secs(5)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_done_with_a_file_has_the_time_of_a_request_after_it() {
        let app = Router::new()
            .route(
                "/",
                post(async |Upload(_): Upload<MOST>| tokio::time::sleep(TIME_LIMIT + Duration::from_secs(1)).await),
            )
            .layer(middleware::from_fn(guard::contained));
        let answer = app.oneshot(Request::post("/").body(Body::from("a")).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
