//! Text as a deserializer passes it: borrowed where it can be.

use std::borrow::Cow;

use serde::Deserialize;

/// Any text.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct AnyText<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);
