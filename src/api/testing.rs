//! A scripted HTTP/1.1 server, and a clock that does not wait.
