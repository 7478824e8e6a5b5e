//! The sentences of notes, refusals, doubts and remarks: all text that a plan shows is written here.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::View;
use crate::desired::Desired;
use crate::escape;
use crate::known::{Doubt, Evidence, EvidenceSource, LeftOut, Remark, days_between};
use crate::model::{Access, ProjectId, Role};
use crate::plan::{Fact, Later, Note, Origin, Refusal};
use crate::words::{self, count, people};

const CANCEL: &str = "cancel it in Team settings";

impl View<'_> {
    /// What a note says, without the person.
    pub(super) fn note(&self, note: &Note) -> String {
        let project = |project: Option<&ProjectId>| {
            project.map(|project| self.desired.project_name(project)).unwrap_or_default()
        };
        let role = |role: &Role| self.desired.role_name(role);
        let access = |access: &Access| self.desired.access_names(access);
        match &note.fact {
            Fact::LastProject { role: kept } => format!(
                "keeps {} in {}: the API cannot remove a user's last project; delete the user in Team settings",
                role(kept),
                project(note.project.as_ref())
            ),
            Fact::ExcessInvitation { sent_on, access: excess } => format!(
                "invited {} with more than the file gives ({}); {CANCEL}",
                self.days_ago(*sent_on),
                access(excess)
            ),
            Fact::CannotCancel { sent_on, access: offered, until: None } => {
                format!(
                    "invited {}, not in the file ({}); {CANCEL}",
                    self.days_ago(*sent_on),
                    access(offered)
                )
            }
            Fact::CannotCancel { sent_on, access: offered, until: Some(until) } => format!(
                "access ended on {until}, and the invitation sent {} is still pending ({}); {CANCEL}",
                self.days_ago(*sent_on),
                access(offered)
            ),
            Fact::MaybeInvited { sent_on } => format!(
                "may have been invited {} (no confirmed response), not in the file; check Team settings",
                self.days_ago(*sent_on)
            ),
            Fact::Stale { sent_on, later } => {
                let who = note.email.as_ref().map(ToString::to_string).unwrap_or_default();
                format!(
                    "invited {} and not accepted yet; run `guestlist resend {who}`{}",
                    self.days_ago(*sent_on),
                    self.later(later)
                )
            }
            Fact::Invited { sent_on, later } => {
                format!("invited {}{}", self.days_ago(*sent_on), self.later(later))
            }
            Fact::InFlight => {
                "an earlier invite got no confirmed response; it will be retried safely".to_owned()
            }
            Fact::Wave { waiting: 1, most } => {
                format!("1 invitation waits for a later run: this run sends at most {most}")
            }
            Fact::Wave { waiting, most } => {
                format!("{waiting} invitations wait for a later run: this run sends at most {most}")
            }
            Fact::Starts { from, member: false } => format!("starts on {from}"),
            Fact::Starts { from, member: true } => {
                format!("starts on {from}; is a member already and not changed until then")
            }
            Fact::Ends { until } => format!("access ends after {until}"),
            Fact::Ended { until, member: true } => format!("access ended on {until}"),
            Fact::Ended { until, member: false } => format!("access ended on {until}; not a member"),
            Fact::ExtraRoles { access: extra } => {
                format!("not in the file: {}; kept by `prune: none`", access(extra))
            }
            Fact::Unlisted { access: kept, prune } => {
                format!("not in the file ({}); kept by `prune: {prune}`", access(kept))
            }
            Fact::Protected { pattern, access: kept } if kept.is_empty() => {
                format!("protected by `{}`; not invited", escape::line(pattern))
            }
            Fact::Protected { pattern, access: kept } => {
                format!("protected by `{}` ({})", escape::line(pattern), access(kept))
            }
            Fact::OwnerDiffers { has, desired } => format!(
                "owner, has {} in {}, in the file {}; owners are never changed",
                role(has),
                project(note.project.as_ref()),
                desired.as_ref().map_or_else(|| "none".to_owned(), role)
            ),
            Fact::OwnerKept { access: kept, listed } => {
                let listed = if *listed { "" } else { ", not in the file" };
                format!("owner{listed}; owners are never changed ({})", access(kept))
            }
        }
    }

    /// `today`, `yesterday`, `3 days ago`.
    fn days_ago(&self, day: Date) -> String {
        words::days_ago(days_between(day, self.plan.date))
    }

    fn later(&self, later: &[Later]) -> String {
        if later.is_empty() {
            return String::new();
        }
        let each = later.iter().map(|Later { project, from, to }| {
            let (project, to) = (self.desired.project_name(project), self.desired.role_name(to));
            match from {
                Some(from) => format!("{project} {} → {to}", self.desired.role_name(from)),
                None => format!("{project} + {to}"),
            }
        });
        format!("; on acceptance: {}", each.collect::<Vec<_>>().join(", "))
    }

    /// Why a guard blocks the plan, with its numbers and names.
    pub(super) fn refusal(&self, refusal: &Refusal) -> String {
        self::refusal(self.desired, refusal)
    }
}

/// Why a guard blocks the plan, with its numbers and names.
#[must_use]
pub fn refusal(desired: &Desired, refusal: &Refusal) -> String {
    match refusal {
        Refusal::DoubtfulReading(doubts) => {
            let first = doubts.first().map(doubt).unwrap_or_default();
            let more = match doubts.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(" (and {})", count(more, "more doubt")),
            };
            format!(
                "the member list looks incomplete: {first}{more}; no removals will be made; run again later"
            )
        }
        Refusal::EmptyPeople => {
            "the file lists no one, and `prune: people` would remove everyone's access".to_owned()
        }
        Refusal::ListedTwice { first, other } => format!(
            "{first} and {other} are one user, listed by login and by address; remove one of the two entries"
        ),
        Refusal::KeepAdmins { project, left, keep, losing } => format!(
            "{} would be left with {}, and `keep_admins: {keep}` requires more; ADMIN would be lost by {}; make someone else ADMIN first",
            desired.project_name(project),
            count(*left, "ADMIN"),
            words::list(losing)
        ),
        Refusal::MaxNewAdmins { people: becoming, most, allowed } => {
            let number = becoming.len();
            let become_admin = if number == 1 { "becomes" } else { "become" };
            format!(
                "{} {become_admin} ADMIN, and `max_new_admins: {most}` allows {most}: {}; {}",
                people(number),
                words::list(becoming),
                way_out("--allow-new-admins", number, *allowed)
            )
        }
        Refusal::MaxRemovals { project, removals: (here, all), base, limit, most, people, allowed } => {
            let out_of = match project {
                Some(project) => format!("{} of {}", count(*base, "member"), desired.project_name(project)),
                None => format!("{} in all", count(*base, "membership")),
            };
            format!(
                "{} out of {out_of}, and `max_removals: {limit}` allows {most}: {}; {}",
                count(*here, "removal"),
                words::list(people),
                way_out("--allow-removals", *all, *allowed)
            )
        }
    }
}

fn way_out(flag: &str, number: usize, allowed: Option<usize>) -> String {
    match allowed {
        Some(other) => format!("{flag} {other} does not match: the number is {number}"),
        None => format!("to allow this once, pass {flag} {number}"),
    }
}

/// The origin of a change.
pub(super) fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::PullRequest => "pull request",
        Origin::Drift => "drift",
        Origin::Manual => "manual",
    }
}

/// Where and when the members were read: `read live at 09:30:00 UTC`.
pub(super) fn evidence(evidence: Evidence) -> String {
    let read_at = evidence.read_at.to_zoned(TimeZone::UTC);
    match evidence.source {
        EvidenceSource::Live => format!("read live at {}", read_at.strftime("%H:%M:%S UTC")),
        EvidenceSource::Ledger => {
            format!("offline: snapshot from {}", read_at.strftime("%Y-%m-%d %H:%M:%S UTC"))
        }
    }
}

/// Why a reading may be wrong, by project id.
#[must_use]
pub fn doubt(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Short { project, got, total } => format!(
            "List Users of {project} gave {} and says there are {total}",
            count(usize::try_from(*got).unwrap_or(usize::MAX), "user")
        ),
        Doubt::Moving { project } => {
            format!("List Users of {project} changed while it was read: its pages name different totals")
        }
        Doubt::Empty { project, before } => format!(
            "List Users of {project} came back empty, and the project had {} before; if that is true, give one person a role there by hand, then run again",
            count(*before, "member")
        ),
        Doubt::Inconsistent { project, login } => {
            format!("the lists disagree on whether {login} has a role in {project}, or which")
        }
        Doubt::TwoUsers { address } => format!("two users match the address {address}"),
        Doubt::TwoLogins { user, login, other } => {
            format!("the lists have the user {user} with two logins, {login} and {other}")
        }
    }
}

/// What `import` could not write, for a comment in the team file.
#[must_use]
pub fn remark(remark: &Remark) -> String {
    match remark {
        Remark::LeftOut(LeftOut::Project(id, reason)) => {
            format!("skipped project {id}: its id is not valid in a team file: {reason}")
        }
        Remark::LeftOut(LeftOut::Role(id, reason)) => {
            format!("skipped role {id}: its id is not valid in a team file: {reason}")
        }
        Remark::LeftOut(LeftOut::Login(login, reason)) => {
            format!("skipped {login}: the login is not a valid email address: {reason}")
        }
        Remark::LeftOut(LeftOut::Person(login)) => {
            format!("skipped {login}: none of their access can be written to a team file")
        }
        Remark::Name { login, which, reason: None, written } => {
            format!("{login} has no {which} name; written as `{written}`")
        }
        Remark::Name { login, which, reason: Some(reason), written } => {
            format!("the {which} name of {login} {reason}; written as `{written}`")
        }
    }
}
