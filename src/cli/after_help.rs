//! What follows the options in the help of a command, and has sections of its own in its manual page: notes,
//! and examples that can be copied.

use std::fmt::Write as _;

use clap::Command;

/// The end of the help of one command.
#[derive(Clone, Copy)]
pub(super) struct AfterHelp {
    /// Headings and paragraphs.
    pub(super) notes: &'static [(&'static str, &'static str)],
    /// What an example does, and its command line.
    examples: &'static [(&'static str, &'static str)],
}

impl AfterHelp {
    /// Of the command with that name; `guestlist` is the whole program.
    pub(super) fn of(command: &str) -> Self {
        match command {
            "guestlist" => Self {
                notes: &[
                    ("Environment", ENVIRONMENT),
                    ("Exit status", EXIT_STATUS),
                    ("More help", "`guestlist help COMMAND` shows the options and examples of a command."),
                ],
                examples: &[
                    ("Generate a team file from your organization", "guestlist import --out team.yaml"),
                    ("Preview the changes", "guestlist plan"),
                    (
                        "Apply them to a simulated organization, without credentials",
                        "guestlist apply --sandbox --yes",
                    ),
                ],
            },
            "validate" => Self::of_examples(&[
                ("Check team.yaml in this folder", "guestlist validate"),
                (
                    "Check another file, with output for programs",
                    "guestlist validate team.yaml --format json",
                ),
            ]),
            "plan" => Self::of_examples(&[
                ("Compare team.yaml with the organization", "guestlist plan"),
                (
                    "Comment on a pull request: its changes apart from drift, people redacted",
                    "guestlist plan --base base.yaml --format markdown --redact",
                ),
                ("Find drift: exit status 2 if there is any", "guestlist plan --detailed-exitcode"),
                (
                    "On a schedule: record what was changed by hand",
                    "guestlist plan --record --detailed-exitcode",
                ),
                ("Save the plan, to apply exactly this one later", "guestlist plan --out plan.json"),
            ]),
            "apply" => Self::of_examples(&[
                ("Show the plan, and apply it after confirmation", "guestlist apply"),
                ("Apply without confirmation, as in a pipeline", "guestlist apply --yes"),
                ("Apply a saved plan, and only what it lists", "guestlist apply --plan plan.json --yes"),
                ("Try it on a simulated organization", "guestlist apply --sandbox --yes"),
                (
                    "Apply the changes of one person, such as an urgent offboarding",
                    "guestlist apply --only alex.doe@example.com --yes",
                ),
                ("Send at most 50 invitations in this run", "guestlist apply --max-invites 50 --yes"),
            ]),
            "import" => Self::of_examples(&[
                ("Write a team file for the whole organization", "guestlist import --out team.yaml"),
                (
                    "Only for two projects, by name or id",
                    "guestlist import --projects Storefront,proj_npnFzPr9",
                ),
            ]),
            "schema" => Self::of_examples(&[
                ("Write the schema next to the team file", "guestlist schema > guestlist.schema.json"),
                ("For files in people/", "guestlist schema --included > included.schema.json"),
            ]),
            "completions" => Self::of_examples(&[
                ("Add to ~/.bashrc", "source <(guestlist completions bash)"),
                ("Add to ~/.zshrc, after compinit", "source <(guestlist completions zsh)"),
                ("Add to ~/.config/fish/config.fish", "guestlist completions fish | source"),
            ]),
            "man" => Self::of_examples(&[
                ("Read the page of `guestlist plan`", "guestlist man plan | man -l -"),
                ("Install all pages", "guestlist man --out ~/.local/share/man/man1"),
            ]),
            "sandbox" => Self {
                notes: &[("Faults", FAULTS), ("Triggers", TRIGGERS)],
                examples: &[
                    ("An organization with 40 members", "guestlist sandbox --seed-members 40"),
                    ("Every fifth response is a 503", "guestlist sandbox --fault 503,every=5"),
                    (
                        "The third invitation is sent, but its response is lost",
                        "guestlist sandbox --fault close-after,path=invite,at=3",
                    ),
                ],
            },
            _ => Self::about_people_and_ledger(command),
        }
    }

    /// Of a command that answers a question about people, or about the ledger.
    fn about_people_and_ledger(command: &str) -> Self {
        match command {
            "explain" => Self::of_examples(&[
                ("A person in team.yaml", "guestlist explain alex.doe@example.com"),
                (
                    "In another team file, without calling the API",
                    "guestlist explain alex.doe@example.com team.yaml --offline",
                ),
            ]),
            "log" => Self::of_examples(&[
                ("What was done for one person", "guestlist log --person alex.doe@example.com"),
                (
                    "Who was made ADMIN in storefront in November",
                    "guestlist log --project storefront --role ADMIN --since 2026-11-01",
                ),
                ("Check that no record was edited, removed or added", "guestlist log --verify"),
                ("The ledger of a sandbox", "guestlist log --sandbox"),
            ]),
            "resend" => Self::of_examples(&[
                ("After confirmation", "guestlist resend alex.doe@example.com"),
                ("Without confirmation", "guestlist resend alex.doe@example.com --yes"),
            ]),
            "report" => Self::of_examples(&[
                ("Write a page for the access review", "guestlist report --out access.html"),
                ("Write a table for a spreadsheet", "guestlist report --format csv --out access.csv"),
                (
                    "Who had ADMIN on that day, since when, and by which commit",
                    "guestlist report --at 2026-11-05 --role ADMIN --format text",
                ),
                (
                    "What changed since then, riskiest first",
                    "guestlist report --since 2026-11-05 --format text",
                ),
            ]),
            "status" => Self::of_examples(&[
                ("Show the state", "guestlist status"),
                (
                    "Fail if the schedule has not found everything in place for two days",
                    "guestlist status --max-age 2d",
                ),
                (
                    "Gauges for the textfile collector of Prometheus",
                    "guestlist status --format prometheus --out guestlist.prom",
                ),
            ]),
            "doctor" => Self::of_examples(&[
                ("Check the set-up of team.yaml", "guestlist doctor"),
                ("With output for programs", "guestlist doctor --format json"),
            ]),
            "ledger" => Self::of_examples(&[
                ("Move to a bucket", "guestlist ledger copy .guestlist s3://acme-guestlist/team"),
                ("Keep a copy on this machine", "guestlist ledger copy s3://acme-guestlist/team backup"),
            ]),
            "unlock" => Self::of_examples(&[
                ("After confirmation", "guestlist unlock"),
                ("Without confirmation", "guestlist unlock --yes"),
            ]),
            _ => Self::of_examples(&[]),
        }
    }

    const fn of_examples(examples: &'static [(&'static str, &'static str)]) -> Self {
        Self { notes: &[], examples }
    }

    /// What an example does, and its command line; only those that this build can run.
    pub(super) fn examples(self) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
        self.examples.iter().filter(|(_, line)| cfg!(feature = "sandbox") || !line.contains("--sandbox"))
    }

    /// Adds the end to the help of `command`. `-h` shows the first example.
    pub(super) fn add_to(self, command: Command) -> Command {
        let Some((_, first)) = self.examples().next() else { return command };
        let mut long = String::new();
        for (heading, text) in self.notes {
            let _ = write!(long, "{heading}:\n  {}\n\n", text.replace('\n', "\n  "));
        }
        long.push_str("Examples:\n");
        for (what, line) in self.examples() {
            let _ = write!(long, "  # {what}\n  {line}\n");
        }
        command.after_help(format!("Example: {first}")).after_long_help(long)
    }
}

const ENVIRONMENT: &str = "\
VOUCHERIFY_MANAGEMENT_ID, VOUCHERIFY_MANAGEMENT_TOKEN
    the credentials: id and token of a Management API key
VOUCHERIFY_MANAGEMENT_ID_FILE, VOUCHERIFY_MANAGEMENT_TOKEN_FILE
    files to read the credentials from
VOUCHERIFY_ENDPOINT
    default of --endpoint
NO_COLOR
    disables color";

const EXIT_STATUS: &str = "\
0  success, or nothing to do
1  failed or blocked
2  only with --detailed-exitcode: the plan has changes or needs attention
130, 143  interrupted by Ctrl-C or SIGTERM; the ledger is complete";

const FAULTS: &str = "\
A status from 200 to 299 or 400 to 599, such as `503` or `429,retry-after=2`
(with `body=json|html|empty`, `limit-type=NAME`, `applied`), `truncate`,
`not-json`, `other-user`, `no-role`, `endless`, `trickle` (`pace=MILLISECONDS`),
`hang` (`applied`), `close-before`, `close-after`, `redirect`, `short-list`
(`drop=N`), `empty-list`, `lag` (`calls=N`), `second-invite-ok`, `hostile-names`.";

const TRIGGERS: &str = "\
After the fault, separated by commas: `method=`, `path=` and `email=` select
calls; `at=K`, `every=K`, `times=K`, `probability=P` and `seed=N` select when.
Without a trigger, every call has the fault.";
