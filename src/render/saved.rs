//! Why a saved plan cannot be applied.

use crate::escape;
use crate::plan::{SAVED_PLAN_VERSION, SavedPlanError};

/// Why a saved plan cannot be applied, as a sentence about it.
#[must_use]
pub fn saved_plan_error(error: &SavedPlanError) -> String {
    match error {
        SavedPlanError::Unreadable(why) => {
            format!("not a saved plan ({}); make one with `guestlist plan --out`", escape::line(why))
        }
        SavedPlanError::OtherVersion(version) => format!(
            "its format is version {version} and this guestlist reads version {SAVED_PLAN_VERSION}; make the plan with the guestlist that applies it"
        ),
        SavedPlanError::Tampered => {
            "it was changed after it was made: its digests do not match its content; make a new plan"
                .to_owned()
        }
        SavedPlanError::OtherEndpoint { saved, asked } => {
            format!("it was made for {saved} and this run is for {asked}; make a plan for this one")
        }
        SavedPlanError::Undated => {
            "it does not say when it was made, so an older guestlist made it; make a new plan".to_owned()
        }
        SavedPlanError::Early(date) => format!("it is for {date}, which is in the future (UTC)"),
    }
}
