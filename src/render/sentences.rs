//! The sentences of a plan: all text about notes, refusals, doubts, origins and times is written here.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::View;
use super::sections::Sentence;
use crate::desired::Desired;
use crate::escape;
use crate::known::{Doubt, Evidence, EvidenceSource, LeftOut, Remark, days_between};
use crate::model::{Access, Email, Estimate, ProjectId, Role};
use crate::plan::{Exceeded, Fact, Later, Note, Origin, Refusal};
use crate::words::{self, count, people};

const CANCEL: &str = "cancel it in Team settings";

/// The most people named in a sentence on a page that lists them all below.
const NAMED: usize = 5;

impl View<'_> {
    /// What a note says about the person.
    pub(super) fn note(&self, note: &Note) -> Sentence {
        let project = || note.project.as_ref().map(|it| self.desired.project_name(it)).unwrap_or_default();
        let role = |role: &Role| self.desired.role_name(role);
        let access = |access: &Access| self.desired.access_names(access);
        let days_ago = |day: &Date| words::days_ago(days_between(*day, self.plan.date));
        match &note.fact {
            Fact::LastProject { role: kept } => {
                const WHY: &str =
                    "the API cannot remove a user's last project; delete the user in Team settings";
                let keeps = format!("keeps {} in {}", role(kept), project());
                Sentence::new(format!("{keeps}: {WHY}")).listed(WHY, keeps)
            }
            Fact::ExcessInvitation { sent_on, access: excess } => {
                let (when, excess) = (days_ago(sent_on), access(excess));
                Sentence::new(format!("invited {when} with more than the file gives ({excess}); {CANCEL}"))
                    .listed(
                        format!("invited with more than the file gives; {CANCEL}"),
                        format!("{when}: {excess}"),
                    )
            }
            Fact::CannotCancel { sent_on, access: offered, until: None } => {
                let (when, offered) = (days_ago(sent_on), access(offered));
                Sentence::new(format!("invited {when}, not in the file ({offered}); {CANCEL}"))
                    .listed(format!("invited, not in the file; {CANCEL}"), format!("{when}: {offered}"))
            }
            Fact::CannotCancel { sent_on, access: offered, until: Some(until) } => {
                let (when, offered) = (days_ago(sent_on), access(offered));
                Sentence::new(format!(
                    "access ended on {until}, and the invitation sent {when} is still pending ({offered}); {CANCEL}"
                ))
                .listed(
                    format!("access ended, and the invitation is still pending; {CANCEL}"),
                    format!("ended on {until}, invited {when}: {offered}"),
                )
            }
            Fact::MaybeInvited { sent_on } => {
                const WHY: &str = "(no confirmed response), not in the file; check Team settings";
                let when = days_ago(sent_on);
                Sentence::new(format!("may have been invited {when} {WHY}"))
                    .listed(format!("may have been invited {WHY}"), when)
            }
            Fact::Stale { sent_on, later } => {
                let (when, later) = (days_ago(sent_on), self.later(later));
                let who = note.email.as_ref().map(ToString::to_string).unwrap_or_default();
                let resend = |who: &str| format!("not accepted yet; run `guestlist resend {who}`");
                Sentence::new(format!("invited {when} and {}{later}", resend(&who)))
                    .listed(format!("invited and {}", resend("EMAIL")), format!("{when}{later}"))
            }
            Fact::Invited { sent_on, later } => {
                let (when, later) = (days_ago(sent_on), self.later(later));
                Sentence::new(format!("invited {when}{later}")).listed("invited", format!("{when}{later}"))
            }
            Fact::InFlight => {
                Sentence::new("an earlier invite got no confirmed response; it will be retried safely")
            }
            Fact::Wave { waiting, most } => {
                let wait = if *waiting == 1 { "waits" } else { "wait" };
                let waiting = count(*waiting, "invitation");
                Sentence::new(format!("{waiting} {wait} for a later run: this run sends at most {most}"))
            }
            Fact::Starts { .. }
            | Fact::RoleStarts { .. }
            | Fact::Ends { .. }
            | Fact::RoleEnds { .. }
            | Fact::Ended { .. }
            | Fact::RoleEnded { .. }
            | Fact::ReviewDue { .. }
            | Fact::ReviewChanged { .. }
            | Fact::ReasonChanged { .. } => self.dates_and_reasons(&note.fact, &project()),
            Fact::ExtraRoles { access: extra, prune } => {
                let extra = access(extra);
                Sentence::new(format!("not in the file: {extra}; kept by `prune: {prune}`"))
                    .listed(format!("has roles that are not in the file; kept by `prune: {prune}`"), extra)
            }
            Fact::NothingDropped { projects } => Sentence::new(self.nothing_dropped(projects)),
            Fact::Unlisted { access: kept, prune } => {
                let kept = access(kept);
                Sentence::new(format!("not in the file ({kept}); kept by `prune: {prune}`"))
                    .listed(format!("not in the file; kept by `prune: {prune}`"), kept)
            }
            Fact::Protected { pattern, access: kept } => {
                let (pattern, kept) = (escape::line(pattern), access(kept));
                let protected = format!("protected by `{pattern}`");
                if kept.is_empty() {
                    return Sentence::new(format!("{protected}; not invited"));
                }
                Sentence::new(format!("{protected} ({kept})")).listed(protected, kept)
            }
            Fact::OwnerDiffers { has, desired } => Sentence::new(format!(
                "owner: {} in {}, {} in the file; owners are never changed",
                role(has),
                project(),
                desired.as_ref().map_or_else(|| "none".to_owned(), role)
            )),
            Fact::OwnerKept { access: kept, listed } => {
                let listed = if *listed { "" } else { ", not in the file" };
                Sentence::new(format!("owner{listed}; owners are never changed ({})", access(kept)))
            }
        }
    }

    /// What starts and ends when, and why someone has access; empty for any other fact.
    fn dates_and_reasons(&self, fact: &Fact, project: &str) -> Sentence {
        let role = |role: &Role| self.desired.role_name(role);
        Sentence::new(match fact {
            Fact::Starts { from, member: false } => format!("starts on {from}"),
            Fact::Starts { from, member: true } => {
                format!("starts on {from}; already a member, not changed until then")
            }
            Fact::RoleStarts { role: starting, from, has } => {
                let has = has.as_ref().map(|has| format!("; has {} until then", role(has)));
                format!("{} in {project} starts on {from}{}", role(starting), has.unwrap_or_default())
            }
            Fact::Ends { until } => format!("access ends after {until}"),
            Fact::RoleEnds { role: ending, until, then } => {
                let then = then.as_ref().map(|then| format!(", then {}", role(then))).unwrap_or_default();
                format!("{} in {project} ends after {until}{then}", role(ending))
            }
            Fact::Ended { until, member: true } => format!("access ended on {until}"),
            Fact::Ended { until, member: false } => format!("access ended on {until}; not a member"),
            Fact::RoleEnded { role: ended, until } => {
                format!("{} in {project} ended on {until}", role(ended))
            }
            Fact::ReviewDue { review_by } => {
                const WHY: &str = "confirm the access, then set a new `review_by`";
                return Sentence::new(format!("review due since {review_by}: {WHY}"))
                    .listed(format!("review due: {WHY}"), format!("since {review_by}"));
            }
            Fact::ReviewChanged { from, to } => {
                let [from, to] = [from, to].map(|day| day.map(|day| day.to_string()));
                changed("review by", from.as_deref(), to.as_deref())
            }
            Fact::ReasonChanged { from, to } => {
                let of = if project.is_empty() { String::new() } else { format!(" for {project}") };
                changed(&format!("reason{of}"), from.as_deref(), to.as_deref())
            }
            _ => String::new(),
        })
    }

    fn nothing_dropped(&self, projects: &[ProjectId]) -> String {
        let mut names: Vec<_> = projects.iter().map(|id| self.desired.project_name(id)).collect();
        names.sort();
        let (place, why) = if names.is_empty() {
            (String::new(), "the ledger has no applied file yet")
        } else {
            (format!(" in {}", words::list(&names)), "no file was applied there yet")
        };
        format!("`prune: dropped` removes nothing{place}: {why}; the next apply saves this one")
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

    /// Why a guard blocks the plan. Names only some people, because the page lists them all.
    pub(super) fn refusal(&self, refusal: &Refusal) -> String {
        let mut text = refused(self.desired, refusal, NAMED);
        let key = refusal.guard().policy_key();
        if self.policy_changes().iter().any(|change| Some(change.key) == key && change.loosened) {
            text.push_str("; the limit is the base's, which also applies to the pull request");
        }
        text
    }
}

/// `reason: spring campaign → summer campaign`.
fn changed(what: &str, from: Option<&str>, to: Option<&str>) -> String {
    let [from, to] = [from, to].map(|text| escape::line(text.unwrap_or("none")).into_owned());
    format!("{what}: {from} → {to}")
}

/// Why a guard blocks the plan, with all its numbers and names.
#[must_use]
pub fn refusal(desired: &Desired, refusal: &Refusal) -> String {
    refused(desired, refusal, usize::MAX)
}

fn refused(desired: &Desired, refusal: &Refusal, most_names: usize) -> String {
    let named = |people: &[Email]| named(people, most_names, ToString::to_string);
    match refusal {
        Refusal::DoubtfulReading(doubts) => incomplete(doubts, "no removals will be made"),
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
            named(losing)
        ),
        Refusal::MaxNewAdmins { people: becoming, most, allowed } => {
            let number = becoming.len();
            let become_admin = if number == 1 { "becomes" } else { "become" };
            format!(
                "{} {become_admin} ADMIN, and `max_new_admins: {most}` allows {most}: {}; {}",
                people(number),
                named(becoming),
                way_out("allow_new_admins", number, *allowed)
            )
        }
        Refusal::MaxRemovals { removals, exceeded, people, allowed } => {
            let mut limits: Vec<_> =
                exceeded.iter().map(|one| format!("`max_removals: {}`", one.limit)).collect();
            limits.dedup();
            let exceeded: Vec<_> = exceeded.iter().map(|one| self::exceeded(desired, one)).collect();
            format!(
                "{} {} {}: {}; {}",
                words::list(&limits),
                if limits.len() == 1 { "blocks" } else { "block" },
                words::list(&exceeded),
                named(people),
                way_out("allow_removals", *removals, *allowed)
            )
        }
    }
}

fn exceeded(desired: &Desired, exceeded: &Exceeded) -> String {
    let Exceeded { project, removals, base, limit: _, most } = exceeded;
    let out_of = match project {
        Some(project) => format!("{} of {}", count(*base, "member"), desired.project_name(project)),
        None => format!("{} in all", count(*base, "membership")),
    };
    format!("{} out of {out_of} ({most} allowed)", count(*removals, "removal"))
}

/// The first of `people`, and how many more there are.
fn named(people: &[Email], most: usize, show: impl Fn(&Email) -> String) -> String {
    // One name takes no more room than `and 1 more`.
    let most = if people.len() == most.saturating_add(1) { people.len() } else { most };
    words::list(&words::first(people.iter().map(show), most))
}

/// The people the plan is limited to, and how much it leaves out; none for a plan for everyone. `show` makes an email
/// safe for the page.
pub(super) fn only(view: &View, show: impl Fn(&Email) -> String) -> Option<String> {
    let only = view.plan.only.as_ref()?;
    let people = named(&only.people, NAMED, show);
    let are = if only.left_out == 1 { "is" } else { "are" };
    Some(format!("Only for {people}: {} of other people {are} left out", count(only.left_out, "change")))
}

/// How to override a guard once: `input` in a pipeline, or the flag of the same name.
fn way_out(input: &str, number: usize, allowed: Option<usize>) -> String {
    let flag = format!("--{}", input.replace('_', "-"));
    match allowed {
        Some(other) => format!("{flag} {other} does not match: the number is {number}"),
        None => {
            format!(
                "to allow this once, run the pipeline on the default branch with `{input}: {number}` and this plan's id, or pass {flag} {number}"
            )
        }
    }
}

/// What follows from what was different before the pull request, and who was changed outside Git. `show` makes
/// an email safe for the page.
pub(super) fn already_different(view: &View, show: impl Fn(&Email) -> String) -> Vec<String> {
    let origins = view.base.map(|base| base.origins.changes.as_slice()).unwrap_or_default();
    let mut sentences = Vec::new();
    let is_blocked = !view.plan.refused.is_empty();
    if !is_blocked && origins.iter().any(|origin| *origin != Origin::PullRequest) {
        sentences.push("The next apply makes these changes as well.".to_owned());
    }
    let changes = view.plan.changes.iter().zip(origins);
    let mut manual: Vec<_> = changes
        .filter(|(_, origin)| **origin == Origin::Manual)
        .map(|(change, _)| change.email().clone())
        .collect();
    manual.sort();
    manual.dedup();
    if !manual.is_empty() {
        let was = if manual.len() == 1 { "was" } else { "were" };
        let (number, names) = (people(manual.len()), named(&manual, NAMED, show));
        sentences.push(format!("{number} {was} changed outside Git: {names}. Ask why before merging."));
    }
    sentences
}

/// How long the calls take: `about 30 seconds`.
pub(super) fn expected(estimate: Estimate) -> String {
    match estimate {
        Estimate::About(time) if time.is_zero() => "no wait for the rate limit".to_owned(),
        Estimate::About(time) => words::about(time),
        Estimate::AtLeast { time, .. } => words::about(time).replacen("about", "at least", 1),
        Estimate::Windows { windows, calls, .. } => {
            let number = |n: u64, noun| count(usize::try_from(n).unwrap_or(usize::MAX), noun);
            format!("{} of {} (length unknown)", number(windows, "rate-limit window"), number(calls, "call"))
        }
    }
}

/// Where and when the members were read: `read live at 09:30:00 UTC`.
pub(super) fn evidence(evidence: Evidence) -> String {
    let read_at = evidence.read_at.to_zoned(TimeZone::UTC);
    match evidence.source {
        EvidenceSource::Live => format!("read live at {}", read_at.strftime("%H:%M:%S UTC")),
        EvidenceSource::Ledger => {
            format!("offline, snapshot from {}", read_at.strftime("%Y-%m-%d %H:%M:%S UTC"))
        }
    }
}

/// That a reading is doubtful, and what follows from it.
#[must_use]
pub fn incomplete(doubts: &[Doubt], consequence: &str) -> String {
    let first = doubts.first().map(doubt).unwrap_or_default();
    let more = match doubts.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and {})", count(more, "more doubt")),
    };
    format!("the member list looks incomplete: {first}{more}; {consequence}; run again later")
}

/// Why a reading may be wrong, by project id.
#[must_use]
pub fn doubt(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Short { project, got, total } => format!(
            "List Users of {project} returned {} but reported a total of {total}",
            count(usize::try_from(*got).unwrap_or(usize::MAX), "user")
        ),
        Doubt::Moving { project } => {
            format!("List Users of {project} changed while it was read: its pages report different totals")
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
