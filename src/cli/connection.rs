//! The connection to the organization, real or simulated.

#[cfg(feature = "sandbox")]
use std::path::Path;

use super::args::GlobalArgs;
use super::environment;
use super::failure::Failure;
use super::target::Target;
use super::terminal::Terminal;
use crate::api::{Client, Reader, Settings, Writer};
use crate::desired::Desired;
#[cfg(feature = "sandbox")]
use crate::model::TrustedEndpoint;

impl Target {
    /// Connects to the organization with a client that can only read.
    pub(crate) async fn connect_to_read(
        &self,
        global: &GlobalArgs,
        desired: Option<&Desired>,
        terminal: Terminal,
    ) -> Result<Connection<Reader>, Failure> {
        Ok(self.connect(global, desired, terminal).await?.map(|client| client.reader()))
    }

    /// Connects to the organization with a client that can write; only a session, which has the lock, does so.
    pub(crate) async fn connect_to_write(
        &self,
        global: &GlobalArgs,
        desired: &Desired,
        terminal: Terminal,
    ) -> Result<Connection<Writer>, Failure> {
        Ok(self.connect(global, Some(desired), terminal).await?.map(|client| client.writer()))
    }

    /// Connects to the organization; a simulated one is started in this process.
    #[cfg_attr(
        not(feature = "sandbox"),
        expect(clippy::unused_async, reason = "only a sandbox is started asynchronously")
    )]
    async fn connect(
        &self,
        global: &GlobalArgs,
        desired: Option<&Desired>,
        terminal: Terminal,
    ) -> Result<Connection<Client>, Failure> {
        #[cfg(feature = "sandbox")]
        if let Some(file) = &global.sandbox {
            return self.connect_sandbox(file.as_deref(), desired).await;
        }
        #[cfg(not(feature = "sandbox"))]
        let _ = (global, desired);
        let endpoint = self.trusted_endpoint()?;
        let credentials = environment::credentials(terminal)?;
        let client = Client::new(&endpoint, &credentials, Settings::default()).map_err(Failure::new)?;
        Ok(Connection {
            client,
            #[cfg(feature = "sandbox")]
            sandbox: None,
        })
    }

    #[cfg(feature = "sandbox")]
    async fn connect_sandbox(
        &self,
        file: Option<&Path>,
        desired: Option<&Desired>,
    ) -> Result<Connection<Client>, Failure> {
        use crate::api::Credentials;
        use crate::model::Role;
        use crate::sandbox::{Behaviour, Options, Organization, Sandbox, SecondInvitation};

        let file = match file {
            Some(file) => file.to_owned(),
            None => self.sandbox_folder()?.join("organization.json"),
        };
        let organization = desired.map_or_else(Organization::example, |desired| {
            let projects = desired.projects.iter().map(|(id, project)| {
                (id.as_str().to_owned(), project.name.clone().unwrap_or_else(|| project.alias.clone()))
            });
            let schedules = desired.people.values().flat_map(|person| person.access.values());
            let given = schedules.flat_map(crate::desired::Schedule::roles);
            let custom = given.filter_map(|role| match role {
                Role::Custom(id) => Some(id),
                _ => None,
            });
            let roles: std::collections::BTreeSet<_> =
                desired.roles.keys().chain(custom).map(|id| id.as_str().to_owned()).collect();
            Organization::for_team(projects, roles)
        });
        if let Some(parent) = file.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|error| {
                Failure::new(format!("cannot create folder `{}`: {error}", crate::escape::path(parent)))
            })?;
        }
        // A sandbox run does not wait, and shows how an invitation is sent again.
        let options = Options {
            organization,
            file: Some(file),
            rate_limit: None,
            behaviour: Behaviour { second_invitation: SecondInvitation::SentAgain, ..Behaviour::default() },
            ..Options::default()
        };
        let handle = Sandbox::start(options).await.map_err(Failure::new)?;
        let endpoint = TrustedEndpoint::named_by_operator(handle.base_url().parse().map_err(Failure::new)?);
        let credentials = Credentials::parse(&handle.credentials().id, &handle.credentials().token)
            .map_err(Failure::new)?;
        let client = Client::new(&endpoint, &credentials, Settings::default()).map_err(Failure::new)?;
        Ok(Connection { client, sandbox: Some(handle) })
    }
}

/// A connection to an organization through a [`Reader`] or a [`Writer`].
pub(crate) struct Connection<C> {
    /// Makes the calls.
    pub(crate) client: C,
    #[cfg(feature = "sandbox")]
    sandbox: Option<crate::sandbox::Handle>,
}

impl<C> Connection<C> {
    fn map<D>(self, part: impl FnOnce(C) -> D) -> Connection<D> {
        Connection {
            client: part(self.client),
            #[cfg(feature = "sandbox")]
            sandbox: self.sandbox,
        }
    }

    /// Closes the connection, and saves a simulated organization to its file.
    #[cfg_attr(
        not(feature = "sandbox"),
        expect(clippy::unused_async, reason = "only a sandbox is started asynchronously")
    )]
    pub(crate) async fn close(self) -> Result<(), Failure> {
        #[cfg(feature = "sandbox")]
        if let Some(handle) = self.sandbox {
            handle.shutdown().await.map_err(Failure::new)?;
        }
        Ok(())
    }
}
