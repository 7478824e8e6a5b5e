//! `prune: dropped`: what the file of the last apply gave and this file does not give is removed, nothing else.

use guestlist::plan::PlanOptions;

use super::{known, options, shown, team};

const DROPPED: &str = "policy: {prune: dropped, max_removals: 100%}\n";
const ALEX: &str = "people:\n  - {email: alex@example.com, first_name: Alex, last_name: Doe, projects: {storefront: ADMIN}}\n";

#[track_caller]
fn check(policy: &str, known: &str, expected: &str) {
    let desired = team(&format!("{ALEX}{policy}"));
    assert_eq!(shown(&desired, &super::known(known), &options()), expected);
}

const LIVE: &str = "\
alex@example.com storefront=ADMIN loyalty=USER
ben@example.com storefront=USER loyalty=VIEWER
cat@example.com storefront=USER elsewhere
dan@example.com loyalty=USER
eve@example.com storefront=USER
";

const APPLIED: &str = "\
applied=storefront,loyalty
gave=alex@example.com storefront=ADMIN loyalty=VIEWER
gave=ben@example.com storefront=USER
gave=cat@example.com storefront=USER
gave=dan@example.com loyalty=USER
gave=gone@example.com loyalty=USER
";

#[test]
fn what_the_last_file_gave_is_removed_and_nothing_else() {
    check(
        DROPPED,
        &format!("{APPLIED}{LIVE}"),
        "\
4 lose access · 1 needs attention · 4 calls

Loses access (4)
  - alex@example.com  loyalty USER → none
  - ben@example.com   storefront USER → none
  - cat@example.com   storefront USER → none
  - dan@example.com   loyalty USER → VIEWER

Needs attention (1)
  ! dan@example.com   keeps VIEWER in loyalty: the API cannot remove a user's last project; delete the user in Team settings

Not changed (2)
  · ben@example.com   not in the file (loyalty VIEWER); kept by `prune: dropped`
  · eve@example.com   not in the file (storefront USER); kept by `prune: dropped`
",
    );
}

#[test]
fn without_an_applied_file_nothing_counts_as_dropped_and_a_note_says_so() {
    let people = "alex@example.com storefront=ADMIN loyalty=USER\n";
    check(
        DROPPED,
        people,
        "\
No changes

Not changed (2)
  · alex@example.com  not in the file: loyalty USER; kept by `prune: dropped`
  · `prune: dropped` removes nothing: the ledger has no applied file yet; the next apply saves this one
",
    );
    check(
        DROPPED,
        &format!("applied=storefront\n{people}"),
        "\
No changes

Not changed (2)
  · alex@example.com  not in the file: loyalty USER; kept by `prune: dropped`
  · `prune: dropped` removes nothing in loyalty: no file was applied there yet; the next apply saves this one
",
    );
    check(
        "",
        people,
        "\
No changes

Not changed (1)
  · alex@example.com  not in the file: loyalty USER; kept by `prune: none`
",
    );
}

#[test]
fn each_value_of_prune_removes_what_it_says() {
    let removals = |prune: &str| {
        let policy = format!("policy: {{prune: {prune}, max_removals: 100%}}\n");
        let text = shown(&team(&format!("{ALEX}{policy}")), &known(&format!("{APPLIED}{LIVE}")), &options());
        text.lines().filter_map(|line| line.strip_prefix("  - ").map(str::to_owned)).collect::<Vec<_>>()
    };
    let alex = "alex@example.com  loyalty USER → none";
    let of_files = [
        alex,
        "ben@example.com   storefront USER → none",
        "cat@example.com   storefront USER → none",
        "dan@example.com   loyalty USER → VIEWER",
    ];
    assert_eq!(removals("none"), [""; 0]);
    assert_eq!(removals("dropped"), of_files);
    // Whoever is not in the file keeps everything.
    assert_eq!(removals("roles"), [alex]);
    let mut everyone = of_files.to_vec();
    everyone.push("eve@example.com   storefront USER → VIEWER");
    assert_eq!(removals("people"), everyone);
}

#[test]
fn the_guards_apply_to_what_was_dropped() {
    let desired = team(&format!("{ALEX}policy: {{prune: dropped}}\n"));
    let known = known(&format!("{APPLIED}{LIVE}"));
    let refused = |allow_removals| {
        let text = shown(&desired, &known, &PlanOptions { allow_removals, ..options() });
        text.lines().filter(|line| line.contains("max_removals")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(refused(None).len(), 1);
    assert_eq!(refused(Some(4)), [""; 0]);
    // A doubtful reading removes no one.
    let doubtful = super::known(&format!("short=storefront\n{APPLIED}{LIVE}"));
    assert!(!shown(&desired, &doubtful, &options()).contains("Loses access"));
}

#[test]
fn a_member_is_found_by_address_too() {
    check(
        DROPPED,
        "\
applied=storefront,loyalty
gave=zoe@agency.example loyalty=USER
alex@example.com storefront=ADMIN
zoe.sso@id.example address=zoe@agency.example loyalty=USER elsewhere
",
        "\
1 loses access · 1 call

Loses access (1)
  - zoe.sso@id.example  loyalty USER → none
",
    );
}
