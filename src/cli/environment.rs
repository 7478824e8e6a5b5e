//! The environment variables: credentials, endpoint, and who runs guestlist.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::failure::Failure;
use super::terminal::Terminal;
use crate::api::Credentials;
use crate::escape;
use crate::files;
use crate::ledger::{StoreVariables, Who};

const ID: &str = "VOUCHERIFY_MANAGEMENT_ID";
const TOKEN: &str = "VOUCHERIFY_MANAGEMENT_TOKEN";

/// The default of `--endpoint`.
pub(crate) const ENDPOINT: &str = "VOUCHERIFY_ENDPOINT";

/// What else can be done without credentials.
const INSTEAD: &str = if cfg!(feature = "sandbox") { ", or try guestlist out with --sandbox" } else { "" };

/// The size limit of a credentials file, in bytes.
const LONGEST_SECRET: usize = 64 * 1024;

/// The credentials from two variables, or from the files named in two others.
pub(crate) fn credentials(terminal: Terminal) -> Result<Credentials, Failure> {
    let id = secret(ID, terminal)?;
    let token = secret(TOKEN, terminal)?;
    match (id, token) {
        (Some(id), Some(token)) => Credentials::parse(&id, &token).map_err(Failure::new),
        (id, token) => {
            let missing: Vec<_> = [(id, ID), (token, TOKEN)]
                .into_iter()
                .filter(|(value, _)| value.is_none())
                .map(|(_, name)| name)
                .collect();
            Err(Failure::new(format!(
                "no credentials: set {} (or {}, pointing to {}){INSTEAD}",
                crate::words::list(&missing),
                crate::words::list(&missing.iter().map(|name| format!("{name}_FILE")).collect::<Vec<_>>()),
                if missing.len() == 1 { "a file" } else { "files" }
            )))
        }
    }
}

/// The endpoint from the environment, if set.
pub(crate) fn endpoint() -> Result<Option<String>, Failure> {
    let Some(value) = std::env::var_os(ENDPOINT).filter(|value| !value.is_empty()) else { return Ok(None) };
    value.into_string().map(Some).map_err(|_| Failure::new(format!("{ENDPOINT} is not valid UTF-8")))
}

/// The settings and credentials of object stores.
pub(crate) fn store_variables() -> StoreVariables {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).collect()
}

fn secret(name: &str, terminal: Terminal) -> Result<Option<String>, Failure> {
    if let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) {
        return match value.into_string() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Failure::new(format!("{name} is not valid UTF-8"))),
        };
    }
    let file_name = format!("{name}_FILE");
    let Some(path) = std::env::var_os(&file_name).filter(|path| !path.is_empty()) else { return Ok(None) };
    let path = Path::new(&path);
    if fs::symlink_metadata(path).is_err_and(|error| error.kind() != ErrorKind::PermissionDenied) {
        // It may be the credential itself, so it is not shown.
        return Err(Failure::new(format!(
            "{file_name} is not the path of a file; set it to the path of a file with the credential, not to the credential itself"
        )));
    }
    let shown = escape::path(path);
    warn_if_others_can_read(path, terminal);
    let failure = |what: &str| Failure::new(format!("{shown} (from {file_name}) {what}"));
    let read = files::open(path).and_then(|file| files::read_at_most(file, LONGEST_SECRET));
    let bytes = read.map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => failure("is too large for a credential"),
        kind => Failure::new(format!("cannot read {shown} (from {file_name}): {kind}")),
    })?;
    if bytes.is_empty() {
        return Err(failure("is empty"));
    }
    let text = String::from_utf8(bytes).map_err(|_| failure("is not valid UTF-8"))?;
    Ok(Some(text.trim().to_owned()))
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path, terminal: Terminal) {
    use std::os::unix::fs::PermissionsExt as _;
    if fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
    {
        let shown = escape::path(path);
        terminal.warn(&format!("other users can read the credentials in {shown}; run `chmod 600 {shown}`"));
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_path: &Path, _terminal: Terminal) {}

/// Who runs guestlist: the actor in CI, otherwise the user and host.
pub(crate) fn who() -> Who {
    let of = |names: &[&str]| {
        names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    };
    let actor = of(&["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOR", "CIRCLE_USERNAME"]);
    Who {
        user: if actor.is_none() { of(&["USER", "LOGNAME", "USERNAME"]) } else { None },
        actor,
        commit: of(&["GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION", "CIRCLE_SHA1"]),
        job: of(&["GITHUB_RUN_ID", "CI_JOB_URL", "BUILD_BUILDID", "CIRCLE_BUILD_URL"]),
        // Shown with a lock, so that people know which machine has it.
        host: fs::read_to_string("/proc/sys/kernel/hostname")
            .ok()
            .map(|name| name.trim().to_owned())
            .or_else(|| of(&["HOSTNAME", "COMPUTERNAME"])),
    }
}
