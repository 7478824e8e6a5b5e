//! Members and invitations together, and when and how each was learned.

mod doubt;
mod import;
mod reading;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::desired::Desired;
use crate::model::{Access, Email, ProjectId, Role, UserId};

pub use doubt::Doubt;
pub use import::{Imported, import};
pub use reading::{ListedProject, Reading, User, UserList, members_within, with_writes};

/// What is known of the managed projects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// How and when the members were learned.
    pub evidence: Evidence,
    /// Everyone with a role in a managed project.
    pub members: BTreeMap<Email, Member>,
    /// The invitations that are out, as the ledger tells.
    pub invitations: BTreeMap<Email, Invitation>,
    /// Those that may be out: the answer to the call is not recorded.
    pub in_flight: BTreeMap<Email, Invitation>,
    /// What guestlist itself did so lately that a list may not show it yet.
    pub recent: RecentWrites,
    /// Why this may not be the truth. Nothing is taken away while there is a doubt.
    pub doubts: Vec<Doubt>,
}

/// The role that guestlist last gave or took (none), by person and project.
pub type RecentWrites = BTreeMap<(Email, ProjectId), Option<Role>>;

/// How and when members were learned.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// From where.
    pub source: EvidenceSource,
    /// When the lists were read.
    pub read_at: Timestamp,
}

/// From where members are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceSource {
    /// The service was just asked.
    Live,
    /// The last reading that the ledger keeps.
    Ledger,
}

/// A user of the organization with a role in a managed project.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// The id that Update User and Unassign take.
    pub id: UserId,
    /// The identity, as the service spells it.
    pub login: Email,
    /// The address, where it differs from the login (single sign-on).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Given name, which may be anything.
    pub first_name: String,
    /// Family name, which may be anything.
    pub last_name: String,
    /// Roles in managed projects.
    pub access: Access,
    /// Whether the user has a project that is not managed; which one is nobody's business.
    pub elsewhere: bool,
    /// Whether the organization belongs to this user.
    pub is_owner: bool,
}

impl Member {
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

/// The invitations that the ledger knows of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Invitations {
    /// Those that are out: sent, and the person was not seen as a member since.
    pub out: BTreeMap<Email, Invitation>,
    /// Those that may be out: the call was made, or about to be, and no answer is recorded.
    pub in_flight: BTreeMap<Email, Invitation>,
}

impl Invitations {
    /// Only what they say of the projects that `desired` manages, and only those that say anything or are
    /// to people whom it lists.
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

    /// Only those to people who are no members: who is one has accepted.
    fn not_accepted(mut self, members: &BTreeMap<Email, Member>) -> Self {
        let by_address: BTreeSet<&Email> = members.values().filter_map(|it| it.email.as_ref()).collect();
        for invitations in [&mut self.out, &mut self.in_flight] {
            invitations.retain(|email, _| !members.contains_key(email) && !by_address.contains(email));
        }
        self
    }
}

/// An invitation that is out, as the ledger tells.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Invitation {
    /// Who was invited.
    pub email: Email,
    /// When it was sent last.
    pub sent_at: Timestamp,
    /// The roles that it carried.
    pub access: Access,
}

impl Known {
    /// What is known when the service cannot be asked.
    #[must_use]
    pub fn offline(read_at: Timestamp, members: BTreeMap<Email, Member>, invitations: Invitations) -> Self {
        let Invitations { out, in_flight } = invitations.not_accepted(&members);
        Self {
            evidence: Evidence { source: EvidenceSource::Ledger, read_at },
            members,
            invitations: out,
            in_flight,
            recent: RecentWrites::new(),
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

    /// The members whose address differs from their login, by that address.
    #[must_use]
    pub fn by_address(&self) -> BTreeMap<&Email, &Member> {
        let members = self.members.values();
        members.filter_map(|member| Some((member.email.as_ref()?, member))).collect()
    }

    /// The lists that should be read once more.
    #[must_use]
    pub fn doubtful_projects(&self, all: &[ProjectId]) -> Vec<ProjectId> {
        if self.doubts.iter().any(|doubt| doubt.project().is_none()) {
            return all.to_vec();
        }
        let doubtful: BTreeSet<_> = self.doubts.iter().filter_map(Doubt::project).cloned().collect();
        doubtful.into_iter().collect()
    }

    /// The members who are ADMIN in `project`, as the lists say.
    pub fn listed_admins<'a>(&'a self, project: &'a ProjectId) -> impl Iterator<Item = &'a Member> {
        self.members.values().filter(|member| member.access.get(project) == Some(&Role::Admin))
    }

    /// The same, counting nobody whom guestlist has just taken it from: that list lags behind.
    pub fn admins<'a>(&'a self, project: &'a ProjectId) -> impl Iterator<Item = &'a Member> {
        self.listed_admins(project).filter(|member| {
            match self.recent.get(&(member.login.clone(), project.clone())) {
                Some(written) => written.as_ref() == Some(&Role::Admin),
                None => true,
            }
        })
    }

    /// How many members have a role in `project`.
    #[must_use]
    pub fn members_of(&self, project: &ProjectId) -> usize {
        self.members.values().filter(|member| member.access.contains_key(project)).count()
    }
}
