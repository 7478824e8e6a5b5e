//! Answers about a small history, at times with and without certainty, in every format.

use super::*;
use crate::history::{ChangeSource, ExplainingCall, RunFacts};
use crate::model::Email;
use crate::render::Paint;
use crate::samples::team;

fn time(text: &str) -> Timestamp {
    format!("2026-11-{text}Z").parse().unwrap()
}

fn run(at: &str, actor: &str) -> RunFacts {
    let commit = "3f9a1c7d".repeat(5);
    RunFacts {
        name: format!("{actor}.jsonl"),
        at: time(at),
        actor: Some(actor.to_owned()),
        by: format!("{actor} at commit {}", &commit[..7]),
        commit: Some(commit),
        plan_id: None,
    }
}

fn role(name: &str) -> Option<Role> {
    Some(name).filter(|name| *name != "none").map(|name| Role::from(name.to_owned()))
}

fn change(email: &str, project: &str, roles: (&str, &str), run: usize, source: ChangeSource) -> AccessChange {
    AccessChange {
        email: Email::as_received(email),
        user_id: None,
        project: ProjectId::new(project),
        from: role(roles.0),
        to: role(roles.1),
        run,
        reason: None,
        source,
    }
}

fn observed(after: Option<&str>, by: &str, call: Option<ExplainingCall>) -> ChangeSource {
    ChangeSource::Observed { after: after.map(time), by: time(by), call }
}

/// Found on the 1st; invited on the 2nd and accepted by the 4th; made ADMIN by hand by the 6th; removed on the 6th.
fn history() -> History {
    let invited = ExplainingCall { run: 1, at: time("02T08:00:01"), is_invitation: true };
    let changes = vec![
        change("own@example.com", "proj_s", ("none", "ADMIN"), 0, observed(None, "01T08:00:00", None)),
        change(
            "ana@example.com",
            "proj_s",
            ("none", "USER"),
            2,
            observed(Some("02T08:00:02"), "04T08:00:00", Some(invited)),
        ),
        AccessChange {
            reason: Some("spring campaign".to_owned()),
            ..change(
                "ben@example.com",
                "proj_l",
                ("none", "role_c"),
                2,
                ChangeSource::Call { at: time("04T08:00:05") },
            )
        },
        change(
            "ana@example.com",
            "proj_s",
            ("USER", "ADMIN"),
            3,
            observed(Some("04T08:00:00"), "06T08:00:00", None),
        ),
        change(
            "ben@example.com",
            "proj_l",
            ("role_c", "none"),
            3,
            ChangeSource::Call { at: time("06T08:00:05") },
        ),
    ];
    let runs = vec![
        run("01T08:00:00", "first"),
        run("02T08:00:00", "inviter"),
        run("04T08:00:00", "alex"),
        run("06T08:00:00", "kim"),
    ];
    History { runs, changes }
}

fn ask(check: impl FnOnce(&Question)) {
    let (history, endpoint, desired) = (history(), Endpoint::default(), team("people: []\n").desired);
    let question = Question {
        history: &history,
        desired: &desired,
        endpoint: &endpoint,
        projects: None,
        role: None,
        known_until: Some(time("06T08:00:00")),
        chain: "intact",
    };
    check(&question);
}

const HEAD: &str = ", https://api.voucherify.io, from the ledger
The ledger knows who had access since 2026-11-01 08:00:00 UTC, its first reading; its last reading is of 2026-11-06 08:00:00 UTC.
";

#[test]
fn each_role_is_shown_with_its_run_actor_and_commit_and_how_sure_it_is() {
    ask(|question| {
        let page = |at: &str| access_at_text(&AccessAt::new(question, time(at)), Paint::PLAIN);
        assert_eq!(
            page("04T12:00:00").replace(HEAD, "…\n"),
            "\
Access at 2026-11-04 12:00:00 UTC…
3 people with 3 roles in 2 projects; 1 uncertain.

ana@example.com  storefront  USER or ADMIN     observed between 2026-11-02 08:00:02 UTC and 2026-11-04 08:00:00 UTC: accepted the invitation of run inviter on 2026-11-02 08:00:01 UTC by inviter at commit 3f9a1c7; possibly ADMIN already: observed between 2026-11-04 08:00:00 UTC and 2026-11-06 08:00:00 UTC: changed outside guestlist (recorded by run kim)
ben@example.com  loyalty     campaign-manager  granted by run alex on 2026-11-04 08:00:05 UTC by alex at commit 3f9a1c7; reason: spring campaign
own@example.com  storefront  ADMIN             found in the first reading, on 2026-11-01 08:00:00 UTC (run first); its origin is not known
"
        );
        assert_eq!(
            page("30T00:00:00").replace(HEAD, "…\n"),
            "\
Access at 2026-11-30 00:00:00 UTC…
This is after the last reading: what has changed outside guestlist since then is not known yet.
2 people with 2 roles in 1 project; 0 uncertain.

ana@example.com  storefront  ADMIN  observed between 2026-11-04 08:00:00 UTC and 2026-11-06 08:00:00 UTC: changed outside guestlist (recorded by run kim)
own@example.com  storefront  ADMIN  found in the first reading, on 2026-11-01 08:00:00 UTC (run first); its origin is not known
"
        );
        assert_eq!(
            page("01T00:00:00").replace(HEAD, "…\n"),
            "\
Access at 2026-11-01 00:00:00 UTC…
This is before the first reading: only what guestlist itself granted is known.
0 people with 0 roles in 0 projects; 0 uncertain.
"
        );
    });
}

#[test]
fn a_question_about_one_role_in_one_project_includes_who_may_have_had_it() {
    ask(|question| {
        let question = Question {
            projects: Some([ProjectId::new("proj_s")].into()),
            role: Some(Role::Admin),
            chain: "damaged",
            ..question.clone()
        };
        let access = AccessAt::new(&question, time("04T12:00:00"));
        let who: Vec<_> = access.lines.iter().map(|line| line.email.as_str()).collect();
        assert_eq!(who, ["ana@example.com", "own@example.com"]);
        let text = access_at_text(&access, Paint::PLAIN);
        assert!(text.starts_with("Access with ADMIN in storefront at 2026-11-04 "), "{text}");
        assert!(text.contains("\nThe ledger was modified: run `guestlist log --verify`.\n"), "{text}");
        let ended = AccessAt::new(&question, time("03T00:00:00"));
        assert_eq!(ended.lines.len(), 1);
    });
}

#[test]
fn changes_are_riskiest_first() {
    ask(|question| {
        let all = Changes::new(question, Timestamp::MIN, time("30T00:00:00"));
        let text = changes_text(&all, Paint::PLAIN);
        let (head, lists) = text.split_once("\n\n").unwrap();
        assert!(
            head.ends_with(
                "1 became ADMIN · 2 gained access · 0 changed role · 1 found in the first reading · 1 lost access"
            ),
            "{head}"
        );
        let lines: Vec<_> = lists.lines().map(|line| line.split(": ").next().unwrap()).collect();
        assert_eq!(
            lines,
            [
                "Became ADMIN (1)",
                "  ana@example.com  storefront  USER → ADMIN  observed between 2026-11-04 08:00:00 UTC and 2026-11-06 08:00:00 UTC",
                "",
                "Gained access (2)",
                "  ben@example.com  loyalty     none → campaign-manager  granted by run alex on 2026-11-04 08:00:05 UTC by alex at commit 3f9a1c7; reason",
                "  ana@example.com  storefront  none → USER              observed between 2026-11-02 08:00:02 UTC and 2026-11-04 08:00:00 UTC",
                "",
                "Found in the first reading (1)",
                "  own@example.com  storefront  ADMIN  found in the first reading, on 2026-11-01 08:00:00 UTC (run first); its origin is not known",
                "",
                "Lost access (1)",
                "  ben@example.com  loyalty  campaign-manager → none  removed by run kim on 2026-11-06 08:00:05 UTC by kim at commit 3f9a1c7",
            ]
        );
        // What may have happened before is included.
        let later = Changes::new(question, time("05T00:00:00"), time("06T08:00:00"));
        assert_eq!(
            later.changes.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
            [ChangeKind::BecameAdmin]
        );
    });
}

#[test]
fn programs_get_ids_times_and_the_run_behind_each_role() {
    ask(|question| {
        let access = AccessAt::new(question, time("04T12:00:00"));
        let page: serde_json::Value = serde_json::from_str(&access_at_json(&access)).unwrap();
        assert_eq!((&page["at"], &page["chain"]), (&"2026-11-04T12:00:00.000Z".into(), &"intact".into()));
        let ana = &page["access"][0];
        assert_eq!((&ana["role"], &ana["certain"]), (&"USER".into(), &false.into()));
        assert_eq!((&ana["possible"][0]["to"], &ana["possible"][0]["run"]), (&"ADMIN".into(), &().into()));
        assert_eq!(
            page["access"][1],
            serde_json::json!({
                "email": "ben@example.com",
                "project": "proj_l",
                "role": "role_c",
                "since": "2026-11-04T08:00:05.000Z",
                "certain": true,
                "user_id": null,
                "from": null,
                "to": "role_c",
                "source": "call",
                "after": "2026-11-04T08:00:05.000Z",
                "by": "2026-11-04T08:00:05.000Z",
                "run": "alex.jsonl",
                "actor": "alex",
                "commit": "3f9a1c7d".repeat(5),
                "plan_id": null,
                "recorded_by": "alex.jsonl",
                "reason": "spring campaign",
                "evidence": "granted by run alex on 2026-11-04 08:00:05 UTC by alex at commit 3f9a1c7; reason: spring campaign",
            })
        );
        let csv = access_at_csv(&access);
        let kinds: Vec<_> = csv.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
        assert_eq!(kinds, ["\"role\"", "\"possible\"", "\"role\"", "\"role\""]);
        let changes = Changes::new(question, time("05T00:00:00"), time("30T00:00:00"));
        let page: serde_json::Value = serde_json::from_str(&changes_json(&changes)).unwrap();
        assert_eq!(page["summary"]["became_admin"], 1);
        assert_eq!(page["changes"][0]["kind"], "became_admin");
        assert_eq!(page["changes"][0]["recorded_by"], "kim.jsonl");
        assert_eq!(changes_csv(&changes).lines().count(), 3);
    });
}

#[test]
fn names_from_the_ledger_are_text_on_the_page() {
    ask(|question| {
        let mut history = question.history.clone();
        history.changes[0].email = Email::as_received("<img src=x>\u{1b}[2J");
        history.runs[0].by = "<script>".to_owned();
        let question = Question { history: &history, ..question.clone() };
        let access = AccessAt::new(&question, time("30T00:00:00"));
        let changes = Changes::new(&question, Timestamp::MIN, time("30T00:00:00"));
        for page in [access_at_html(&access), changes_html(&changes)] {
            assert!(
                page.contains("&lt;img src=x&gt;") && !page.contains("<img") && !page.contains("<script")
            );
            assert!(!page.contains('\u{1b}'), "{page}");
        }
        for text in [access_at_text(&access, Paint::PLAIN), changes_text(&changes, Paint::PLAIN)] {
            assert!(!text.contains('\u{1b}'), "{text}");
        }
    });
}
