//! The bodies of responses. Unknown fields are ignored; missing ones are tolerated where possible.

use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::row::UserRow;
use super::rows::Rows;
use crate::known;
use crate::model::{ProjectId, SharedAccess};

/// List Projects. Its `total` proves nothing.
#[derive(Deserialize)]
struct ProjectList {
    data: Vec<Project>,
}

/// A page of users, each as JSON text.
#[derive(Deserialize)]
struct RawPage<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    #[serde(default, deserialize_with = "count")]
    total: Option<u64>,
}

#[derive(Deserialize)]
struct Project {
    id: ProjectId,
    name: Option<String>,
}

/// A count, or none if it is not one.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Value::deserialize(deserializer).map(|value| value.as_u64())
}

/// The content of a successful response.
pub trait Content: Sized {
    /// The documented status for success. Nothing else is a success.
    const STATUS: u16 = 200;

    /// Reads the body. `rows` has the rows of user lists read so far.
    ///
    /// # Errors
    /// What is wrong with it.
    fn read(body: &[u8], rows: &Rows) -> Result<Self, String>;
}

impl Content for () {
    const STATUS: u16 = 204;

    fn read(_: &[u8], _: &Rows) -> Result<Self, String> {
        Ok(())
    }
}

fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

impl Content for Vec<known::ListedProject> {
    fn read(body: &[u8], _: &Rows) -> Result<Self, String> {
        let list: ProjectList = json(body)?;
        let known = |Project { id, name }| known::ListedProject { id, name: name.unwrap_or_default() };
        Ok(list.data.into_iter().map(known).collect())
    }
}

impl Content for known::User {
    fn read(body: &[u8], _: &Rows) -> Result<Self, String> {
        json::<UserRow<'_>>(body)?.user(&mut SharedAccess::default())
    }
}

/// One page of List Users.
#[derive(Debug)]
pub struct Page {
    /// The users on it.
    pub users: Vec<Arc<known::User>>,
    /// The number of users on all pages, according to the service.
    pub total: Option<u64>,
}

impl Content for Page {
    fn read(body: &[u8], rows: &Rows) -> Result<Self, String> {
        let RawPage { data, total } = json(body)?;
        Ok(Self { users: rows.users(&data)?, total })
    }
}

/// The content of an error response, as far as it can be read.
#[derive(Debug, Default)]
pub struct ErrorBody {
    /// Whether it is Voucherify's error object, which always has a number `code` and a text `message`. The
    /// responses of gateways and proxies are not.
    pub is_error_object: bool,
    /// The type of error, such as `user_not_assigned`.
    pub key: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// Details.
    pub details: Option<String>,
    /// The request id, for Voucherify support.
    pub request_id: Option<String>,
    /// The id of the resource it is about.
    pub resource_id: Option<String>,
    /// The type of that resource.
    pub resource_type: Option<String>,
}

impl ErrorBody {
    /// Reads a body. One that cannot be read has no fields.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else { return Self::default() };
        let has = |name, is_so: fn(&Value) -> bool| fields.get(name).is_some_and(is_so);
        let is_error_object = has("code", Value::is_number) && has("message", Value::is_string);
        let mut field = |name| match fields.remove(name)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        };
        Self {
            is_error_object,
            key: field("key"),
            message: field("message"),
            details: field("details"),
            request_id: field("request_id"),
            resource_id: field("resource_id"),
            resource_type: field("resource_type"),
        }
    }
}
