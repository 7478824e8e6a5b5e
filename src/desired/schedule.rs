//! The role of a person in a project, day by day.

use std::sync::Arc;

use jiff::civil::Date;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::Role;

/// The role of a person in a project: one on every day, or one for each span of days.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Schedule {
    /// The same role on every day.
    Always(Role),
    /// By day, at least one; no two spans have a day in common. Shared by everyone who has it from one group.
    #[serde(deserialize_with = "spans")]
    Dated(Arc<[Span]>),
}

fn spans<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[Span]>, D::Error> {
    let spans = Vec::deserialize(deserializer)?;
    if spans.is_empty() { Err(D::Error::custom("no days")) } else { Ok(spans.into()) }
}

/// A role from one day to another, both included.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Span {
    /// The first day (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last day (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// The role.
    pub role: Role,
}

/// What a schedule says about a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnDay<'a> {
    /// A role is due.
    Due {
        /// The role.
        role: &'a Role,
        /// Its last day.
        until: Option<Date>,
        /// The role on the day after that.
        then: Option<&'a Role>,
    },
    /// The first role starts later.
    Ahead {
        /// That role.
        role: &'a Role,
        /// Its first day.
        from: Date,
    },
    /// The role before ended, and the next one, if any, starts later.
    Ended {
        /// That role.
        role: &'a Role,
        /// Its last day.
        until: Date,
    },
}

impl Schedule {
    /// The schedule of at least one span, in any order. Those that have one role and follow each other become one.
    pub(super) fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_by_key(Span::first);
        let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match merged.last_mut() {
                Some(last) if last.role == span.role && last.reaches(&span) => {
                    if last.last() < span.last() {
                        last.until = span.until;
                    }
                }
                _ => merged.push(span),
            }
        }
        match merged.as_slice() {
            [Span { from: None, until: None, role }] => Self::Always(role.clone()),
            _ => Self::Dated(merged.into()),
        }
    }

    /// The spans, by day.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        match self {
            Self::Always(role) => vec![Span { from: None, until: None, role: role.clone() }],
            Self::Dated(spans) => spans.to_vec(),
        }
    }

    /// The roles in it, by day.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        let (always, dated): (_, &[Span]) = match self {
            Self::Always(role) => (Some(role), &[]),
            Self::Dated(spans) => (None, spans),
        };
        always.into_iter().chain(dated.iter().map(|span| &span.role))
    }

    /// What it says about `day`.
    #[must_use]
    pub fn on(&self, day: Date) -> OnDay<'_> {
        let spans = match self {
            Self::Always(role) => return OnDay::Due { role, until: None, then: None },
            Self::Dated(spans) => spans,
        };
        if let Some(at) = spans.iter().position(|span| span.has(day)) {
            let Span { until, role, .. } = &spans[at];
            let next = spans.get(at + 1).filter(|next| spans[at].reaches(next));
            return OnDay::Due { role, until: *until, then: next.map(|next| &next.role) };
        }
        match spans.iter().rev().find(|span| span.last() < day) {
            Some(span) => OnDay::Ended { role: &span.role, until: span.last() },
            None => OnDay::Ahead { role: &spans[0].role, from: spans[0].first() },
        }
    }

    /// The role that is due on `day`.
    #[must_use]
    pub fn role_on(&self, day: Date) -> Option<&Role> {
        match self.on(day) {
            OnDay::Due { role, .. } => Some(role),
            OnDay::Ahead { .. } | OnDay::Ended { .. } => None,
        }
    }

    /// The last day of `role` before `day`, if it has ended.
    #[must_use]
    pub fn ended_on(&self, role: &Role, day: Date) -> Option<Date> {
        let Self::Dated(spans) = self else { return None };
        let ended = spans.iter().filter(|span| span.role == *role).filter_map(|span| span.until);
        ended.filter(|until| *until < day).max()
    }

    /// This schedule where it has a role, and `other` on all other days.
    pub(super) fn over(&self, other: &Self) -> Self {
        let Self::Dated(own) = self else { return self.clone() };
        Self::new(own.iter().cloned().chain(other.outside(Some(self))).collect())
    }

    /// The spans without the days on which `other` has a role.
    pub(super) fn outside(&self, other: Option<&Self>) -> Vec<Span> {
        let cuts = other.map(Self::spans).unwrap_or_default();
        let without =
            |spans: Vec<Span>, cut: &Span| spans.iter().flat_map(|span| span.without(cut)).collect();
        cuts.iter().fold(self.spans(), without)
    }
}

/// Two spans with different roles on one day, in the order of `spans`, if there are any.
pub(super) fn conflict<T>(spans: &[(Span, T)]) -> Option<[&(Span, T); 2]> {
    let mut by_day: Vec<_> = spans.iter().enumerate().collect();
    by_day.sort_by_key(|(_, (span, _))| span.first());
    // As long as no two are in conflict, all that have a day in common have the role of the one that lasts longest.
    let mut longest: Option<(usize, &(Span, T))> = None;
    for (n, next) in by_day {
        if let Some((m, before)) = longest {
            if before.0.overlaps(&next.0) && before.0.role != next.0.role {
                return Some(if m < n { [before, next] } else { [next, before] });
            }
            if next.0.last() <= before.0.last() {
                continue;
            }
        }
        longest = Some((n, next));
    }
    None
}

impl Span {
    fn first(&self) -> Date {
        self.from.unwrap_or(Date::MIN)
    }

    fn last(&self) -> Date {
        self.until.unwrap_or(Date::MAX)
    }

    fn has(&self, day: Date) -> bool {
        self.first() <= day && day <= self.last()
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.first() <= other.last() && other.first() <= self.last()
    }

    /// Whether `later` has no gap to this span.
    fn reaches(&self, later: &Self) -> bool {
        self.last().tomorrow().map_or(true, |next| later.first() <= next)
    }

    /// The parts of this span outside `cut`.
    fn without(&self, cut: &Self) -> Vec<Self> {
        if !self.overlaps(cut) {
            return vec![self.clone()];
        }
        let before = cut.first().yesterday().ok().map(|until| Self { until: Some(until), ..self.clone() });
        let after = cut.last().tomorrow().ok().map(|from| Self { from: Some(from), ..self.clone() });
        let parts = before.into_iter().chain(after);
        parts.filter(|part| part.first() <= part.last()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(number: i64) -> Date {
        jiff::civil::date(2026, 12, 1) + jiff::Span::new().days(number)
    }

    fn span() -> impl Strategy<Value = Span> {
        let date = || proptest::option::of((0..9_i64).prop_map(day));
        let role = prop::sample::select(vec![Role::Admin, Role::User, Role::Viewer]);
        (date(), date(), role).prop_map(|(one, other, role)| match (one, other) {
            (Some(one), Some(other)) if one > other => Span { from: Some(other), until: Some(one), role },
            (from, until) => Span { from, until, role },
        })
    }

    proptest! {
        #[test]
        fn own_days_win_and_all_others_keep_their_role(own in span(), other in span()) {
            let (own, other) = (Schedule::new(vec![own]), Schedule::new(vec![other]));
            let both = own.over(&other);
            for day in (-1..10).map(day) {
                prop_assert_eq!(both.role_on(day), own.role_on(day).or(other.role_on(day)));
            }
            prop_assert_eq!(Schedule::new(both.spans()), both);
        }

        #[test]
        fn a_conflict_is_a_day_with_two_roles(spans in prop::collection::vec(span(), 0..5)) {
            let spans: Vec<_> = spans.into_iter().enumerate().map(|(n, span)| (span, n)).collect();
            let found = conflict(&spans).map(|[one, other]| {
                assert!(one.1 < other.1 && one.0.role != other.0.role && one.0.overlaps(&other.0));
            });
            let has_two_roles = |day: Date| {
                let mut roles = spans.iter().filter(|(span, _)| span.has(day)).map(|(span, _)| &span.role);
                let first = roles.next();
                roles.any(|role| Some(role) != first)
            };
            prop_assert_eq!(found.is_some(), (-1..10).map(day).any(has_two_roles));
        }
    }

    #[test]
    fn a_day_has_a_role_or_the_reason_for_none() {
        let of = |from: Option<i64>, until: Option<i64>, role| Span {
            from: from.map(day),
            until: until.map(day),
            role,
        };
        let schedule = Schedule::new(vec![
            of(Some(6), None, Role::Viewer),
            of(Some(2), Some(3), Role::Admin),
            of(Some(4), Some(4), Role::User),
        ]);
        assert_eq!(schedule.on(day(1)), OnDay::Ahead { role: &Role::Admin, from: day(2) });
        let admin = OnDay::Due { role: &Role::Admin, until: Some(day(3)), then: Some(&Role::User) };
        assert_eq!(schedule.on(day(3)), admin);
        assert_eq!(schedule.on(day(4)), OnDay::Due { role: &Role::User, until: Some(day(4)), then: None });
        assert_eq!(schedule.on(day(5)), OnDay::Ended { role: &Role::User, until: day(4) });
        assert_eq!(schedule.on(day(6)), OnDay::Due { role: &Role::Viewer, until: None, then: None });
        assert_eq!([3, 4].map(|n| schedule.ended_on(&Role::Admin, day(n))), [None, Some(day(3))]);
    }
}
