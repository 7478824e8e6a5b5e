//! Members and invitations together, with their source and time.

mod applied;
mod doubt;
mod import;
mod list;
mod live;
mod reading;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::desired::Desired;
use crate::model::{Access, Email, ProjectId, Role, UserId};

pub use applied::AppliedAccess;
pub use doubt::Doubt;
pub use import::{Imported, LeftOut, Remark, import};
pub use list::{ListedProject, User, UserList};
pub use reading::{Reading, members_within, with_writes};

/// What is known of the managed projects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Where the members were read from, and when.
    pub evidence: Evidence,
    /// Everyone with a role in a managed project.
    pub members: BTreeMap<Email, Member>,
    /// The pending invitations, according to the ledger.
    pub invitations: BTreeMap<Email, Invitation>,
    /// Invitations that may be pending: the ledger has the call and no response.
    pub in_flight: BTreeMap<Email, Invitation>,
    /// guestlist's own writes that the lists may not show yet.
    pub recent: RecentWrites,
    /// What the last applied file gave, if the ledger has it and `prune` depends on it.
    pub applied: Option<AppliedAccess>,
    /// Why the reading may be wrong. While there is a doubt, no access is removed.
    pub doubts: Vec<Doubt>,
}

/// The role that guestlist last wrote, by person and project; none where it removed the project.
pub type RecentWrites = BTreeMap<(Email, ProjectId), Option<Role>>;

/// Where the members were read from, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// The source.
    pub source: EvidenceSource,
    /// When the lists were read.
    pub read_at: Timestamp,
}

/// Where members were read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceSource {
    /// From the service, in this run.
    Live,
    /// From the last snapshot in the ledger.
    Ledger,
}

/// A user of the organization with a role in a managed project.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// The id for Update User and Unassign. Empty if only the ledger knows the member.
    pub id: UserId,
    /// The identity, as the service spells it.
    pub login: Email,
    /// The address, where it differs from the login (single sign-on).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Given name: any text.
    pub first_name: String,
    /// Family name: any text.
    pub last_name: String,
    /// Roles in managed projects.
    pub access: Access,
    /// Whether the user has a project that is not managed; which ones is not kept.
    pub elsewhere: bool,
    /// Whether this user owns the organization.
    pub is_owner: bool,
}

impl Member {
    /// Drops the roles in other projects. That there are some is kept in `elsewhere`.
    pub(crate) fn keep_only(&mut self, is_kept: impl Fn(&ProjectId) -> bool) {
        if !self.access.keys().all(&is_kept) {
            self.access.retain(|project, _| is_kept(project));
            self.elsewhere = true;
        }
    }

    /// The login, and the address where it differs.
    pub fn addresses(&self) -> impl Iterator<Item = &Email> {
        std::iter::once(&self.login).chain(self.email.as_ref())
    }

    /// Whether `email` is the login or the address of this member.
    #[must_use]
    pub fn answers_to(&self, email: &Email) -> bool {
        self.login == *email || self.email.as_ref() == Some(email)
    }
}

/// The invitations in the ledger.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Invitations {
    /// Pending: sent, and the person has not been a member since.
    pub out: BTreeMap<Email, Invitation>,
    /// Possibly pending: the ledger has the call and no response.
    pub in_flight: BTreeMap<Email, Invitation>,
}

impl Invitations {
    /// Drops the projects that `desired` does not manage, then the empty invitations to people that
    /// it does not list.
    #[must_use]
    pub fn within(mut self, desired: &Desired) -> Self {
        for invitations in [&mut self.out, &mut self.in_flight] {
            invitations.retain(|email, invitation| {
                invitation.access.retain(|project, _| desired.projects.contains_key(project));
                !invitation.access.is_empty() || desired.people.contains_key(email)
            });
        }
        self
    }

    /// Drops invitations to people who are members by now.
    fn not_accepted(mut self, members: &BTreeMap<Email, Member>) -> Self {
        let by_address: BTreeSet<&Email> = members.values().filter_map(|it| it.email.as_ref()).collect();
        for invitations in [&mut self.out, &mut self.in_flight] {
            invitations.retain(|email, _| !members.contains_key(email) && !by_address.contains(email));
        }
        self
    }
}

/// A pending invitation, according to the ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Invitation {
    /// The invited person.
    pub email: Email,
    /// When it was last sent.
    pub sent_at: Timestamp,
    /// The roles in it.
    pub access: Access,
}

impl Invitation {
    /// The day (UTC) on which it was last sent.
    #[must_use]
    pub fn sent_on(&self) -> Date {
        self.sent_at.to_zoned(TimeZone::UTC).date()
    }

    /// The days from then to `today`.
    #[must_use]
    pub fn days_out(&self, today: Date) -> i32 {
        days_between(self.sent_on(), today)
    }
}

/// The days from `earlier` to `later`, negative if these are the other way round.
#[must_use]
pub fn days_between(earlier: Date, later: Date) -> i32 {
    (later - earlier).get_days()
}

impl Known {
    /// What the ledger alone knows.
    #[must_use]
    pub fn offline(read_at: Timestamp, members: BTreeMap<Email, Member>, invitations: Invitations) -> Self {
        let Invitations { out, in_flight } = invitations.not_accepted(&members);
        Self {
            evidence: Evidence { source: EvidenceSource::Ledger, read_at },
            members,
            invitations: out,
            in_flight,
            recent: RecentWrites::new(),
            applied: None,
            doubts: Vec::new(),
        }
    }

    /// The member with that login or, where there is none, with that address.
    #[must_use]
    pub fn member(&self, email: &Email) -> Option<&Member> {
        self.members
            .get(email)
            .or_else(|| self.members.values().find(|member| member.email.as_ref() == Some(email)))
    }

    /// Whether someone with that login or address is a member, invited, or may be invited.
    #[must_use]
    pub fn has(&self, email: &Email) -> bool {
        self.member(email).is_some()
            || self.invitations.contains_key(email)
            || self.in_flight.contains_key(email)
    }

    /// The members whose address differs from their login, by that address.
    #[must_use]
    pub fn by_address(&self) -> BTreeMap<&Email, &Member> {
        let members = self.members.values();
        members.filter_map(|member| Some((member.email.as_ref()?, member))).collect()
    }

    /// The projects whose lists should be read again; `all` where a doubt is not about one project.
    #[must_use]
    pub fn doubtful_projects(&self, all: &[ProjectId]) -> Vec<ProjectId> {
        if self.doubts.iter().any(|doubt| doubt.project().is_none()) {
            return all.to_vec();
        }
        let doubtful: BTreeSet<_> = self.doubts.iter().filter_map(Doubt::project).cloned().collect();
        doubtful.into_iter().collect()
    }

    /// The members who are ADMIN in `project`, according to the lists.
    pub fn listed_admins<'a>(&'a self, project: &'a ProjectId) -> impl Iterator<Item = &'a Member> {
        self.members.values().filter(|member| member.access.get(project) == Some(&Role::Admin))
    }

    /// Like [`Self::listed_admins`], but without people guestlist has just demoted (the list may lag).
    pub fn admins<'a>(&'a self, project: &'a ProjectId) -> impl Iterator<Item = &'a Member> {
        self.listed_admins(project).filter(|member| {
            match self.recent.get(&(member.login.clone(), project.clone())) {
                Some(written) => written.as_ref() == Some(&Role::Admin),
                None => true,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{access, known, person, team};

    /// `email: proj_l=USER proj_s=ADMIN` for each invitation.
    fn shown(invitations: &BTreeMap<Email, Invitation>) -> Vec<String> {
        let grant = |(project, role): (&ProjectId, &Role)| format!("{project}={role}");
        let line = |it: &Invitation| {
            format!("{}: {}", it.email, it.access.iter().map(grant).collect::<Vec<_>>().join(" "))
        };
        invitations.values().map(line).collect()
    }

    #[test]
    fn invitations_of_other_teams_are_dropped() {
        let people = person("ana@example.com", "storefront: USER");
        let desired = team(&format!("people:\n{people}")).desired;
        let all = known(
            &[],
            &[
                ("ana@example.com", "proj_s=USER proj_other=ADMIN", 3),
                ("ben@example.com", "proj_s=USER proj_other=ADMIN", 3),
                ("eve@example.com", "proj_other=ADMIN", 3),
            ],
        )
        .invitations;
        let mut listed = all.clone();
        if let Some(ana) = listed.get_mut(&Email::as_received("ana@example.com")) {
            ana.access = access("proj_other=ADMIN");
        }
        let within = Invitations { out: all, in_flight: listed }.within(&desired);
        assert_eq!(shown(&within.out), ["ana@example.com: proj_s=USER", "ben@example.com: proj_s=USER"]);
        // Someone who is listed was invited, even if nothing of that is managed here.
        assert_eq!(shown(&within.in_flight), ["ana@example.com: ", "ben@example.com: proj_s=USER"]);
    }

    #[test]
    fn admins_exclude_people_guestlist_has_just_demoted() {
        let members = [
            ("ana@example.com", "proj_s=ADMIN"),
            ("ben@example.com", "proj_s=ADMIN"),
            ("eve@example.com", "proj_s=ADMIN"),
            ("kim@example.com", "proj_s=ADMIN"),
            ("lou@example.com", "proj_s=USER proj_l=ADMIN"),
        ];
        let mut known = known(&members, &[]);
        let mut write = |email: &str, project: &str, role: Option<Role>| {
            known.recent.insert((Email::as_received(email), ProjectId::new(project)), role);
        };
        write("ben@example.com", "proj_s", Some(Role::Viewer));
        write("eve@example.com", "proj_s", None);
        write("kim@example.com", "proj_s", Some(Role::Admin));
        // A write in another project, and a list that does not show a promotion yet.
        write("ana@example.com", "proj_l", Some(Role::Viewer));
        write("lou@example.com", "proj_s", Some(Role::Admin));
        let storefront = ProjectId::new("proj_s");
        let logins = |members: &mut dyn Iterator<Item = &Member>| {
            members.map(|member| member.login.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(logins(&mut known.admins(&storefront)), ["ana@example.com", "kim@example.com"]);
        assert_eq!(
            logins(&mut known.listed_admins(&storefront)),
            ["ana@example.com", "ben@example.com", "eve@example.com", "kim@example.com"]
        );
    }
}
