//! Log lines on standard error, from guestlist alone: other crates may log headers.

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use super::global::{GlobalArgs, TextOrJson};
use super::terminal::Terminal;

/// Sets the level by `-v` and `-q`. With one `-v`, a line is a plain sentence; from the second one on, it is part
/// of a trace, with its time and its level.
pub(crate) fn start(global: &GlobalArgs, terminal: Terminal) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::from_level(Level::ERROR),
        (false, 0) => LevelFilter::from_level(Level::WARN),
        (false, 1) => LevelFilter::from_level(Level::INFO),
        (false, 2) => LevelFilter::from_level(Level::DEBUG),
        (false, _) => LevelFilter::from_level(Level::TRACE),
    };
    let only_ours = Targets::new().with_target("guestlist", level);
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(terminal.err.color).with_target(false);
    let registry = tracing_subscriber::registry();
    // Tests may start it more than once in a process; the first one counts.
    let _ = match (global.log_format, global.verbose) {
        (TextOrJson::Json, _) => {
            registry.with(layer.with_target(true).json().with_filter(only_ours)).try_init()
        }
        (TextOrJson::Text, ..=1) => {
            registry.with(layer.without_time().with_level(false).with_filter(only_ours)).try_init()
        }
        (TextOrJson::Text, _) => registry.with(layer.with_filter(only_ours)).try_init(),
    };
}
