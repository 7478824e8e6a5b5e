//! The rows of user lists. A user is in the list of each of their projects, with the same row, and is kept once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;

use super::row::UserRow;
use crate::known::User;
use crate::model::SharedAccess;

/// The most rows that are remembered. More are read all the same.
const MOST: usize = 200_000;

/// The rows read so far, by their text.
#[derive(Default)]
pub struct Rows(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    users: HashMap<Box<str>, Arc<User>>,
    access: SharedAccess,
}

impl Rows {
    /// The users in these rows. Lists that are read at the same time wait for each other only while rows are
    /// looked up, not while they are parsed.
    ///
    /// # Errors
    /// What is wrong with the first row that is not a user.
    pub(super) fn users(&self, rows: &[&RawValue]) -> Result<Vec<Arc<User>>, String> {
        let mut users: Vec<Option<Arc<User>>> = {
            let seen = self.seen();
            rows.iter().map(|row| seen.users.get(row.get()).cloned()).collect()
        };
        let new: Vec<_> = (0..rows.len()).filter(|&index| users[index].is_none()).collect();
        let parsed: Result<Vec<UserRow<'_>>, _> =
            new.iter().map(|&at| serde_json::from_str(rows[at].get())).collect();
        let parsed = parsed.map_err(|error| error.to_string())?;
        if !parsed.is_empty() {
            let mut seen = self.seen();
            for (index, row) in new.into_iter().zip(parsed) {
                users[index] = Some(seen.add(rows[index].get(), row)?);
            }
        }
        Ok(users.into_iter().flatten().collect())
    }

    /// Drops all rows: no later list will repeat them.
    pub(super) fn clear(&self) {
        *self.seen() = Seen::default();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn add(&mut self, text: &str, row: UserRow<'_>) -> Result<Arc<User>, String> {
        // Another list may have added it in the meantime.
        if let Some(user) = self.users.get(text) {
            return Ok(Arc::clone(user));
        }
        let user = Arc::new(row.user(&mut self.access)?);
        if self.users.len() < MOST {
            self.users.insert(text.into(), Arc::clone(&user));
        }
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_kept_once_until_all_are_dropped() {
        let rows = Rows::default();
        let text = r#"{"id":"user_1","login":"a@example.com"}"#.to_owned();
        let row = RawValue::from_string(text).expect("JSON");
        let read = || rows.users(&[&row]).expect("a user").remove(0);
        let first = read();
        assert!(Arc::ptr_eq(&first, &read()));
        rows.clear();
        let again = read();
        assert_eq!(again, first);
        assert!(!Arc::ptr_eq(&again, &first));
    }
}
