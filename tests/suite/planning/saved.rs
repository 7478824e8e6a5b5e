//! Saved plans: what was reviewed is what runs, and everything in doubt is refused.

use guestlist::model::Endpoint;
use guestlist::plan::{Plan, PlanOptions, SavedPlan, SavedPlanError};
use guestlist::render::saved_plan_error;
use jiff::civil::date;

use super::{TODAY, known, options, team};

const PEOPLE: &str = "people:
  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: ADMIN, loyalty: USER}}
  - {email: ben@example.com, first_name: Ben, last_name: Elm, projects: {storefront: USER}, until: 2026-12-20}
policy: {prune: people, max_removals: 100%, protect: [\"*@agency.example\"]}
";

const KNOWN: &str = "\
ana@example.com storefront=ADMIN
zoe@example.com storefront=USER loyalty=VIEWER
kim@example.com invited=2026-12-01 storefront=USER
";

fn saved_under(people: &str, known_people: &str, options: &PlanOptions) -> SavedPlan {
    let (desired, known) = (team(people), known(known_people));
    let plan = Plan::between(&desired, &known, options);
    let made_at = "2026-12-10T08:00:00.1234Z".parse().expect("a time");
    SavedPlan::new(&plan, made_at, &desired, ".guestlist", options)
}

/// The options of a day of that month.
fn on(day: i8) -> PlanOptions {
    PlanOptions { date: date(2026, 12, day), ..options() }
}

fn saved() -> SavedPlan {
    saved_under(PEOPLE, KNOWN, &options())
}

#[test]
fn a_saved_plan_reads_back_as_it_was() {
    let saved = saved();
    assert_eq!(SavedPlan::from_json(&saved.to_json()), Ok(saved.clone()));
    assert!(saved.to_json().contains("\"made_at\": \"2026-12-10T08:00:00.123Z\""), "{}", saved.to_json());
}

#[test]
fn no_byte_of_it_can_be_changed_taken_or_added() {
    let whole = saved().to_json();
    assert!(whole.is_ascii());
    for at in 0..whole.len() {
        for other in ["", "x", "0", " ", "\"", "}", "\\u0061"] {
            let mut text = whole.clone();
            text.replace_range(at..=at, other);
            assert!(text == whole || SavedPlan::from_json(&text).is_err(), "byte {at} as {other:?}");
        }
    }
}

#[test]
fn an_edited_plan_is_told_from_one_that_is_none() {
    let whole = saved().to_json();
    let error = |text: &str| saved_plan_error(&SavedPlan::from_json(text).unwrap_err());
    assert_eq!(
        error(&whole.replace("\"USER\"", "\"ADMIN\"")),
        "it was changed after it was made: its digests do not match its content; make a new plan"
    );
    assert_eq!(
        error(&whole.replace("\"format_version\": 1", "\"format_version\": 2")),
        "its format is version 2 and this guestlist reads version 1; make the plan with the guestlist that applies it"
    );
    let undated: Vec<_> = whole.lines().filter(|line| !line.contains("made_at")).collect();
    let undated = undated.join("\n");
    assert_eq!(
        error(&undated),
        "it does not say when it was made, so an older guestlist made it; make a new plan"
    );
    assert_eq!(
        error("people: []"),
        "not a saved plan (expected value at line 1 column 1); make one with `guestlist plan --out`"
    );
    assert_eq!(
        error("{}"),
        "not a saved plan (missing field `format_version` at line 1 column 2); make one with `guestlist plan --out`"
    );
}

#[test]
fn it_is_for_one_organization_and_not_for_a_day_to_come() {
    let saved = saved();
    assert_eq!(saved.check(&Endpoint::default(), TODAY), Ok(()));
    assert_eq!(saved.check(&Endpoint::default(), date(2026, 12, 11)), Ok(()));
    let other = Endpoint::of_cluster("us1").expect("a cluster");
    assert_eq!(
        saved_plan_error(&saved.check(&other, TODAY).unwrap_err()),
        "it was made for https://api.voucherify.io and this run is for https://us1.api.voucherify.io; make a plan for this one"
    );
    let early = saved.check(&Endpoint::default(), date(2026, 12, 9));
    assert_eq!(early, Err(SavedPlanError::Early(TODAY)));
    assert_eq!(saved_plan_error(&early.unwrap_err()), "it is for 2026-12-10, which is in the future (UTC)");
}

#[test]
fn what_holds_already_falls_out_and_the_name_stays() {
    let saved = saved();
    let untouched = saved.again(&known(KNOWN), &options()).unwrap();
    assert_eq!((&untouched.changes, &untouched.id), (&saved.changes, &saved.plan_id));
    let done = "\
ana@example.com storefront=ADMIN loyalty=USER
ben@example.com invited=2026-12-10 storefront=USER
zoe@example.com loyalty=VIEWER
kim@example.com invited=2026-12-01 storefront=USER
";
    let nothing = saved.again(&known(done), &options()).unwrap();
    assert_eq!((nothing.changes, nothing.id), (vec![], saved.plan_id.clone()));
}

#[test]
fn what_it_does_not_list_is_refused() {
    let somebody_new = format!("{KNOWN}yan@example.com storefront=USER elsewhere\n");
    let unlisted = saved().again(&known(&somebody_new), &options()).unwrap_err().0;
    assert_eq!(
        unlisted.iter().map(|change| change.email().as_str()).collect::<Vec<_>>(),
        ["yan@example.com"]
    );
    let demoted = KNOWN.replace("ADMIN", "USER");
    let unlisted = saved().again(&known(&demoted), &options()).unwrap_err().0;
    assert_eq!(
        unlisted.iter().map(|change| change.email().as_str()).collect::<Vec<_>>(),
        ["ana@example.com"]
    );
}

#[test]
fn a_date_that_has_passed_meanwhile_is_not_overridden() {
    // Ben was to be invited, and on the 21st is not any more.
    assert!(saved().again(&known(KNOWN), &on(20)).is_ok());
    let unlisted = saved().again(&known(KNOWN), &on(21)).unwrap_err().0;
    assert_eq!(
        unlisted.iter().map(|change| change.email().as_str()).collect::<Vec<_>>(),
        ["ben@example.com"]
    );
}

#[test]
fn a_wave_lists_its_own_invitations_and_leaves_the_others() {
    let people = "people:
  - {email: a@example.com, first_name: A, last_name: A, projects: {storefront: USER}}
  - {email: b@example.com, first_name: B, last_name: B, projects: {storefront: USER}}
";
    let wave = saved_under(people, "", &PlanOptions { max_invites: Some(1), ..options() });
    let again = wave.again(&known(""), &options()).unwrap();
    assert_eq!((&again.changes, &again.id), (&wave.changes, &wave.plan_id));
    assert_eq!(wave.changes.len(), 1);
    assert_eq!(
        wave.again(&known("a@example.com invited=2026-12-10 storefront=USER"), &options()).unwrap().changes,
        []
    );
}

#[test]
fn removals_that_were_allowed_stay_so_when_some_are_done() {
    let people = "people:
  - {email: boss@example.com, first_name: B, last_name: S, projects: {storefront: ADMIN}}
policy: {prune: people, max_removals: 1}
";
    let boss = "boss@example.com storefront=ADMIN\n";
    let three = ["a", "b", "c"].map(|name| format!("{name}@example.com storefront=USER elsewhere\n"));
    let all = format!("{boss}{}", three.concat());
    let allowed = saved_under(people, &all, &PlanOptions { allow_removals: Some(3), ..options() });
    assert_eq!(allowed.again(&known(&all), &options()).unwrap().refused, []);
    let rest = allowed.again(&known(&format!("{boss}{}", three[..2].concat())), &options()).unwrap();
    assert_eq!((rest.changes.len(), rest.refused), (2, vec![]));
    let late = saved_under(people, &all, &options());
    let now = PlanOptions { allow_removals: Some(3), ..options() };
    assert_eq!(late.again(&known(&all), &now).unwrap().refused, [], "allowed only now");
    for allow_removals in [None, Some(2)] {
        let refused = saved_under(people, &all, &PlanOptions { allow_removals, ..options() });
        assert_eq!(refused.again(&known(&all), &options()).unwrap().refused.len(), 1);
        let later = refused.again(&known(&format!("{boss}{}", three[..2].concat())), &options()).unwrap();
        assert_eq!(later.refused.len(), 1, "two are too many without being allowed");
    }
}
