//! Short notations for team files and organizations: for the unit tests, and included by both test crates.

use std::collections::BTreeMap;

use guestlist::desired::{self, Team};
use guestlist::known::{Evidence, EvidenceSource, Invitation, Known, Member, RecentWrites};
use guestlist::model::{Access, Email, Endpoint, ProjectId, Role, UserId};
use guestlist::plan::{Plan, PlanOptions};
use guestlist::team_file::{Problems, Sources, parse_root};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};

/// The day of most unit tests.
pub(crate) const TODAY: Date = date(2026, 11, 22);

/// The beginning of most team files of unit tests.
pub(crate) const HEAD: &str = "\
version: 1
projects: {storefront: proj_s, loyalty: proj_l}
roles: {campaign-manager: role_c}
";

/// The team of a whole team file, with the locations of what it gives.
pub(crate) fn read(text: &str) -> Team {
    let (mut sources, mut problems) = (Sources::default(), Problems::default());
    let file = sources.add("team.yaml", text.as_bytes().to_vec(), &mut problems);
    let root = parse_root(&sources, file, &mut problems);
    match desired::resolve(&root, &[], desired::Terms::on(TODAY), problems) {
        Ok(team) => Team { provenance: desired::provenance(&sources, &root, &[], None), ..team },
        Err(problems) => panic!("{}\n{text}", problems.text(&sources, false)),
    }
}

/// The team of `HEAD` and `text`.
pub(crate) fn team(text: &str) -> Team {
    read(&format!("{HEAD}{text}"))
}

/// An entry of `people`: an address, and roles as `storefront: USER, loyalty: VIEWER`.
pub(crate) fn person(email: &str, projects: &str) -> String {
    let name = email.split('@').next().unwrap_or_default();
    format!("  - {{email: {email}, first_name: {name}, last_name: Doe, projects: {{{projects}}}}}\n")
}

/// Access as `proj_s=USER proj_l=VIEWER`.
pub(crate) fn access(text: &str) -> Access {
    text.split_whitespace()
        .filter_map(|grant| grant.split_once('='))
        .map(|(project, role)| (ProjectId::new(project), Role::from(role.to_owned())))
        .collect()
}

/// A member, not an owner and with no other projects.
pub(crate) fn member(id: String, login: Email, access: Access) -> Member {
    Member {
        id: UserId::new(id),
        login,
        email: None,
        first_name: "Mem".to_owned(),
        last_name: "Ber".to_owned(),
        access,
        elsewhere: false,
        is_owner: false,
    }
}

/// A live reading of no one.
pub(crate) fn no_one(read_at: Timestamp) -> Known {
    Known {
        evidence: Evidence { source: EvidenceSource::Live, read_at },
        members: BTreeMap::new(),
        invitations: BTreeMap::new(),
        in_flight: BTreeMap::new(),
        recent: RecentWrites::new(),
        applied: None,
        doubts: Vec::new(),
    }
}

/// Members, and people invited the given number of days before [`TODAY`].
pub(crate) fn known(members: &[(&str, &str)], invited: &[(&str, &str, i64)]) -> Known {
    let read_at: Timestamp = "2026-11-22T12:34:56Z".parse().expect("a time");
    let member = |&(login, roles): &(&str, &str)| {
        let login = Email::as_received(login);
        (login.clone(), member(format!("user_{}", login.as_str().len()), login, access(roles)))
    };
    let invitation = |&(email, roles, days): &(&str, &str, i64)| {
        let sent_at = read_at - SignedDuration::from_hours(24 * days);
        let email = Email::as_received(email);
        (email.clone(), Invitation { email, sent_at, access: access(roles) })
    };
    Known {
        members: members.iter().map(member).collect(),
        invitations: invited.iter().map(invitation).collect(),
        ..no_one(read_at)
    }
}

/// The plan for [`TODAY`].
pub(crate) fn plan(team: &Team, known: &Known) -> Plan {
    Plan::between(&team.desired, known, &PlanOptions::new(Endpoint::default(), TODAY))
}
