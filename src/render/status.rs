//! The state of the schedule and of the ledger, as text, as JSON, and as gauges for Prometheus.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Paint;
use crate::desired::{Desired, SOON_DAYS};
use crate::escape;
use crate::model::{Email, ProjectId};
use crate::plan::Drift;
use crate::words::{self, count};

/// The most people named in a line.
const NAMED: usize = 10;

const UNKNOWN: &str = "unknown until the next live reading";

/// What `status` shows, of managed projects only.
#[derive(Clone, Debug)]
pub struct Status<'a> {
    /// When it was asked.
    pub now: Timestamp,
    /// The ledger, as the user would write it.
    pub ledger: String,
    /// The last run.
    pub last_run: Option<LastRun>,
    /// When a live reading last had no change and no attention.
    pub last_clean: Option<Timestamp>,
    /// What the last live reading had, if it was not clean.
    pub drift: Option<Drift>,
    /// The number of pending invitations, stale ones included.
    pub open: usize,
    /// The stale invitations: when each was sent, and its address.
    pub stale: Vec<(Date, Email)>,
    /// The people whose review is due. None without a team file.
    pub reviews_due: Option<Vec<(Date, &'a Email)>>,
    /// The people whose access ends soon, and their last day. None without a team file.
    pub ending_soon: Option<Vec<(Date, &'a Email)>>,
    /// The ADMINs of each project.
    pub admins: BTreeMap<ProjectId, usize>,
    /// The lock.
    pub lock: Option<Locked>,
    /// Whether the ledger is as it was written: `intact`, `fork` or `damaged`.
    pub chain: &'static str,
}

/// The last run in the ledger.
#[derive(Clone, Debug)]
pub struct LastRun {
    /// Its name.
    pub run: String,
    /// When it started.
    pub at: Timestamp,
    /// The command.
    pub command: String,
    /// Who ran it, for people to read.
    pub by: String,
    /// The actor of the CI job, or the user.
    pub actor: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// How it ended. None if it has not.
    pub ended: Option<&'static str>,
}

/// The holder of the lock.
#[derive(Clone, Debug)]
pub struct Locked {
    /// The holder, for people to read.
    pub by: String,
    /// When it was acquired.
    pub since: Timestamp,
    /// When it was last renewed.
    pub renewed: Timestamp,
}

/// The status for people; projects by alias.
#[must_use]
pub fn status_text(status: &Status, desired: &Desired, paint: Paint) -> String {
    let now = status.now;
    let mut text = format!("{}\n", paint.bold(&format!("Ledger {}, {}", status.ledger, time(now))));
    let mut row = |label: &str, value: &str| {
        let _ = writeln!(text, "  {label:13}  {value}");
    };
    row("last run", &last_run(status.last_run.as_ref()));
    row(
        "last clean",
        &match status.last_clean {
            Some(at) => format!("{} ({})", time(at), ago(at, now)),
            None => paint.yellow("never"),
        },
    );
    row(
        "drift",
        &match &status.drift {
            None if status.last_clean.is_none() => UNKNOWN.to_owned(),
            None => "none".to_owned(),
            Some(Drift { id, since, changes, attention }) => paint.yellow(&format!(
                "{} and {} with attention since {} (drift id {})",
                count(*changes, "change"),
                count(*attention, "note"),
                time(*since),
                escape::line(id)
            )),
        },
    );
    row("invitations", &format!("{} pending", status.open));
    row("stale", &people(&status.stale, "invited on"));
    let known = |these: Option<&[(Date, &Email)]>, word: &str| {
        these.map_or_else(|| "unknown: no team file".to_owned(), |these| people(these, word))
    };
    row("reviews due", &known(status.reviews_due.as_deref(), "by"));
    row(&format!("ends in {SOON_DAYS} d"), &known(status.ending_soon.as_deref(), "on"));
    let mut admins: Vec<_> =
        status.admins.iter().map(|(id, n)| format!("{} {n}", desired.project_name(id))).collect();
    admins.sort();
    row("ADMINs", &if admins.is_empty() { UNKNOWN.to_owned() } else { admins.join(", ") });
    row(
        "lock",
        &match &status.lock {
            None => "not locked".to_owned(),
            Some(Locked { by, since, renewed }) => {
                format!(
                    "locked by {} since {}, renewed {}",
                    escape::line(by),
                    time(*since),
                    ago(*renewed, now)
                )
            }
        },
    );
    row(
        "chain",
        &match status.chain {
            "damaged" => paint.red("damaged: run `guestlist log --verify`"),
            "fork" => "fork: two branches of the ledger were merged".to_owned(),
            other => other.to_owned(),
        },
    );
    text
}

/// The status for programs; projects by id.
#[must_use]
pub fn status_json(status: &Status) -> String {
    let run = |run: &LastRun| {
        let LastRun { run, at, command, actor, commit, ended, .. } = run;
        json!({
            "run": run, "at": stamp(*at), "command": command, "actor": actor, "commit": commit, "ended": ended,
        })
    };
    let drift = |drift: &Drift| {
        let Drift { id, since, changes, attention } = drift;
        json!({ "id": id, "since": stamp(*since), "changes": changes, "attention": attention })
    };
    let lock = |lock: &Locked| json!({ "holder": lock.by, "since": stamp(lock.since), "renewed": stamp(lock.renewed) });
    let admins: BTreeMap<_, _> = status.admins.iter().map(|(id, n)| (id.as_str(), n)).collect();
    let value: Value = json!({
        "last_run": status.last_run.as_ref().map(run),
        "last_clean": status.last_clean.map(stamp),
        "drift": status.drift.as_ref().map(drift),
        "invitations": { "open": status.open, "stale": status.stale.len() },
        "reviews_due": status.reviews_due.as_ref().map(Vec::len),
        "ending_soon": status.ending_soon.as_ref().map(Vec::len),
        "admins": admins,
        "lock": status.lock.as_ref().map(lock),
        "chain": status.chain,
    });
    format!("{}\n", escape::json(value.to_string()))
}

/// The status as gauges, in the text format of Prometheus. A time that never was is 0.
#[must_use]
pub fn status_prometheus(status: &Status) -> String {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, samples: &[(String, i64)]| {
        let _ = write!(text, "# HELP guestlist_{name} {help}\n# TYPE guestlist_{name} gauge\n");
        for (labels, value) in samples {
            let _ = writeln!(text, "guestlist_{name}{labels} {value}");
        }
    };
    let seconds = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_second);
    let one = |value: i64| [(String::new(), value)];
    let signed = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let drift = |of: fn(&Drift) -> usize| signed(status.drift.as_ref().map_or(0, of));
    gauge(
        "last_clean_timestamp_seconds",
        "Time of the last live reading without changes and attention; 0 if there was none.",
        &one(seconds(status.last_clean)),
    );
    gauge(
        "last_run_timestamp_seconds",
        "Start of the last run that recorded anything; 0 if there was none.",
        &one(seconds(status.last_run.as_ref().map(|run| run.at))),
    );
    gauge("drift_changes", "Changes that the last live reading needed.", &one(drift(|it| it.changes)));
    gauge(
        "attention",
        "Notes in the last live reading that ask a person to act.",
        &one(drift(|it| it.attention)),
    );
    gauge(
        "invitations",
        "Pending invitations; open includes stale ones.",
        &[
            ("{state=\"open\"}".to_owned(), signed(status.open)),
            ("{state=\"stale\"}".to_owned(), signed(status.stale.len())),
        ],
    );
    let admins: Vec<_> = status
        .admins
        .iter()
        .map(|(project, n)| (format!("{{project=\"{}\"}}", label(project.as_str())), signed(*n)))
        .collect();
    gauge("admins", "ADMINs of each managed project.", &admins);
    text
}

/// The value of a label, escaped.
fn label(value: &str) -> String {
    escape::line(value).replace('\\', "\\\\").replace('"', "\\\"")
}

fn last_run(run: Option<&LastRun>) -> String {
    let Some(LastRun { at, command, by, ended, .. }) = run else { return "none".to_owned() };
    let ended = ended.unwrap_or("no end recorded");
    format!("{} {} by {by} ({ended})", time(*at), escape::line(command))
}

/// The number of people, and the first ones with their days.
fn people<E: Display>(people: &[(Date, E)], word: &str) -> String {
    if people.is_empty() {
        return "none".to_owned();
    }
    let named = people.iter().map(|(day, email)| format!("{email} {word} {day}"));
    format!("{}: {}", people.len(), words::first(named, NAMED).join(", "))
}

fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(at).try_into().unwrap_or_default();
    format!("{} ago", words::duration(age))
}
