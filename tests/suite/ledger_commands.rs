//! What looks into the ledger or works on it: `log`, `resend`, `unlock`, `plan --offline`, and the lock.

use guestlist::ledger::{Ledger, LedgerLocation, StoreVariables, Who};
use guestlist::sandbox::{Behaviour, Options, Organization, SecondInvitation};

use crate::scenario::{Ended, HEAD, Scenario};

const TWO: &str = "\
people:
  - {email: ana@example.com, first_name: Ana, last_name: Oak, projects: {storefront: ADMIN}}
  - {email: ben@example.com, first_name: Ben, last_name: Elm, projects: {loyalty: USER}}
";

fn scenario() -> Scenario {
    Scenario::new().team(&format!("{HEAD}{TWO}"))
}

#[test]
fn the_log_tells_who_did_what() {
    let scenario = scenario();
    scenario.run("plan").ok();
    scenario.run("log").assert(0, "The ledger is empty.\n", "");
    scenario.run("apply --yes --concurrency 1").ok();
    let heading = "\
$TODAY $TIME UTC apply to $ENDPOINT by tester on $HOST (completed)
  plan $DIGEST
";
    let ana = "  $TODAY $TIME UTC invite ana@example.com: storefront ADMIN → invited, 204, $N ms\n";
    let ben = "  $TODAY $TIME UTC invite ben@example.com: loyalty USER → invited, 204, $N ms\n";
    let found = |project: &str| {
        format!("  $TODAY $TIME UTC found owner@example.com: {project} ADMIN, in the first reading\n")
    };
    let (storefront, loyalty) = (found("storefront"), found("loyalty"));
    let all = format!("{heading}{storefront}{loyalty}{ana}{ben}");
    for (args, shown) in [
        ("", all.clone()),
        ("--person BEN@example.com", format!("{heading}{ben}")),
        ("--project storefront", format!("{heading}{storefront}{ana}")),
        ("--project proj_npnFzPr9", format!("{heading}{loyalty}{ben}")),
        ("--role ADMIN", format!("{heading}{storefront}{loyalty}{ana}")),
        ("--role USER --project loyalty", format!("{heading}{ben}")),
        ("--role VIEWER", "The ledger has no records with role VIEWER.\n".into()),
        // The role counts in that project, not in another one.
        (
            "--role USER --project storefront",
            "The ledger has no records with role USER in storefront.\n".into(),
        ),
        ("--person zoe@example.com", "The ledger has no records for zoe@example.com.\n".into()),
        ("--since 2026-01-01 --until 2999-12-31", all.clone()),
        ("--until 2026-01-01T12:00:00Z", "The ledger has no runs until 2026-01-01 $TIME UTC.\n".into()),
    ] {
        scenario.run(&format!("log {args}")).assert(0, &shown, "");
    }
    // A day is all of it.
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let tomorrow = today.tomorrow().expect("a day");
    scenario.run(&format!("log --since {today} --until {today}")).assert(0, &all, "");
    let nothing = format!("The ledger has no runs since {tomorrow} $TIME UTC.\n");
    scenario.run(&format!("log --since {tomorrow}")).assert(0, &nothing, "");
    for (args, why) in [
        ("--project storefrnt", "unknown project `storefrnt`; did you mean `storefront`?"),
        ("--role admin", "unknown role `admin`; did you mean `ADMIN`?"),
    ] {
        scenario.run(&format!("log {args}")).assert(1, "", &format!("error: {why}\n"));
    }
    // Without a team file there are no names.
    std::fs::rename(scenario.path("team.yaml"), scenario.path("moved.yaml")).expect("a move");
    let ours = format!("{heading}{storefront}{ana}");
    let ids = ours.replace("storefront", "proj_9KeAhZB1");
    scenario.run("log --project proj_9KeAhZB1").assert(0, &ids, "");
    scenario.run("log moved.yaml --project storefront").assert(0, &ours, "");
    scenario.run("log moved.yaml --ledger .guestlist --project storefront").assert(0, &ours, "");
}

#[test]
fn the_log_as_json_is_the_records_as_stored() {
    let scenario = scenario();
    scenario.run("apply --yes --concurrency 1").ok();
    let stored = scenario.read_all(".guestlist/runs");
    let mut command = scenario.command(&["log", "--format", "json"]);
    let shown = String::from_utf8(command.output().expect("the binary runs").stdout).expect("UTF-8");
    assert!(shown == stored, "to the letter: {shown}");
    let kinds: Vec<_> = stored
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["kind"]
                .as_str()
                .expect("a kind")
                .to_owned()
        })
        .collect();
    assert_eq!(kinds, ["run", "observed", "observed", "intent", "outcome", "intent", "outcome", "end"]);
}

#[test]
fn an_edited_record_shows() {
    let scenario = scenario();
    scenario.run("apply --yes --concurrency 1").ok();
    scenario.run("log --verify").assert(
        0,
        "\
ok $RUN.jsonl: 8 records, 2 calls, completed
1 file checked: all records intact.
",
        "",
    );
    let runs = std::fs::read_dir(scenario.path(".guestlist/runs")).expect("runs");
    let file = runs.map(|entry| entry.expect("a run").path()).next().expect("a run");
    let text = std::fs::read_to_string(&file).expect("a run");
    std::fs::write(&file, text.replace("ben@example.com", "bob@example.com")).expect("an edit");
    scenario.run("log --verify").assert(
        1,
        "broken $RUN.jsonl: line 6 was edited\n",
        "error: the ledger was modified: 1 problem\n",
    );
    scenario.run("plan").assert(0, "\
1 invited · 1 needs attention · 1 call, no wait for the rate limit
Plan for $ENDPOINT on $TODAY; members read live at $TIME UTC

Needs attention (1)
  ! bob@example.com    invited today, not in the file (loyalty USER); cancel it in Team settings

Invited (1)
  + ben@example.com    loyalty USER  (Ben Elm)

Waiting (1)
  · ana@example.com    invited today

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
", "warning: ledger file `runs/$RUN.jsonl`, line 7, does not continue the line before it, so a record was edited, added or removed; run `guestlist log --verify`\n");
}

#[test]
fn a_run_that_may_be_cut_is_not_called_ok() {
    let scenario = scenario();
    scenario.run("log nobody@example.com").assert(
        1,
        "",
        "\
error: team file `nobody@example.com` not found; it looks like an email address, which is not a team file
",
    );
    scenario.run("plan").ok();
    scenario.run("log --verify").assert(0, "The ledger has no runs: nothing to check.\n", "");
    scenario.run("log --verify --format json").assert(0, "{\"chain\":\"intact\",\"problems\":[]}\n", "");
    scenario.run("apply --yes").ok();
    let file = run_files(&scenario).remove(0);
    let name = scenario.placeholders(&file.file_name().expect("a name").to_string_lossy());
    let text = std::fs::read_to_string(&file).expect("a run");
    let cut: String = text.lines().take(6).map(|line| format!("{line}\n")).collect::<Vec<_>>().concat();
    let no_end = format!(
        "`{name}` has no end: the run is in progress, was interrupted, or its last records were removed"
    );
    let torn = format!("`{name}`, line 7 is incomplete (the process was interrupted while writing it)");
    for (text, finding, line, more) in
        [(cut.clone(), no_end, None, ""), (format!("{cut}{{"), torn, Some(7), ", line 7 is incomplete")]
    {
        std::fs::write(&file, text).expect("a cut");
        scenario.run("log --verify").assert(
            0,
            &format!(
                "\
incomplete {name}: 6 records, 2 calls, 1 call without an outcome, no end recorded{more}
1 file checked: all records intact.
"
            ),
            &format!("warning: {finding}\n"),
        );
        let line = line.map(|line| format!("\"line\":{line},")).unwrap_or_default();
        scenario.run("log --verify --format json").assert(
            0,
            &format!(
                "{{\"chain\":\"intact\",\"problems\":[{{\"file\":\"{name}\",\"level\":\"warning\",{line}\"text\":\"{finding}\"}}]}}\n"
            ),
            "",
        );
        let log = scenario.run("log");
        assert_eq!((log.status, log.stderr), (Some(0), format!("warning: {finding}\n")));
        // The next run names the last record, so that nothing can have been removed after it.
        scenario.write("team.yaml", &format!("{HEAD}{TWO}").replace("ben@", "bob@"));
    }
    scenario.run("apply --yes").ok();
    let log = scenario.run("log");
    let torn =
        format!("warning: `{name}`, line 7 is incomplete (the process was interrupted while writing it)\n");
    assert_eq!((log.status, log.stderr), (Some(0), torn));
}

#[test]
fn the_log_warns_of_a_forged_and_of_a_missing_run_before_it_shows_anything() {
    let scenario = scenario();
    scenario.run("apply --yes --concurrency 1").ok();
    let first = run_files(&scenario).remove(0);
    let name = scenario.placeholders(&first.file_name().expect("a name").to_string_lossy());
    scenario.write("team.yaml", &format!("{HEAD}{TWO}").replace("ben@", "bob@"));
    scenario.run("apply --yes").ok();
    let second = run_files(&scenario).remove(1);
    let next = scenario.placeholders(&second.file_name().expect("a name").to_string_lossy());
    let whole = std::fs::read_to_string(&first).expect("a run");
    std::fs::write(&first, whole.replace("ben@example.com", "eve@example.com")).expect("an edit");
    let log = scenario.run("log");
    log.assert(
        0,
        "\
$TODAY $TIME UTC apply to $ENDPOINT by tester on $HOST (completed)
  plan $DIGEST
  $TODAY $TIME UTC invite bob@example.com: loyalty USER → invited, 204, $N ms
$TODAY $TIME UTC apply to $ENDPOINT by tester on $HOST (completed)
  plan $DIGEST
  $TODAY $TIME UTC found owner@example.com: storefront ADMIN, in the first reading
  $TODAY $TIME UTC found owner@example.com: loyalty ADMIN, in the first reading
  $TODAY $TIME UTC invite ana@example.com: storefront ADMIN → invited, 204, $N ms
  $TODAY $TIME UTC invite eve@example.com: loyalty USER → invited, 204, $N ms
",
        "warning: `$RUN.jsonl`, line 6 was edited\n",
    );

    std::fs::remove_file(&first).expect("a removal");
    let missing = format!("`{name}` is missing: `{next}` continues from it");
    let log = scenario.run("log --format json");
    assert_eq!((log.status, log.stderr), (Some(0), format!("warning: {missing}\n")));
    let ok = "ok";
    scenario.run("log --verify").assert(
        1,
        &format!("{ok} {next}: 4 records, 1 call, completed\nbroken {missing}\n"),
        "error: the ledger was modified: 1 problem\n",
    );
    scenario.run("log --verify --format json").assert(
        1,
        &format!("{{\"chain\":\"damaged\",\"problems\":[{{\"level\":\"error\",\"text\":\"{missing}\"}}]}}\n"),
        "error: the ledger was modified: 1 problem\n",
    );
    // A run file that is a link is not followed, and not left aside either.
    #[cfg(unix)]
    {
        std::fs::write(scenario.path("kept"), whole).expect("a file");
        std::os::unix::fs::symlink(scenario.path("kept"), &first).expect("a link");
        for command in ["log", "log --verify", "plan", "plan --offline", "apply --yes"] {
            let refused = scenario.run(command);
            assert_eq!(
                (refused.status, refused.stderr),
                (
                    Some(1),
                    format!(
                        "error: `.guestlist/runs/{name}` is not a run file of guestlist; move it out of the \
                         ledger, or restore the original file\n"
                    )
                ),
                "{command}"
            );
        }
    }
}

#[test]
fn a_ledger_that_is_not_there_is_an_error() {
    let scenario = scenario();
    for (args, shown) in [("", ".guestlist"), (" --ledger mistyped", "mistyped")] {
        for command in ["log", "log --verify", "log --verify --format json", "unlock --yes"] {
            let expected =
                format!("error: no ledger at `{shown}`; check the path, or pass another one with --ledger\n");
            scenario.run(&format!("{command}{args}")).assert(1, "", &expected);
        }
    }
    assert!(!scenario.path(".guestlist").exists());
}

/// The run files, the first one first.
fn run_files(scenario: &Scenario) -> Vec<std::path::PathBuf> {
    let runs = std::fs::read_dir(scenario.path(".guestlist/runs")).expect("runs");
    let mut files: Vec<_> = runs.map(|entry| entry.expect("a run").path()).collect();
    files.sort();
    files
}

#[test]
fn an_offline_plan_says_what_it_rests_on() {
    let scenario = scenario().member("ana@example.com", &[("storefront", "USER")]);
    scenario.run("plan --offline").assert(
        1,
        "",
        "\
error: the ledger `.guestlist` has no saved snapshot of $ENDPOINT; run `guestlist plan` online first
",
    );
    scenario.run("plan").ok();
    scenario.calls();
    scenario.run("plan --offline").assert(
        0,
        "\
1 invited · 1 becomes ADMIN · 2 calls
Plan for $ENDPOINT on $TODAY; offline, snapshot from $TODAY $TIME UTC

Becomes ADMIN (1)
  ! ana@example.com    storefront USER → ADMIN

Invited (1)
  + ben@example.com    loyalty USER  (Ben Elm)

Not changed (1)
  · owner@example.com  owner, not in the file; owners are never changed (loyalty ADMIN, storefront ADMIN)

Plan id: $DIGEST
",
        "\
Offline: the snapshot is less than a second old.
",
    );
    assert_eq!(scenario.calls(), []);
    scenario.run("apply --yes").ok();
    scenario.run("plan --offline --detailed-exitcode").ok();
    // A project that was never read is not guessed at.
    let other =
        format!("{HEAD}{TWO}").replace("loyalty: proj_npnFzPr9", "loyalty: proj_npnFzPr9, more: proj_more");
    scenario.write("team.yaml", &other);
    scenario.run("plan --offline").assert(1, "", "error: the saved snapshot of $TODAYT$TIMEZ does not include more; run `guestlist plan` online first\n");
}

#[test]
fn an_invitation_is_sent_again_on_purpose() {
    let behaviour = Behaviour { second_invitation: SecondInvitation::SentAgain, ..Behaviour::default() };
    let scenario = Scenario::with(Options { behaviour, ..Options::default() }).team(&format!("{HEAD}{TWO}"));
    scenario.run("resend zoe@example.com --yes").assert(
        1,
        "",
        "\
error: zoe@example.com is not in the team file, so there is nothing to invite them to
",
    );
    scenario.run("resend ana@example.com --yes").assert(
        1,
        "",
        "\
error: the ledger has no invitation to ana@example.com; `guestlist apply` sends the first one
",
    );
    scenario.run("apply --yes").ok();
    scenario.calls();
    scenario.run("resend ana@example.com").assert(
        1,
        "",
        "\
ana@example.com was invited on $TODAY.
error: cannot ask for confirmation (not a terminal); pass --yes to proceed
",
    );
    assert_eq!(scenario.writes(), [""; 0]);
    scenario.run("resend ana@example.com --yes").assert(
        0,
        "\
Sent the invitation to ana@example.com again.
",
        "\
ana@example.com was invited on $TODAY.
invited ana@example.com: storefront ADMIN
",
    );
    assert_eq!(scenario.writes(), ["POST /management/v1/projects/users/invite"]);
    scenario.run("log --person ana@example.com").assert(
        0,
        "\
$TODAY $TIME UTC resend to $ENDPOINT by tester on $HOST (completed)
  plan $DIGEST
  $TODAY $TIME UTC invite again ana@example.com: storefront ADMIN → invited, 204, $N ms
$TODAY $TIME UTC apply to $ENDPOINT by tester on $HOST (completed)
  plan $DIGEST
  $TODAY $TIME UTC invite ana@example.com: storefront ADMIN → invited, 204, $N ms
",
        "",
    );
    scenario.run("plan --detailed-exitcode").ok();
    assert!(scenario.organization(|organization| organization.accept("ana@example.com")));
    scenario.run("resend ana@example.com --yes").assert(
        1,
        "",
        "\
error: ana@example.com is already a member; there is no invitation to send again
",
    );
}

#[test]
fn nothing_is_sent_again_outside_of_the_dates_in_the_file() {
    let scenario = scenario();
    scenario.run("apply --yes").ok();
    scenario.calls();
    for (date, told) in [
        (
            "until: 2026-01-31",
            "access for ana@example.com ended on 2026-01-31; no invitation was sent. Fix `until` if that is wrong",
        ),
        (
            "from: 9999-01-01",
            "ana@example.com starts on 9999-01-01; invitations are not sent before that date. Fix `from` if that is wrong",
        ),
    ] {
        let dated = format!("{HEAD}{TWO}").replacen(
            "email: ana@example.com",
            &format!("email: ana@example.com, {date}"),
            1,
        );
        scenario.write("team.yaml", &dated);
        scenario.run("resend ana@example.com --yes").assert(1, "", &format!("error: {told}\n"));
    }
    assert_eq!(scenario.calls(), []);
}

#[test]
fn a_service_that_sends_none_twice_is_told_so() {
    let scenario = scenario();
    scenario.run("apply --yes").ok();
    scenario.run("resend ana@example.com --yes").assert(
        1,
        "",
        "\
ana@example.com was invited on $TODAY.
already invited ana@example.com: storefront ADMIN
error: the service did not send another invitation to ana@example.com (409); resend it in Team settings
",
    );
    scenario.run("plan --detailed-exitcode").ok();
}

#[test]
fn a_second_apply_is_refused_while_the_lock_is_held() {
    let scenario = scenario();
    let ledger =
        Ledger::open(&LedgerLocation::Folder(scenario.path(".guestlist")), &StoreVariables::default())
            .expect("a ledger");
    let who = Who { user: Some("anna".to_owned()), host: Some("build-7".to_owned()), ..Who::default() };
    let lock = ledger.acquire(&who).expect("a lock");
    let refused = scenario.run("apply --yes");
    let process = format!("(process {})", std::process::id());
    Ended { stderr: refused.stderr.replace(&process, "($PROCESS)"), ..refused }.assert(1, "", "\
error: the ledger is locked by anna on build-7 ($PROCESS) since $TODAYT$TIMEZ, renewed $TODAYT$TIMEZ; wait until that run has ended (a lock that is not renewed expires after 60 seconds) or, if you know that it is no longer running, run `guestlist unlock` with the same options
");
    assert_eq!(scenario.writes(), [""; 0]);
    // What does not write is not kept from its work.
    scenario.run("plan").ok();

    let process = format!("(process {})", std::process::id());
    let asked = scenario.run("unlock");
    Ended { stderr: asked.stderr.replace(&process, "($PROCESS)"), ..asked }.assert(
        1,
        "",
        "\
Locked by anna on build-7 ($PROCESS) since $TODAYT$TIMEZ, renewed $TODAYT$TIMEZ.
error: cannot ask for confirmation (not a terminal); pass --yes to proceed
",
    );
    let freed = scenario.run("unlock --yes");
    Ended { stderr: freed.stderr.replace(&process, "($PROCESS)"), ..freed }.assert(
        0,
        "The lock is released.\n",
        "Locked by anna on build-7 ($PROCESS) since $TODAYT$TIMEZ, renewed $TODAYT$TIMEZ.\n",
    );
    scenario.run("apply --yes").ok();
    scenario.run("unlock --yes").assert(0, "The ledger is not locked: nothing to do.\n", "");
    let log = scenario.run("log");
    let (_, unlocked) = log.ok().stdout.split_once("unlock to ").expect("the release");
    assert!(
        unlocked.starts_with("https://api.voucherify.io by tester on $HOST (completed)\n")
            || unlocked.starts_with("$ENDPOINT by tester on $HOST (completed)\n"),
        "{unlocked}"
    );
    assert!(unlocked.contains("  released the lock of anna on build-7 (process "), "{unlocked}");
    scenario.run("log --verify").ok();
    drop(lock);
}

#[test]
fn somebody_who_turns_out_to_be_a_user_gets_the_roles() {
    let scenario = scenario();
    scenario.run("apply --yes").ok();
    // Accepted meanwhile, and deleted from the organization by hand: no list shows the user.
    scenario.organization(|organization| {
        *organization = Organization::example();
        assert!(organization.add_elsewhere("ana@example.com", "Ana", "Oak"));
    });
    scenario.calls();
    scenario.run("resend ana@example.com --yes").assert(
        0,
        "\
ana@example.com already has a Voucherify account and was assigned the roles.
",
        "\
ana@example.com was invited on $TODAY.
assigned ana@example.com: storefront ADMIN
",
    );
    assert_eq!(
        scenario.writes(),
        ["POST /management/v1/projects/users/invite", "POST /management/v1/projects/proj_9KeAhZB1/users"]
    );
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_the_runs_is_refused_by_name() {
    let scenario = Scenario::new().team(&format!("{HEAD}people: []\n"));
    let outside = scenario.path("outside");
    std::fs::create_dir_all(&outside).expect("a folder");
    std::fs::create_dir_all(scenario.path(".guestlist")).expect("a folder");
    std::os::unix::fs::symlink(&outside, scenario.path(".guestlist/runs")).expect("a link");
    for command in ["plan", "apply --yes", "log", "log --verify"] {
        scenario.run(command).assert(1, "", "error: `.guestlist/runs` is not a run file of guestlist; move it out of the ledger, or restore the original file\n");
    }
    assert_eq!(std::fs::read_dir(outside).expect("a folder").count(), 0);
    assert_eq!(scenario.calls().len(), 0);
}
