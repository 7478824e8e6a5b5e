//! The rows of user lists: a user is in the list of each of their projects, with the same row, and is kept once.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::value::RawValue;

use crate::known;
use crate::model::Access;

use super::response::user;

/// Rows beyond these are read all the same, but not remembered.
const MOST_ROWS: usize = 200_000;

/// The rows read so far, by their text.
#[derive(Default)]
pub struct Rows(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    users: HashMap<Box<str>, Arc<known::User>>,
    /// Many people have the same access.
    access: HashSet<Access>,
}

impl Rows {
    /// The users that these rows are.
    ///
    /// # Errors
    /// What is wrong with the first one that is not a user.
    pub(super) fn users(&self, rows: &[&RawValue]) -> Result<Vec<Arc<known::User>>, String> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|row| seen.user(row.get())).collect()
    }

    /// Forgets all rows, which no later list will repeat.
    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Seen::default();
    }
}

impl Seen {
    fn user(&mut self, row: &str) -> Result<Arc<known::User>, String> {
        if let Some(user) = self.users.get(row) {
            return Ok(Arc::clone(user));
        }
        let mut user = user(row.as_bytes())?;
        if let Some(access) = self.access.get(&user.projects) {
            user.projects = access.clone();
        } else if self.access.len() < MOST_ROWS {
            self.access.insert(user.projects.clone());
        }
        let user = Arc::new(user);
        if self.users.len() < MOST_ROWS {
            self.users.insert(row.into(), Arc::clone(&user));
        }
        Ok(user)
    }
}
