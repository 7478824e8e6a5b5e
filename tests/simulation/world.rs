//! A sandbox, a ledger and a clock, and a run of apply on them, as the command does it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use guestlist::api::{Client, Credentials, Settings, Timeouts};
use guestlist::apply::{Apply, Ending, Report, Stop, Stopped};
use guestlist::desired::Desired;
use guestlist::known::Known;
use guestlist::ledger::{
    EndReason, Intent, Ledger, LedgerError, LedgerLocation, LedgerView, ReadingFacts, Run, StoreVariables,
    Tally, Who,
};
use guestlist::model::{Email, Endpoint, TrustedEndpoint};
use guestlist::observe::{Observation, Observer};
use guestlist::plan::{Change, Plan, PlanOptions};
use guestlist::sandbox::{Behaviour, Fault, Handle, LoggedCall, Options, Organization, RateLimit, Sandbox};

use crate::clock::VirtualClock;

/// Everything that runs share.
pub(crate) struct World {
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) sandbox: Handle,
    pub(crate) behaviour: Behaviour,
    folder: tempfile::TempDir,
    endpoint: Endpoint,
    settings: Settings,
    last_report: Mutex<Option<Report>>,
}

/// One run of apply: what it found, did and reported.
pub(crate) struct Turn {
    /// The organization before the run.
    pub(crate) before: Organization,
    /// Every request of the run.
    pub(crate) calls: Vec<LoggedCall>,
    /// Every intent in the ledger after the run.
    pub(crate) intents: Vec<Intent>,
    /// The people whose invitation was pending before the run, according to the ledger.
    pub(crate) out: BTreeSet<Email>,
    /// The number of removals that was explicitly allowed.
    pub(crate) allowed: Option<usize>,
    /// Whether the client waited for every response.
    pub(crate) patient: bool,
    /// The plan, if one was made.
    pub(crate) plan: Option<Plan>,
    /// The report, if the plan was applied.
    pub(crate) report: Option<Report>,
    /// Why no plan was made, or its run could not be recorded.
    pub(crate) error: Option<String>,
}

impl World {
    pub(crate) async fn new(
        organization: Organization,
        behaviour: Behaviour,
        rate_limit: Option<RateLimit>,
        settings: Settings,
    ) -> Self {
        let clock = VirtualClock::new();
        let options = Options {
            organization,
            behaviour,
            rate_limit,
            clock: Arc::clone(&clock) as _,
            ..Options::default()
        };
        let sandbox = Sandbox::start(options).await.expect("a sandbox");
        let endpoint = sandbox.base_url().parse().expect("a URL");
        // In memory if possible: every record is synced before its call is sent, and thousands of calls would
        // wait for a disk.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
        Self { clock, sandbox, behaviour, folder, endpoint, settings, last_report: Mutex::new(None) }
    }

    /// The report of the last run, even if its end could not be recorded.
    pub(crate) fn last_report(&self) -> Report {
        self.last_report.lock().expect("no panic").clone().expect("a run")
    }

    /// The state of the ledger.
    pub(crate) fn view(&self) -> LedgerView {
        self.ledger("ledger").view(self.endpoint.realm()).expect("a ledger")
    }

    /// The present organization.
    pub(crate) fn organization(&self) -> Organization {
        self.sandbox.with_organization(|organization| organization.clone())
    }

    /// Sets the faults from now on.
    pub(crate) fn set_faults(&self, faults: Vec<Fault>) {
        self.sandbox.set_faults(faults);
    }

    /// From now on, the client has the settings of the commands.
    pub(crate) fn use_default_settings(&mut self) {
        self.settings = Settings::default();
    }

    /// The organization's endpoint.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The ledger of that name.
    pub(crate) fn ledger(&self, name: &str) -> Ledger {
        let location = LedgerLocation::parse(name, self.folder.path()).expect("a folder");
        Ledger::open(&location, &StoreVariables::default())
            .expect("a ledger")
            .with_clock(self.clock.for_ledger())
    }

    /// The folder of the ledger of that name.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// A client, as each run has its own.
    pub(crate) fn client(&self) -> Client {
        let credentials = self.sandbox.credentials();
        let credentials = Credentials::parse(&credentials.id, &credentials.token).expect("credentials");
        let endpoint = TrustedEndpoint::named_by_operator(self.endpoint.clone());
        Client::with_clock(&endpoint, &credentials, self.settings.clone(), Arc::clone(&self.clock) as _)
            .expect("a client")
    }

    /// Observes the organization with that ledger.
    pub(crate) async fn observe(
        &self,
        ledger: &Ledger,
        client: &Client,
        desired: &Desired,
    ) -> Result<Known, String> {
        let Observation { known, snapshot, .. } = self.read(ledger, client, desired).await?;
        let kept = snapshot.map_or(Ok(()), |snapshot| snapshot.keep(ledger, &ReadingFacts::default()));
        kept.map(|()| known).map_err(|error| error.to_string())
    }

    async fn read(&self, ledger: &Ledger, client: &Client, desired: &Desired) -> Result<Observation, String> {
        let view = ledger.view(self.endpoint.realm()).map_err(|error| error.to_string())?;
        let clock = self.clock.for_ledger();
        let reader = client.reader();
        let observer = Observer { endpoint: &self.endpoint, reader: &reader, desired, clock: &*clock };
        observer.live(view).await.map_err(|error| error.to_string())
    }

    /// Observes the organization as apply does: the ledger records what it did not know, and then knows
    /// exactly what was read.
    async fn observe_and_record(
        &self,
        ledger: &Ledger,
        client: &Client,
        desired: &Desired,
    ) -> Result<Known, String> {
        let Observation { known, snapshot, .. } = self.read(ledger, client, desired).await?;
        let Some(snapshot) = snapshot else { return Ok(known) };
        let text = |error: LedgerError| error.to_string();
        let lock = ledger.acquire(&who()).map_err(text)?;
        let run = Run::new("apply", who(), self.endpoint.clone(), None);
        let run =
            ledger.begin_with(run, snapshot.unrecorded(ledger).map_err(text)?, &lock).await.map_err(text)?;
        run.end(EndReason::Completed, None, None).await.map_err(text)?;
        drop(lock);
        snapshot.keep(ledger, &ReadingFacts { is_recorded: true, finding: None }).map_err(text)?;
        let mut recorded = ledger.access(self.endpoint.realm()).map_err(text)?.people();
        for access in recorded.values_mut() {
            access.retain(|project, _| desired.projects.contains_key(project));
        }
        recorded.retain(|_, access| !access.is_empty());
        let read = known.members.values().map(|member| (member.login.clone(), member.access.clone()));
        assert_eq!(recorded, read.collect(), "what the ledger knows after a reading is not what was read");
        Ok(known)
    }

    /// The plan for today.
    pub(crate) fn plan(&self, desired: &Desired, known: &Known, allow_removals: Option<usize>) -> Plan {
        let date = known.evidence.read_at.to_zoned(jiff::tz::TimeZone::UTC).date();
        Plan::between(
            desired,
            known,
            &PlanOptions { allow_removals, ..PlanOptions::new(self.endpoint.clone(), date) },
        )
    }

    /// Applies a plan and records the run.
    pub(crate) async fn carry_out(
        &self,
        (desired, known, plan): (&Desired, &Known, &Plan),
        ledger: &Ledger,
        client: &Client,
        concurrency: usize,
        interrupted_after: Option<usize>,
    ) -> Result<Report, String> {
        let lock = ledger.acquire(&who()).map_err(|error| error.to_string())?;
        let run = Run::new("apply", who(), self.endpoint.clone(), Some(plan.id.as_str().to_owned()));
        let run = ledger.begin(run, &lock).map_err(|error| error.to_string())?;
        let stop = Stop::default();
        let writer = client.writer();
        let ended = AtomicUsize::new(0);
        // Like a signal.
        let watch = |_: &Change, _: &Ending| {
            if Some(ended.fetch_add(1, Ordering::SeqCst) + 1) == interrupted_after {
                stop.ask(Stopped::Interrupted);
                client.writer().stop();
            }
        };
        let apply = Apply {
            plan,
            desired,
            known,
            writer: &writer,
            run: &run,
            concurrency,
            again: false,
            stop: &stop,
            watch: &watch,
        };
        let report = apply.carry_out().await;
        self.last_report.lock().expect("no panic").replace(report.clone());
        let reason = match &report.stopped {
            None => EndReason::Completed,
            Some(Stopped::Interrupted) => EndReason::Interrupted,
            Some(_) => EndReason::Stopped,
        };
        let tally = Tally { changes: report.endings.len() as u64, done: report.done() as u64 };
        run.end(reason, None, Some(tally)).await.map_err(|error| error.to_string())?;
        Ok(report)
    }

    /// One run of apply.
    pub(crate) async fn apply(
        &self,
        desired: &Desired,
        allowed: Option<usize>,
        concurrency: usize,
        interrupted_after: Option<usize>,
    ) -> Turn {
        self.clock.pass(Duration::from_secs(1));
        self.sandbox.clear_log();
        let ledger = self.ledger("ledger");
        let view = ledger.view(self.endpoint.realm()).expect("a ledger");
        let mut turn = Turn {
            before: self.organization(),
            calls: Vec::new(),
            intents: Vec::new(),
            out: view.invitations(None).out.into_keys().collect(),
            allowed,
            patient: self.settings.timeouts == Timeouts::default(),
            plan: None,
            report: None,
            error: None,
        };
        let client = self.client();
        match self.observe_and_record(&ledger, &client, desired).await {
            Err(error) => turn.error = Some(error),
            Ok(known) => {
                let plan = self.plan(desired, &known, allowed);
                if plan.refused.is_empty() && !plan.changes.is_empty() {
                    match self
                        .carry_out((desired, &known, &plan), &ledger, &client, concurrency, interrupted_after)
                        .await
                    {
                        Ok(report) => turn.report = Some(report),
                        Err(error) => turn.error = Some(error),
                    }
                }
                turn.plan = Some(plan);
            }
        }
        turn.calls = self.sandbox.log();
        turn.intents = intents(&ledger);
        turn
    }
}

/// Every intent in the ledger.
pub(crate) fn intents(ledger: &Ledger) -> Vec<Intent> {
    let runs = ledger.log().expect("a ledger");
    runs.flat_map(|run| {
        let run = run.expect("a run");
        run.entries(None).into_iter().map(|entry| entry.intent.clone()).collect::<Vec<_>>()
    })
    .collect()
}

pub(crate) fn who() -> Who {
    Who { user: Some("simulation".to_owned()), host: Some("simulation".to_owned()), ..Who::default() }
}
