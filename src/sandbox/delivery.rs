//! How a response leaves: whole, in part, slowly, or not at all.

use std::fmt;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use super::reply::{Delivery, Reply};
use super::server_state::Closing;

/// The body of a response.
pub(super) type Body = UnsyncBoxBody<Bytes, Cut>;

/// Ends the connection: without a byte in place of a response, or in the middle of its body.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut by a fault")
    }
}

impl std::error::Error for Cut {}

/// Makes an HTTP response of `reply`.
pub(super) async fn deliver(reply: Reply, closing: Closing) -> Result<Response<Body>, Cut> {
    let Reply { seq: _, status, headers, body, delivery } = reply;
    let length = body.len();
    let body = match delivery {
        Delivery::Whole => full(body),
        Delivery::Truncated => truncated(body),
        Delivery::Endless => endless(body, closing),
        Delivery::Trickle(pace) => trickling(body, pace, closing),
        Delivery::Withheld => {
            closing.wait().await;
            return Err(Cut);
        }
        Delivery::Cut => return Err(Cut),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    if delivery == Delivery::Truncated {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(response)
}

/// A body that is sent at once.
pub(super) fn full(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).map_err(|never| match never {}).boxed_unsync()
}

fn streamed(chunks: impl Stream<Item = Result<Bytes, Cut>> + Send + 'static) -> Body {
    StreamBody::new(chunks.map_ok(Frame::data)).boxed_unsync()
}

/// Half of `body`; then the connection breaks.
fn truncated(mut body: Vec<u8>) -> Body {
    body.truncate(body.len() / 2);
    let half = stream::once(async move { Ok(Bytes::from(body)) });
    let end = stream::once(async {
        // The half has to leave before the error takes the connection down.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(Cut)
    });
    streamed(half.chain(end))
}

/// `body` without its last byte, and then blanks without end.
fn endless(mut body: Vec<u8>, closing: Closing) -> Body {
    body.pop();
    let blanks = Bytes::from(vec![b' '; 1 << 16]);
    streamed(stream::unfold(Bytes::from(body), move |chunk| {
        let (next, over) = (blanks.clone(), closing.is_closed());
        async move { (!over).then_some((Ok(chunk), next)) }
    }))
}

/// `body`, one byte at a time.
fn trickling(body: Vec<u8>, pace: Duration, closing: Closing) -> Body {
    streamed(stream::unfold((body.into_iter(), closing), move |(mut bytes, closing)| async move {
        tokio::select! {
            () = tokio::time::sleep(pace) => {}
            () = closing.wait() => return None,
        }
        let byte = bytes.next()?;
        Some((Ok(Bytes::from(vec![byte])), (bytes, closing)))
    }))
}
