//! A user as the service sends it, in a list or alone.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::known;
use crate::model::{Email, SharedAccess, UserId};

/// A user as received. Texts are borrowed where they can be.
#[derive(Deserialize)]
pub(super) struct UserRow<'a> {
    id: UserId,
    #[serde(borrow)]
    login: Option<Cow<'a, str>>,
    #[serde(borrow)]
    email: Option<Cow<'a, str>>,
    first_name: Option<String>,
    last_name: Option<String>,
    #[serde(borrow)]
    projects: Option<&'a RawValue>,
    is_owner: Option<bool>,
}

impl UserRow<'_> {
    /// The user, whose access is shared.
    pub(super) fn user(self, shared: &mut SharedAccess) -> Result<known::User, String> {
        let Self { id, login, email, first_name, last_name, projects, is_owner } = self;
        // The login is the identity. If it is missing, the address is usually the same.
        let given = login.filter(|login| email.is_none() || !login.trim().is_empty());
        let login = given.or_else(|| email.clone()).ok_or_else(|| format!("the user `{id}` has no login"))?;
        let login = Email::as_received(&login);
        let email = email.filter(|email| !email.trim().is_empty()).map(|email| Email::as_received(&email));
        let projects =
            projects.map(|text| shared.parse(text)).transpose().map_err(|error| error.to_string())?;
        Ok(known::User {
            id,
            email: email.filter(|email| *email != login),
            login,
            first_name: first_name.unwrap_or_default(),
            last_name: last_name.unwrap_or_default(),
            projects: projects.unwrap_or_default(),
            is_owner: is_owner.unwrap_or_default(),
        })
    }
}
