//! The part of the client that writes.

use super::call::{Call, Invite};
use super::client::{Answer, Client};
use super::error::Error;
use super::reader::Reader;
use super::wire::Content;
use crate::identity::{Email, ProjectId, Role, UserId};
use crate::known::User;

/// Writes, and reads.
#[derive(Clone)]
pub struct Writer {
    client: Client,
    reader: Reader,
}

impl Writer {
    pub(super) fn new(client: Client) -> Self {
        Self { reader: client.reader(), client }
    }

    /// The part that reads.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Ends every call that waits, as [`Client::stop`] does.
    pub fn stop(&self) {
        self.client.stop();
    }

    /// Makes a call that was built before, exactly so.
    ///
    /// # Errors
    /// Where it did not succeed.
    pub async fn send<T: Content>(&self, call: &Call<T>) -> Result<Answer<T>, Error> {
        self.client.send(call).await
    }

    /// Invites somebody who is not known yet.
    ///
    /// # Errors
    /// Where it did not succeed; with status 409 where the person was invited before or is a user.
    pub async fn invite(&self, invite: &Invite<'_>) -> Result<Answer<()>, Error> {
        self.send(&Call::invite(invite)).await
    }

    /// Gives a member a role in a further project.
    ///
    /// # Errors
    /// Where it did not succeed.
    pub async fn assign(
        &self,
        project: &ProjectId,
        login: &Email,
        role: &Role,
    ) -> Result<Answer<User>, Error> {
        self.send(&Call::assign(project, login, role)).await
    }

    /// Gives a user another role in a project.
    ///
    /// # Errors
    /// Where it did not succeed.
    pub async fn update_role(
        &self,
        project: &ProjectId,
        user: &UserId,
        role: &Role,
    ) -> Result<Answer<User>, Error> {
        self.send(&Call::update_role(project, user, role)).await
    }

    /// Takes a user's role in a project away.
    ///
    /// # Errors
    /// Where it did not succeed; with key `user_not_assigned` or status 404 where there is none.
    pub async fn unassign(&self, project: &ProjectId, user: &UserId) -> Result<Answer<()>, Error> {
        self.send(&Call::unassign(project, user)).await
    }
}
