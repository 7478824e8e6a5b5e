//! Where the organization and the ledger are, and the way to them.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::args::Everywhere;
use super::environment;
use super::failure::Failure;
use super::load::folder_of;
use super::terminal::Terminal;
use crate::api::{Client, Settings};
use crate::desired::{Desired, Team};
use crate::identity::Endpoint;
use crate::ledger::{Clock, Ledger, LedgerLocation};

/// The folder of the ledger where nothing else is said.
const LEDGER: &str = ".guestlist";

/// Which organization, and which ledger.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The organization.
    pub(crate) endpoint: Endpoint,
    /// The ledger, as it can be named from the working folder.
    pub(crate) ledger_name: String,
    /// Relative names in the team file begin here.
    #[cfg(feature = "sandbox")]
    pub(crate) folder: std::path::PathBuf,
}

impl Place {
    /// What the arguments say comes before what the team file says.
    pub(crate) fn new(
        everywhere: &Everywhere,
        folder: &Path,
        from_file: Option<(&Endpoint, Option<&str>)>,
    ) -> Result<Self, Failure> {
        let endpoint = match (asked_endpoint(everywhere)?, from_file) {
            (Some(endpoint), _) => endpoint,
            (None, Some((endpoint, _))) => endpoint.clone(),
            (None, None) => Endpoint::default(),
        };
        let ledger_name = match (&everywhere.ledger, from_file.and_then(|(_, ledger)| ledger)) {
            (Some(ledger), _) => ledger.clone(),
            (None, Some(ledger)) if ledger.contains("://") => ledger.to_owned(),
            (None, ledger) => {
                let path = folder.join(ledger.unwrap_or(LEDGER));
                path.strip_prefix(".").unwrap_or(&path).display().to_string()
            }
        };
        Ok(Self {
            endpoint,
            ledger_name,
            #[cfg(feature = "sandbox")]
            folder: folder.to_owned(),
        })
    }

    /// Where the team file at `path` says.
    pub(crate) fn of_team(everywhere: &Everywhere, path: &Path, team: &Team) -> Result<Self, Failure> {
        Self::new(everywhere, &folder_of(path), Some((&team.endpoint, team.ledger.as_deref())))
    }

    /// Opens the ledger; one that is not there yet is empty.
    pub(crate) fn ledger(&self) -> Result<Ledger, Failure> {
        let location = LedgerLocation::parse(&self.ledger_name, Path::new("")).map_err(Failure::new)?;
        Ledger::open(&location).map_err(Failure::new)
    }

    /// The way to the organization. A simulated one is started inside this process.
    #[cfg_attr(not(feature = "sandbox"), expect(clippy::unused_async, reason = "a sandbox takes its time"))]
    pub(crate) async fn connect(
        &self,
        everywhere: &Everywhere,
        desired: Option<&Desired>,
        terminal: Terminal,
    ) -> Result<Connection, Failure> {
        #[cfg(feature = "sandbox")]
        if let Some(file) = &everywhere.sandbox {
            return self.connect_sandbox(file.as_deref(), desired).await;
        }
        #[cfg(not(feature = "sandbox"))]
        let _ = (everywhere, desired);
        if self.endpoint == Endpoint::sandbox() {
            return Err(Failure::new("this plan is for a simulated organization: run with --sandbox"));
        }
        let credentials = environment::credentials(terminal)?;
        let client = Client::new(&self.endpoint, &credentials, Settings::default()).map_err(Failure::new)?;
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
    ) -> Result<Connection, Failure> {
        use crate::api::Credentials;
        use crate::identity::Role;
        use crate::sandbox::{Options, Organization, Sandbox};

        let file = file.map_or_else(|| self.folder.join(LEDGER).join("sandbox.json"), Path::to_owned);
        let organization = desired.map_or_else(Organization::example, |desired| {
            let projects = desired.projects.iter().map(|(id, project)| {
                (id.as_str().to_owned(), project.name.clone().unwrap_or_else(|| project.alias.clone()))
            });
            let given = desired.people.values().flat_map(|person| person.access.values());
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
                let shown = parent.display().to_string();
                Failure::new(format!("the folder `{}` cannot be made: {error}", crate::inert::line(&shown)))
            })?;
        }
        let options = Options { organization, file: Some(file), ..Options::default() };
        let handle = Sandbox::start(options).await.map_err(Failure::new)?;
        let endpoint: Endpoint = handle.base_url().parse().map_err(Failure::new)?;
        let credentials = Credentials::parse(&handle.credentials().id, &handle.credentials().token)
            .map_err(Failure::new)?;
        let client = Client::new(&endpoint, &credentials, Settings::default()).map_err(Failure::new)?;
        Ok(Connection { client, sandbox: Some(handle) })
    }
}

/// The way to an organization.
pub(crate) struct Connection {
    /// Makes the calls.
    pub(crate) client: Client,
    #[cfg(feature = "sandbox")]
    sandbox: Option<crate::sandbox::Handle>,
}

impl Connection {
    /// Ends it. A simulated organization is kept in its file.
    #[cfg_attr(not(feature = "sandbox"), expect(clippy::unused_async, reason = "a sandbox takes its time"))]
    pub(crate) async fn close(self) -> Result<(), Failure> {
        #[cfg(feature = "sandbox")]
        if let Some(handle) = self.sandbox {
            handle.shutdown().await.map_err(Failure::new)?;
        }
        Ok(())
    }
}

fn asked_endpoint(everywhere: &Everywhere) -> Result<Option<Endpoint>, Failure> {
    #[cfg(feature = "sandbox")]
    if everywhere.sandbox.is_some() {
        return Ok(Some(Endpoint::sandbox()));
    }
    let Some(url) = &everywhere.endpoint else { return Ok(None) };
    if let Some(endpoint) = Endpoint::of_cluster(url) {
        return Ok(Some(endpoint));
    }
    match url.parse() {
        Ok(endpoint) => Ok(Some(endpoint)),
        Err(why) => {
            Err(Failure::new(format!("--endpoint {} cannot be used: {why}", crate::team_file::shown(url))))
        }
    }
}

/// The clock of the system.
pub(crate) fn clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// The day it is, UTC.
pub(crate) fn today() -> jiff::civil::Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}
