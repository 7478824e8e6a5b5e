//! The write id at the end of a document, by which a write recognizes its own result. Documents are JSON objects.

use super::objects::write_id;

/// What it starts with.
const WRITE_ID: &str = ",\"write_id\":\"";

/// A document as it was before [`with_write_id`].
pub(super) fn without_write_id(document: Vec<u8>) -> Vec<u8> {
    let start = document.windows(WRITE_ID.len()).rposition(|part| part == WRITE_ID.as_bytes());
    match start {
        Some(start) if document[start..].len() == WRITE_ID.len() + write_id().len() + 3 => {
            [&document[..start], b"}\n"].concat()
        }
        _ => document,
    }
}

/// A document with a write id.
pub(super) fn with_write_id(document: &[u8]) -> Vec<u8> {
    let text = document.trim_ascii_end();
    let Some(fields) = text.strip_suffix(b"}") else { return document.to_vec() };
    let mut bytes = fields.to_vec();
    bytes.extend_from_slice(format!("{WRITE_ID}{}\"}}\n", write_id()).as_bytes());
    bytes
}
