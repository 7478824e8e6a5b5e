//! The place of a ledger in an object store: `s3://bucket/prefix` or `az://container/prefix`.

use std::fmt;
use std::str::FromStr;

/// A kind of object store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreKind {
    /// Amazon S3, or a store with its interface.
    S3,
    /// Azure Blob Storage.
    Azure,
}

/// A prefix in a bucket of S3 or in a container of Azure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BucketLocation {
    kind: StoreKind,
    bucket: String,
    prefix: String,
}

impl BucketLocation {
    /// Whether a text is a URL, which only an object store has.
    #[must_use]
    pub fn is_url(text: &str) -> bool {
        text.contains("://")
    }

    /// The kind of the store.
    #[must_use]
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// The name of the bucket or container.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What the keys of the objects start with, without a slash at its end. Can be empty.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl FromStr for BucketLocation {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or("it is not a URL")?;
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "s3" => StoreKind::S3,
            "az" => StoreKind::Azure,
            "gs" => return Err("Google Cloud Storage is not supported; use `s3://` or `az://`"),
            "file" => return Err("write the path of the folder without `file://`"),
            _ => return Err("expected a folder, `s3://bucket/prefix` or `az://container/prefix`"),
        };
        if rest.split('/').next().is_some_and(|host| host.contains('@')) {
            return Err("credentials do not belong in a URL; pass them in the environment");
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'=');
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(is_name);
        if !is_part(bucket) || !(prefix.is_empty() || prefix.split('/').all(is_part)) {
            return Err(
                "expected a bucket and a prefix of letters, digits, `-`, `.`, `_` and `=`, separated by single `/`",
            );
        }
        Ok(Self { kind, bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for BucketLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            StoreKind::S3 => "s3",
            StoreKind::Azure => "az",
        };
        write!(f, "{scheme}://{}", self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_shown_as_they_are_written() {
        for text in ["s3://bucket/prefix", "az://container/a/b=c", "s3://bucket"] {
            assert_eq!(
                text.parse::<BucketLocation>().map(|location| location.to_string()),
                Ok(text.to_owned())
            );
        }
        let location: BucketLocation = "S3://bucket/team/".parse().expect("a location");
        assert_eq!(
            (location.kind(), location.bucket(), location.prefix()),
            (StoreKind::S3, "bucket", "team")
        );
    }

    #[test]
    fn anything_else_is_refused_with_a_reason() {
        let refused = |text: &str| text.parse::<BucketLocation>().expect_err(text);
        for text in ["s3://", "s3:///x", "s3://b//x", "s3://b/../x", "s3://b/x?y", "az://c/a b", "s3://b/ä"]
        {
            assert!(refused(text).starts_with("expected a bucket and a prefix"), "{text}");
        }
        assert!(refused("gs://b/x").starts_with("Google"));
        assert!(refused("ftp://b/x").starts_with("expected a folder"));
        assert!(refused("file:///x").ends_with("without `file://`"));
        assert!(refused("s3://id:secret@b/x").starts_with("credentials"));
    }
}
