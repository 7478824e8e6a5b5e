//! The organization and the ledger: arguments take precedence over files, and a file alone can name neither
//! a foreign host nor a folder outside its own.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::args::GlobalArgs;
use super::environment;
use super::failure::Failure;
use super::terminal::Terminal;
use crate::desired::{LEDGER, SANDBOX_LEDGER, Team};
#[cfg(feature = "sandbox")]
use crate::escape;
use crate::files::folder_of;
use crate::ledger::{Ledger, LedgerLocation};
use crate::model::{BucketLocation, Endpoint, TrustedEndpoint};
use crate::team_file::shown;

/// The organization and the ledger of a command.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The organization.
    pub(crate) endpoint: Endpoint,
    /// The endpoint, if credentials may be sent to it.
    trusted: Option<TrustedEndpoint>,
    /// The ledger, relative to the working directory.
    pub(crate) ledger_name: String,
    /// The folder of the ledger, if no argument names it.
    ledger_folder: Option<PathBuf>,
    /// Where it is said that the ledger does not respond.
    terminal: Terminal,
    /// The folder of the sandbox.
    #[cfg(feature = "sandbox")]
    sandbox: PathBuf,
}

impl Target {
    /// As the arguments say, otherwise as a file in `folder` says that names an endpoint and perhaps a ledger.
    pub(crate) fn new(
        global: &GlobalArgs,
        folder: &Path,
        from_file: Option<(&Endpoint, Option<&str>)>,
    ) -> Result<Self, Failure> {
        let (endpoint, trusted) = match (named_endpoint(global)?, from_file) {
            (Some(endpoint), _) => {
                let trusted = TrustedEndpoint::named_by_operator(endpoint.clone());
                (endpoint, Some(trusted))
            }
            (None, Some((endpoint, _))) => (endpoint.clone(), TrustedEndpoint::named_by_file(endpoint)),
            (None, None) => (Endpoint::default(), TrustedEndpoint::named_by_file(&Endpoint::default())),
        };
        let written = from_file.and_then(|(_, ledger)| ledger);
        // A plan that was made with `--sandbox` names the ledger of that sandbox.
        let sandbox_ledger = written.filter(|ledger| Path::new(ledger).ends_with(SANDBOX_LEDGER));
        let sandbox = sandbox_ledger.unwrap_or(SANDBOX_LEDGER);
        let (ledger_name, ledger_folder) = match (&global.ledger, is_sandboxed(global)) {
            (Some(ledger), _) => (ledger.clone(), None),
            (None, true) => folder_inside(folder, sandbox)?,
            (None, false) if sandbox_ledger.is_some() => {
                return Err(Failure::new(format!(
                    "the ledger {} is reserved for --sandbox; choose another folder",
                    shown(sandbox)
                )));
            }
            (None, false) => match written {
                Some(url) if BucketLocation::is_url(url) => (url.to_owned(), None),
                folder_name => folder_inside(folder, folder_name.unwrap_or(LEDGER))?,
            },
        };
        Ok(Self {
            endpoint,
            trusted,
            ledger_name,
            ledger_folder,
            terminal: Terminal::new(global),
            #[cfg(feature = "sandbox")]
            sandbox: folder.join(sandbox),
        })
    }

    /// As the team file at `path` says.
    pub(crate) fn of_team(global: &GlobalArgs, path: &Path, team: &Team) -> Result<Self, Failure> {
        Self::new(global, &folder_of(path), Some((&team.endpoint, team.ledger.as_deref())))
    }

    /// Opens the ledger; a missing one is empty.
    pub(crate) fn ledger(&self) -> Result<Ledger, Failure> {
        let location = match &self.ledger_folder {
            Some(folder) => LedgerLocation::Folder(folder.clone()),
            None => LedgerLocation::parse(&self.ledger_name, Path::new("")).map_err(Failure::new)?,
        };
        let ledger = Ledger::open(&location, &environment::store_variables()).map_err(Failure::new)?;
        let terminal = self.terminal;
        ledger.say_waiting(move |sentence| terminal.say(sentence));
        Ok(ledger)
    }

    /// The ledger as a saved plan keeps it: as text that names the same folder when it is read back.
    pub(crate) fn ledger_in_plan(&self) -> Result<&str, Failure> {
        match &self.ledger_folder {
            Some(folder) if folder.to_str().is_none() => Err(Failure::new(format!(
                "cannot save a plan with the ledger {}, because its name is not valid UTF-8; pass --ledger",
                shown(&self.ledger_name)
            ))),
            _ => Ok(&self.ledger_name),
        }
    }

    /// The endpoint, if credentials may be sent to it.
    pub(super) fn trusted_endpoint(&self) -> Result<TrustedEndpoint, Failure> {
        let endpoint = &self.endpoint;
        if *endpoint == Endpoint::sandbox() {
            return Err(Failure::new(if cfg!(feature = "sandbox") {
                "this plan is for a simulated organization; pass --sandbox"
            } else {
                "this plan is for a simulated organization, which this build of guestlist does not have"
            }));
        }
        self.trusted.clone().ok_or_else(|| {
            Failure::new(format!(
                "credentials were not sent to {endpoint}: it is not a voucherify.io host and only a file names it; if it is correct, pass --endpoint {endpoint}"
            ))
        })
    }

    /// The folder of the sandbox, created with a `.gitignore` if it does not exist.
    #[cfg(feature = "sandbox")]
    pub(super) fn sandbox_folder(&self) -> Result<PathBuf, Failure> {
        let parents = self.sandbox.parent().into_iter().chain([self.sandbox.as_path()]);
        for folder in parents.filter(|folder| !folder.is_dir()) {
            let made = fs::create_dir_all(folder).and_then(|()| fs::write(folder.join(".gitignore"), "*\n"));
            made.map_err(|error| {
                Failure::new(format!("cannot create folder `{}`: {error}", escape::path(folder)))
            })?;
        }
        Ok(self.sandbox.clone())
    }
}

/// Refuses a team file whose organization or ledger differs from the base's, unless an argument names it: the
/// author of a file must not choose where credentials and records go.
pub(crate) fn keep_to_base(global: &GlobalArgs, team: &Team, base: &Team) -> Result<(), Failure> {
    if is_sandboxed(global) {
        return Ok(());
    }
    if team.endpoint != base.endpoint && named_endpoint(global)?.is_none() {
        return Err(Failure::new(format!(
            "`cluster` differs from the base, so nothing was sent: {} → {}; to use one of them, pass --endpoint",
            base.endpoint, team.endpoint
        )));
    }
    let [ledger, before] = [team, base].map(|team| team.ledger.as_deref().unwrap_or(LEDGER));
    if parts_of(ledger) != parts_of(before) && global.ledger.is_none() {
        return Err(Failure::new(format!(
            "`ledger` differs from the base, so nothing was sent: {} → {}; to use one of them, pass --ledger",
            shown(before),
            shown(ledger)
        )));
    }
    Ok(())
}

/// The significant parts of a path: `./ledger/` is `ledger`.
fn parts_of(ledger: &str) -> Vec<Component<'_>> {
    Path::new(ledger).components().filter(|part| *part != Component::CurDir).collect()
}

/// The folder `name` inside `folder`: how to show it, and its path.
fn folder_inside(folder: &Path, name: &str) -> Result<(String, Option<PathBuf>), Failure> {
    if leads_out(folder, Path::new(name)) {
        return Err(Failure::new(format!(
            "the ledger {} is outside the folder of the file that names it; if it is correct, pass --ledger",
            shown(name)
        )));
    }
    let path = folder.join(name);
    let path = path.strip_prefix(".").unwrap_or(&path);
    let from_here = std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok());
    Ok((from_here.unwrap_or(path).display().to_string(), Some(path.to_owned())))
}

/// Whether `name` leads out of `folder`, by its text or by a link. A missing path leads nowhere.
pub(super) fn leads_out(folder: &Path, name: &Path) -> bool {
    if !name.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return true;
    }
    let Ok(inside) = fs::canonicalize(folder) else { return false };
    let mut path = folder.to_owned();
    for part in name.components() {
        path.push(part);
        if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return false;
        }
        // A dangling link leads out as soon as its target exists.
        if !fs::canonicalize(&path).is_ok_and(|real| real.starts_with(&inside)) {
            return true;
        }
    }
    false
}

/// The flag that names the sandbox of this command, for a command line to copy.
#[cfg(feature = "sandbox")]
pub(crate) fn sandbox_flag(global: &GlobalArgs) -> String {
    match &global.sandbox {
        None => String::new(),
        Some(None) => " --sandbox".to_owned(),
        Some(Some(file)) => format!(" --sandbox={}", escape::path(file)),
    }
}

#[cfg(not(feature = "sandbox"))]
pub(crate) fn sandbox_flag(_global: &GlobalArgs) -> String {
    String::new()
}

#[cfg(feature = "sandbox")]
fn is_sandboxed(global: &GlobalArgs) -> bool {
    global.sandbox.is_some()
}

#[cfg(not(feature = "sandbox"))]
fn is_sandboxed(_global: &GlobalArgs) -> bool {
    false
}

/// The endpoint that an argument or the environment names.
pub(super) fn named_endpoint(global: &GlobalArgs) -> Result<Option<Endpoint>, Failure> {
    if is_sandboxed(global) {
        return Ok(Some(Endpoint::sandbox()));
    }
    let (name, url) = match &global.endpoint {
        Some(url) => ("--endpoint", url.clone()),
        None => match environment::endpoint()? {
            Some(url) => (environment::ENDPOINT, url),
            None => return Ok(None),
        },
    };
    if let Some(endpoint) = Endpoint::of_cluster(&url) {
        return Ok(Some(endpoint));
    }
    url.parse().map(Some).map_err(|why| Failure::new(format!("invalid {name} {}: {why}", shown(&url))))
}
