//! Days as a team file has them.

use jiff::civil::Date;

use crate::team_file::{Problem, ProblemId, Problems, Text, shown};

/// The first and the last day of an access; neither is required.
pub(super) fn days(
    from: Option<&Text>,
    until: Option<&Text>,
    problems: &mut Problems,
) -> (Option<Date>, Option<Date>) {
    let mut day = |text: Option<&Text>| text.and_then(|text| self::day(text, problems));
    let (first, last) = (day(from), day(until));
    if let (Some(first), Some(last), Some(start), Some(end)) = (first, last, from, until)
        && last < first
    {
        let problem = Problem::new(
            end.at,
            ProblemId::UntilBeforeFrom,
            format!("`until` {last} is before `from` {first}"),
        );
        problems.push(problem.also(start.at, "`from` is set here"));
    }
    (first, last)
}

/// A date as `YYYY-MM-DD`; no other form is accepted.
pub(super) fn day(text: &Text, problems: &mut Problems) -> Option<Date> {
    let bytes = text.value.as_bytes();
    let in_form = bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let day = text.value.parse::<Date>().ok().filter(|_| in_form);
    if day.is_none() {
        let month = in_form.then(|| text.value.get(..7)).flatten();
        let first = month.and_then(|month| format!("{month}-01").parse::<Date>().ok());
        let help = match first {
            Some(first) => format!("{} has {} days", first.strftime("%B %Y"), first.days_in_month()),
            None if in_form => "months go from `01` to `12`".to_owned(),
            None => "use the form `YYYY-MM-DD`, such as `2026-12-01`".to_owned(),
        };
        let message = format!("{} is not a valid date", shown(&text.value));
        problems.push(Problem::new(text.at, ProblemId::InvalidDate, message).help(help));
    }
    day
}
