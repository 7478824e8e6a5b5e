//! `guestlist import`: writes a team file for an organization as it is.

use super::args::{Everywhere, Import as Args};
use super::failure::Ended;
use super::terminal::Terminal;

#[expect(clippy::unused_async, reason = "to come")]
pub(crate) async fn run(_: &Args, _: &Everywhere, _: Terminal) -> Ended {
    Ok(())
}
