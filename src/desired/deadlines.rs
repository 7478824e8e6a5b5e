//! The dates in a team file that someone should act on: access that ends soon.

use jiff::civil::Date;

use super::Desired;
use crate::model::Email;

/// Access that ends within so many days is named by `status`.
pub const SOON_DAYS: i32 = 14;

impl Desired {
    /// The people whose access ends from `today` to [`SOON_DAYS`] later, and their last day; earliest first.
    #[must_use]
    pub fn ending_soon(&self, today: Date) -> Vec<(Date, &Email)> {
        let ends = self.people.values().filter_map(|person| Some((person.until?, &person.email)));
        let mut soon: Vec<_> =
            ends.filter(|(until, _)| (0..=SOON_DAYS).contains(&(*until - today).get_days())).collect();
        soon.sort();
        soon
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::{TODAY, team};

    #[test]
    fn access_ends_soon_from_its_last_day_to_two_weeks_before() {
        let person = |name: &str, until: &str| {
            format!(
                "  - {{email: {name}@example.com, first_name: A, last_name: B, projects: {{storefront: USER}}{until}}}\n"
            )
        };
        let text: String = [
            person("ended", ", until: 2026-11-21"),
            person("later", ", until: 2026-12-06"),
            person("today", ", until: 2026-11-22"),
            person("far", ", until: 2026-12-07"),
            person("never", ""),
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
}
