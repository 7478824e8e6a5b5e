//! The days in a team file on which someone should act: access that ends soon, and reviews that are due.

use jiff::civil::Date;

use super::{Desired, OnDay, Person};
use crate::model::Email;

/// Access that ends within so many days is named in a plan and by `status`.
pub const SOON_DAYS: i32 = 14;

impl Desired {
    /// The people of whose access something ends from `today` to [`SOON_DAYS`] later, and the first such day;
    /// earliest first.
    #[must_use]
    pub fn ending_soon(&self, today: Date) -> Vec<(Date, &Email)> {
        let is_soon = |day: &Date| (0..=SOON_DAYS).contains(&(*day - today).get_days());
        let end = |person: &Person| {
            let roles = person.access.values().filter_map(|schedule| match schedule.on(today) {
                OnDay::Due { until, .. } => until,
                OnDay::Ahead { .. } | OnDay::Ended { .. } => None,
            });
            roles.chain(person.until).filter(is_soon).min()
        };
        self.by_day(end)
    }

    /// The people whose access has to be confirmed by `today` or earlier, and by when; earliest first.
    #[must_use]
    pub fn reviews_due(&self, today: Date) -> Vec<(Date, &Email)> {
        let has_ended = |person: &Person| person.until.is_some_and(|until| until < today);
        self.by_day(|person| person.review_by.filter(|day| *day <= today && !has_ended(person)))
    }

    fn by_day(&self, day: impl Fn(&Person) -> Option<Date>) -> Vec<(Date, &Email)> {
        let people = self.people.values().filter_map(|person| Some((day(person)?, &person.email)));
        let mut people: Vec<_> = people.collect();
        people.sort();
        people
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::{TODAY, team};

    fn person(name: &str, role: &str, rest: &str) -> String {
        format!(
            "  - {{email: {name}@example.com, first_name: A, last_name: B, projects: {{storefront: {role}}}{rest}}}\n"
        )
    }

    #[test]
    fn access_ends_soon_from_its_last_day_to_two_weeks_before() {
        let text: String = [
            person("ended", "USER", ", until: 2026-11-21"),
            person("later", "USER", ", until: 2026-12-06"),
            person("today", "USER", ", until: 2026-11-22"),
            person("far", "USER", ", until: 2026-12-07"),
            person("never", "USER", ""),
        ]
        .concat();
        let team = team(&format!("people:\n{text}"));
        let soon: Vec<_> = team
            .desired
            .ending_soon(TODAY)
            .into_iter()
            .map(|(day, email)| format!("{day} {email}"))
            .collect();
        assert_eq!(soon, ["2026-11-22 today@example.com", "2026-12-06 later@example.com"]);
    }

    #[test]
    fn a_role_that_ends_soon_counts_and_one_that_has_not_begun_does_not() {
        let text: String = [
            person("both", "{role: ADMIN, until: 2026-11-30, then: USER}", ", until: 2026-12-01"),
            person("role", "{role: ADMIN, until: 2026-12-02}", ", until: 2027-01-31"),
            person("ahead", "{role: ADMIN, from: 2026-11-25, until: 2026-12-02}", ""),
            person("over", "{role: ADMIN, until: 2026-11-21, then: USER}", ""),
        ]
        .concat();
        let team = team(&format!("people:\n{text}"));
        let soon = team.desired.ending_soon(TODAY);
        let soon: Vec<_> = soon.into_iter().map(|(day, email)| format!("{day} {email}")).collect();
        assert_eq!(soon, ["2026-11-30 both@example.com", "2026-12-02 role@example.com"]);
    }

    #[test]
    fn a_review_is_due_from_its_day_on_while_the_person_has_access() {
        let text: String = [
            person("today", "USER", ", review_by: 2026-11-22"),
            person("late", "USER", ", review_by: 2026-01-31"),
            person("later", "USER", ", review_by: 2026-11-23"),
            person("gone", "USER", ", review_by: 2026-01-31, until: 2026-11-21"),
        ]
        .concat();
        let team = team(&format!("people:\n{text}"));
        let due = team.desired.reviews_due(TODAY);
        let due: Vec<_> = due.into_iter().map(|(day, email)| format!("{day} {email}")).collect();
        assert_eq!(due, ["2026-01-31 late@example.com", "2026-11-22 today@example.com"]);
    }
}
