//! What commands need that answer from the ledger alone: the ledger, checked, and the names of the team file.

use std::collections::BTreeSet;
use std::path::Path;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::situation::ledger_of;
use super::target::{Target, named_endpoint};
use super::terminal::Terminal;
use super::verification::warn;
use crate::desired::{Desired, Team};
use crate::ledger::{Ledger, Verification};
use crate::model::ProjectId;

/// A ledger that exists, and its team file, if there is one.
pub(crate) struct AuditTrail {
    /// Where the ledger is.
    pub(crate) target: Target,
    /// The team file, or an empty one without names.
    pub(crate) desired: Desired,
    /// Whether there is a team file.
    pub(crate) has_team: bool,
    /// The ledger.
    pub(crate) ledger: Ledger,
    /// The check of it.
    pub(crate) verification: Verification,
}

impl AuditTrail {
    /// Opens and checks the ledger. No credentials are needed.
    pub(crate) fn open(path: &Path, global: &GlobalArgs, terminal: Terminal) -> Result<Self, Failure> {
        let (mut target, team) = ledger_of(path, global, terminal)?;
        let ledger = target.ledger()?;
        ledger.must_exist().map_err(Failure::new)?;
        let verification = ledger.verify().map_err(Failure::new)?;
        if team.is_none() && named_endpoint(global)?.is_none() {
            // Nothing names the organization but the ledger itself.
            let mut runs = ledger.log().map_err(Failure::new)?.filter_map(Result::ok);
            if let Some(endpoint) = runs.find_map(|run| run.run().map(|(_, began)| began.endpoint.clone())) {
                target.endpoint = endpoint;
            }
        }
        let has_team = team.is_some();
        let desired = team.map(|Team { desired, .. }| desired).unwrap_or_default();
        Ok(Self { target, desired, has_team, ledger, verification })
    }

    /// Reports every problem of the ledger, before anything from it is shown.
    pub(crate) fn warn(&self, terminal: Terminal) {
        warn(&self.verification, terminal);
    }

    /// The managed projects, which alone are shown. None without a team file: then the ledger alone says them.
    pub(crate) fn managed(&self) -> Option<BTreeSet<ProjectId>> {
        self.has_team.then(|| self.desired.projects.keys().cloned().collect())
    }

    /// The organization that is asked about.
    pub(crate) fn realm(&self) -> &str {
        self.target.endpoint.realm()
    }
}
