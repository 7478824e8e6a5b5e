//! The HTTP server: accepts connections, and passes requests to the service.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::body::Incoming;
use hyper::header::{DATE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::control;
use super::delivery::{Body, Cut, deliver};
use super::request::read;
use super::server_state::ServerState;

/// Serves until the sandbox closes, and then until the requests in progress have ended.
pub(super) async fn serve(listener: TcpListener, shared: Arc<ServerState>) {
    let closing = shared.closing();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&shared)));
                }
                // Out of file handles, for example: some are free again soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
            () = closing.wait() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, shared: Arc<ServerState>) {
    // Small responses need not wait for each other; if the system refuses, they are only slower.
    let _ = stream.set_nodelay(true);
    let closing = shared.closing();
    let service = service_fn(|request| respond(Arc::clone(&shared), request));
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    // An error is a client that went away, or a cut.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = closing.wait() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn respond(shared: Arc<ServerState>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    match request.uri().path().strip_prefix("/sandbox") {
        Some(path) if path.is_empty() || path.starts_with('/') => {
            let path = path.to_owned();
            Ok(control::respond(&shared, &path, request).await)
        }
        _ => api(&shared, request).await,
    }
}

async fn api(shared: &ServerState, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let call = read(request).await;
    let now = shared.now();
    let mut reply = shared.lock().serve(&call, now);
    if shared.save().await.is_err() {
        reply = shared.lock().not_saved(reply.seq);
    }
    let mut response = deliver(reply, shared.closing()).await?;
    // Clients compare the times in the headers with this one.
    if let Some(date) = http_date(now) {
        response.headers_mut().insert(DATE, date);
    }
    Ok(response)
}

fn http_date(time: SystemTime) -> Option<HeaderValue> {
    let time = Timestamp::try_from(time).ok()?;
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()?;
    HeaderValue::try_from(text).ok()
}
