//! Short notations for team files and organizations, for tests.

use jiff::Timestamp;
use jiff::civil::{Date, date};

use super::{Plan, PlanOptions};
use crate::desired::{self, Team};
use crate::known::{Evidence, EvidenceSource, Invitation, Known, Member, RecentWrites};
use crate::model::{Access, Email, Endpoint, ProjectId, Role, UserId};
use crate::team_file::{Problems, Sources, parse_root};

/// The day of most tests.
pub(crate) const TODAY: Date = date(2026, 11, 22);

/// The beginning of most team files.
pub(crate) const HEAD: &str = "\
version: 1
projects: {storefront: proj_s, loyalty: proj_l}
roles: {campaign-manager: role_c}
";

/// The team of `HEAD` and `text`.
pub(crate) fn team(text: &str) -> Team {
    let (mut sources, mut problems) = (Sources::default(), Problems::default());
    let file = sources.add("team.yaml", format!("{HEAD}{text}").into_bytes(), &mut problems);
    let root = parse_root(&sources, file, &mut problems);
    match desired::resolve(&root, &[], desired::Terms::on(TODAY), problems) {
        Ok(team) => Team { provenance: desired::provenance(&sources, &root, &[], None), ..team },
        Err(problems) => panic!("{}", problems.text(&sources, false)),
    }
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

/// Members, and people invited the given number of days before [`TODAY`].
pub(crate) fn known(members: &[(&str, &str)], invited: &[(&str, &str, i64)]) -> Known {
    let read_at: Timestamp = "2026-11-22T12:34:56Z".parse().unwrap();
    let member = |&(login, roles): &(&str, &str)| {
        let member = Member {
            id: UserId::new(format!("user_{}", login.len())),
            login: Email::as_received(login),
            email: None,
            first_name: "Mem".to_owned(),
            last_name: "Ber".to_owned(),
            access: access(roles),
            elsewhere: false,
            is_owner: false,
        };
        (member.login.clone(), member)
    };
    let invitation = |&(email, roles, days): &(&str, &str, i64)| {
        let sent_at = read_at - jiff::SignedDuration::from_hours(24 * days);
        let email = Email::as_received(email);
        (email.clone(), Invitation { email, sent_at, access: access(roles) })
    };
    Known {
        evidence: Evidence { source: EvidenceSource::Live, read_at },
        members: members.iter().map(member).collect(),
        invitations: invited.iter().map(invitation).collect(),
        in_flight: std::collections::BTreeMap::new(),
        recent: RecentWrites::new(),
        doubts: Vec::new(),
    }
}

/// The plan for [`TODAY`].
pub(crate) fn plan(team: &Team, known: &Known) -> Plan {
    Plan::between(&team.desired, known, &PlanOptions::new(Endpoint::default(), TODAY))
}
