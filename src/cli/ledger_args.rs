//! The arguments of `guestlist ledger`.

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct LedgerCommand {
    /// What to do
    pub(crate) action: LedgerAction,
    /// Ledger to copy: a folder, `s3://bucket/prefix` or `az://container/prefix`
    pub(crate) from: String,
    /// Where to copy it: a folder or prefix with nothing in it
    pub(crate) to: String,
}

/// What `guestlist ledger` does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum LedgerAction {
    Copy,
}
