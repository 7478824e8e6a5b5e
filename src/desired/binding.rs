//! The team file's own policy combined with the base's: both apply, and the stricter one counts. Also lists the
//! differences between them.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Desired, EmailPattern, Limit, Policy, Prune, Rule};
use crate::model::Email;

/// A difference between the policy and the base's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PolicyChange {
    /// The key under `policy`.
    pub key: &'static str,
    /// The base's value.
    pub from: PolicyValue,
    /// The value in this team file.
    pub to: PolicyValue,
    /// Whether this team file allows more than the base, or the values cannot be compared.
    pub loosened: bool,
}

/// A value under `policy`. Displayed and serialized, it is as in a team file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PolicyValue {
    /// A word or a number.
    Plain(String),
    /// Patterns of addresses, which may be whole addresses.
    Patterns(Vec<String>),
    /// The entries of `addresses`, whose patterns may be whole addresses; `None` if there is no such key.
    AddressRules(Option<Vec<String>>),
    /// The entries of `files`; `None` if there is no such key.
    FileRules(Option<Vec<String>>),
}

impl fmt::Display for PolicyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(value) => f.write_str(value),
            Self::Patterns(list) | Self::AddressRules(Some(list)) | Self::FileRules(Some(list)) => {
                write!(f, "[{}]", list.join(", "))
            }
            Self::AddressRules(None) | Self::FileRules(None) => f.write_str("none"),
        }
    }
}

impl Serialize for PolicyValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Policy {
    /// Makes the base's policy apply as well. An equal one adds nothing, so with an unchanged policy the plan has the
    /// same id with and without a base.
    #[must_use]
    pub fn bound_by(self, base: &Self) -> Self {
        let own = Self { base: None, ..self };
        let base = Self { base: None, ..base.clone() };
        if own == base { own } else { Self { base: Some(Box::new(base)), ..own } }
    }

    fn binding(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.base.as_deref())
    }

    /// Whether a plan depends on what the last applied file gave.
    #[must_use]
    pub fn depends_on_applied(&self) -> bool {
        self.binding().any(|policy| policy.prune == Prune::Dropped)
    }

    /// The stricter limit on removals for a number of members, and the number it allows.
    #[must_use]
    pub fn max_removals(&self, members: usize) -> (Limit, usize) {
        let own = (self.max_removals, self.max_removals.of(members));
        let base = self.base.as_deref().map(|base| (base.max_removals, base.max_removals.of(members)));
        base.filter(|(_, allowed)| *allowed < own.1).unwrap_or(own)
    }

    /// The most people who become ADMIN in one plan.
    #[must_use]
    pub fn max_new_admins(&self) -> usize {
        self.binding().map(|policy| policy.max_new_admins as usize).min().unwrap_or_default()
    }

    /// The fewest ADMINs that every managed project keeps.
    #[must_use]
    pub fn keep_admins(&self) -> usize {
        self.binding().map(|policy| policy.keep_admins as usize).max().unwrap_or_default()
    }

    /// The pattern that protects one of `addresses`, including the base's patterns.
    #[must_use]
    pub fn protecting<'a>(&self, addresses: impl IntoIterator<Item = &'a Email>) -> Option<&EmailPattern> {
        addresses.into_iter().find_map(|address| {
            let mut patterns = self.binding().flat_map(|policy| &policy.protect);
            patterns.find(|pattern| pattern.matches(address))
        })
    }
}

impl Desired {
    /// The differences from the base's policy, in the order of the keys in a team file.
    #[must_use]
    pub fn policy_changes(&self, base: &Self) -> Vec<PolicyChange> {
        let Policy { prune, max_removals, max_new_admins, keep_admins, protect, addresses, files, base: _ } =
            &self.policy;
        let (before, base) = (base, &base.policy);
        let mut changes = Vec::new();
        let mut compare = |key, from, to, loosened| {
            if from != to {
                changes.push(PolicyChange { key, from, to, loosened });
            }
        };
        let plain = |value: &dyn fmt::Display| PolicyValue::Plain(value.to_string());
        compare("prune", plain(&base.prune), plain(prune), prune.removes_more_than(base.prune));
        compare(
            "max_removals",
            plain(&base.max_removals),
            plain(max_removals),
            max_removals.allows_more_than(base.max_removals),
        );
        compare(
            "max_new_admins",
            plain(&base.max_new_admins),
            plain(max_new_admins),
            *max_new_admins > base.max_new_admins,
        );
        compare("keep_admins", plain(&base.keep_admins), plain(keep_admins), *keep_admins < base.keep_admins);
        // A pattern replaced by a wider one counts as removed.
        let dropped = base.protect.iter().any(|pattern| !protect.contains(pattern));
        compare("protect", patterns(&base.protect), patterns(protect), dropped);
        let mut compare_rules = |key, base: &Option<Vec<Rule>>, own: &Option<Vec<Rule>>, value: RuleValue| {
            if base != own {
                let [from, to] = [(before, base), (self, own)].map(|(desired, rules)| {
                    value(rules.as_deref().map(|rules| desired.written_rules(rules)))
                });
                let loosened = !are_within(own.as_deref(), base.as_deref());
                changes.push(PolicyChange { key, from, to, loosened });
            }
        };
        compare_rules("addresses", &base.addresses, addresses, PolicyValue::AddressRules);
        compare_rules("files", &base.files, files, PolicyValue::FileRules);
        changes
    }

    fn written_rules(&self, rules: &[Rule]) -> Vec<String> {
        rules.iter().map(|rule| self.written_rule(rule)).collect()
    }
}

type RuleValue = fn(Option<Vec<String>>) -> PolicyValue;

/// Whether `own` allow nothing that `base` do not. As the first match counts, only the same patterns in the
/// same order can be compared. Where the list is shorter at its end, less is allowed.
fn are_within(own: Option<&[Rule]>, base: Option<&[Rule]>) -> bool {
    match (own, base) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(own), Some(base)) => {
            let is_within = |(own, base): (&Rule, &Rule)| own.pattern == base.pattern && own.is_within(base);
            own.len() <= base.len() && own.iter().zip(base).all(is_within)
        }
    }
}

impl Prune {
    /// The value in a team file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Dropped => "dropped",
            Self::Roles => "roles",
            Self::People => "people",
        }
    }
}

impl Prune {
    /// Also true for `dropped` and `roles`, which cannot be compared: one is about what a file gave, to anyone,
    /// the other about all roles of the people in the file.
    fn removes_more_than(self, other: Self) -> bool {
        self > other || (self, other) == (Self::Dropped, Self::Roles)
    }
}

impl fmt::Display for Prune {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Limit {
    /// The number it allows for `base` members. A percentage is rounded down, to at least 1 except for `0%`.
    #[must_use]
    pub fn of(self, base: usize) -> usize {
        match self {
            Self::Count(most) => most as usize,
            Self::Percent(0) => 0,
            Self::Percent(percent) => (base * usize::from(percent) / 100).max(1),
        }
    }

    /// Also true for a percentage and a number, which cannot be compared.
    fn allows_more_than(self, other: Self) -> bool {
        match (self, other) {
            (Self::Percent(this), Self::Percent(other)) => this > other,
            (Self::Count(this), Self::Count(other)) => this > other,
            (this, other) => this != other,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(most) => write!(f, "{most}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

fn patterns(patterns: &[EmailPattern]) -> PolicyValue {
    PolicyValue::Patterns(patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;

    fn policy(max_removals: Limit, max_new_admins: u32, keep_admins: u32, protect: &[&str]) -> Policy {
        let protect = protect.iter().map(|pattern| EmailPattern::new(pattern)).collect();
        Policy { max_removals, max_new_admins, keep_admins, protect, ..Policy::default() }
    }

    #[test]
    fn the_stricter_of_two_policies_counts() {
        let base = policy(Limit::Percent(10), 5, 2, &["*@agency.example"]);
        let own = policy(Limit::Count(3), 300, 1, &["*@partner.example"]);
        let bound = own.clone().bound_by(&base);
        assert_eq!(bound.max_removals(10), (Limit::Percent(10), 1));
        assert_eq!(bound.max_removals(1000), (Limit::Count(3), 3));
        assert_eq!((bound.max_new_admins(), bound.keep_admins()), (5, 2));
        for address in ["temp@agency.example", "temp@partner.example"] {
            assert!(bound.protecting([&Email::as_received(address)]).is_some(), "{address}");
        }
        assert!(own.protecting([&Email::as_received("temp@agency.example")]).is_none());
    }

    #[test]
    fn an_equal_base_adds_nothing() {
        let base = policy(Limit::Percent(10), 5, 1, &[]);
        assert_eq!(base.clone().bound_by(&base), base);
    }

    #[test]
    fn every_difference_is_shown_with_its_direction() {
        let of = |policy| Desired { policy, ..Desired::default() };
        let base = of(policy(Limit::Percent(10), 5, 2, &["*@agency.example"]));
        let own = of(Policy { prune: Prune::People, ..policy(Limit::Count(3), 4, 1, &[]) });
        let shown = |changes: Vec<PolicyChange>| -> Vec<String> {
            let shown = |PolicyChange { key, from, to, loosened }| {
                format!("{key}: {from} → {to}{}", if loosened { " (loosened)" } else { "" })
            };
            changes.into_iter().map(shown).collect()
        };
        assert_eq!(
            shown(own.policy_changes(&base)),
            [
                "prune: none → people (loosened)",
                "max_removals: 10% → 3 (loosened)",
                "max_new_admins: 5 → 4",
                "keep_admins: 2 → 1 (loosened)",
                "protect: [*@agency.example] → [] (loosened)",
            ]
        );
        assert_eq!(own.policy_changes(&own), []);
    }

    #[test]
    fn only_rules_that_allow_no_more_one_by_one_are_not_loosened() {
        let rule = |pattern: &str, roles: &[Role], days| Rule {
            pattern: pattern.to_owned(),
            projects: None,
            roles: Some(roles.iter().cloned().collect()),
            days: Some(days),
        };
        let (user, more) = (vec![Role::User], vec![Role::User, Role::Admin]);
        let base = [rule("a", &user, 30), rule("b", &more, 30)];
        let [first, second] = base.clone();
        let is_loosened = |own: &[Rule]| !are_within(Some(own), Some(&base));
        assert!(!is_loosened(&base));
        assert!(!is_loosened(std::slice::from_ref(&first)), "fewer rules");
        assert!(!is_loosened(&[first.clone(), rule("b", &user, 29)]), "stricter");
        assert!(is_loosened(&[first.clone(), second.clone(), rule("c", &user, 1)]), "one more rule");
        assert!(is_loosened(&[second, first.clone()]), "another order");
        assert!(is_loosened(&[first, rule("c", &user, 30)]), "another pattern");
        assert!(is_loosened(&[rule("a", &more, 1)]), "more roles for less time");
        assert!(is_loosened(&[rule("a", &user, 31)]), "more time");
        assert!(is_loosened(&[Rule { days: None, ..rule("a", &user, 0) }]), "time without end");
        assert!(are_within(Some(&base), None) && !are_within(None, Some(&base)));
    }
}
