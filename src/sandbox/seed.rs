//! Initial organizations, and their generated people. Everything here is deterministic.

use std::collections::{BTreeMap, BTreeSet};

use super::organization::{Organization, Project, UserStatus};

/// The login of the owner of a new organization.
pub const DEFAULT_OWNER: &str = "owner@example.com";

const FIRST_NAMES: [&str; 16] = [
    "Ada", "Björn", "Chiara", "Dmitri", "Esra", "Femi", "Grace", "Hiro", "Inés", "Jan", "Kwame", "Lena",
    "Mateo", "Noor", "Oona", "Priya",
];
const LAST_NAMES: [&str; 16] = [
    "Adeyemi",
    "Berg",
    "Costa",
    "Doe",
    "Eriksen",
    "Fischer",
    "García",
    "Haas",
    "Ito",
    "Jansen",
    "Kowalska",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Patel",
];

impl Organization {
    /// An organization with these projects (id and name), these custom roles, and one owner, ADMIN in all.
    #[must_use]
    pub fn for_team(
        projects: impl IntoIterator<Item = (String, String)>,
        custom_roles: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut known = BTreeSet::new();
        let projects: Vec<_> = projects
            .into_iter()
            .filter(|(id, _)| known.insert(id.clone()))
            .map(|(id, name)| Project {
                is_sandbox: id.starts_with("sand_"),
                id,
                name,
                cluster_id: "sandbox".to_owned(),
                limit: None,
            })
            .collect();
        let access: BTreeMap<_, _> =
            projects.iter().map(|project| (project.id.clone(), "ADMIN".to_owned())).collect();
        let mut organization = Self::empty(projects, custom_roles.into_iter().collect(), 1);
        if !access.is_empty() {
            organization.add_person(DEFAULT_OWNER, "Olivia", "Owner", access, true, UserStatus::Member);
        }
        organization
    }

    /// The organization of `guestlist sandbox`: two projects, a custom role and one owner.
    #[must_use]
    pub fn example() -> Self {
        let projects = [("proj_9KeAhZB1", "Storefront"), ("proj_npnFzPr9", "Loyalty")];
        Self::for_team(
            projects.map(|(id, name)| (id.to_owned(), name.to_owned())),
            ["role_XyZ7aB9cD2eF4gH1iJ0kL5mN6oP8qR3s".to_owned()],
        )
    }

    /// Adds `count` members with one to three projects each, in addition to those added before.
    pub fn seed_members(&mut self, count: usize) {
        let projects: Vec<_> = self.projects().iter().map(|project| project.id.clone()).collect();
        if projects.is_empty() {
            return;
        }
        let roles = ["USER", "VIEWER", "USER", "MERCHANT", "VIEWER", "USER", "ADMIN", "USER"];
        let mut added = 0;
        for number in 0.. {
            if added == count {
                return;
            }
            let first = FIRST_NAMES[number % 16];
            let last = LAST_NAMES[(number / 16 + number) % 16];
            let address = format!("{}.{}{}@example.com", plain(first), plain(last), number + 1);
            let access = (0..=number % 3).map(|step| {
                let project = &projects[(number + step * 7) % projects.len()];
                (project.clone(), roles[(number / 3 + step) % roles.len()].to_owned())
            });
            if self.add_member(&address, first, last, access) {
                added += 1;
            }
        }
    }
}

fn plain(name: &str) -> String {
    name.to_lowercase().replace('ö', "o").replace(['é', 'è'], "e").replace('í', "i")
}
