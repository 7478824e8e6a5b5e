//! The protocol on objects in memory: each rule by itself. `simulation` has all of them at once.

mod simulation;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::memory_objects::{Fault, MemoryObjects, ledger_of};
use super::objects::{ETag, Failure, Objects as _, PutFailure, Written, write};
use super::run_log::SEGMENT_BYTES;
use super::*;
use crate::clock::manual::ManualClock;
use crate::ledger::tests::{a_run, an_intent, who};
use crate::ledger::{Ledger, Lock, RunWriter, Who};

const NOW: &str = "2026-11-22T12:00:00Z";

struct Scene {
    objects: MemoryObjects,
    clock: Arc<ManualClock>,
    ledger: Ledger,
}

/// A ledger whose lock was released once.
fn scene() -> Scene {
    let (objects, clock) = (MemoryObjects::default(), ManualClock::at(NOW));
    let ledger = ledger_of(&objects, clock.clone());
    drop(ledger.acquire(&who()).unwrap());
    objects.requests();
    Scene { objects, clock, ledger }
}

/// A ledger whose holder has ended after an intent that is still under way.
async fn scene_with_a_late_write() -> Scene {
    let scene = scene();
    let lock = scene.ledger.acquire(&who()).unwrap();
    let run = scene.ledger.begin(a_run("x"), &lock).unwrap();
    scene
        .objects
        .fail([None, None, Some(Fault::Late)].into_iter().chain(std::iter::repeat_n(Some(Fault::Lost), 20)));
    intend(&run, "a@example.com").await.unwrap_err();
    scene.objects.content().faults.clear();
    drop((run, lock));
    scene
}

fn someone_else() -> Who {
    Who { user: Some("kim".to_owned()), host: Some("box".to_owned()), ..Who::default() }
}

fn key(number: u64) -> String {
    segments::key(number)
}

async fn intend(run: &RunWriter, email: &str) -> Result<u64, LedgerError> {
    run.intent(an_intent(email)).await
}

/// A second process with the same ledger.
fn another(scene: &Scene) -> Ledger {
    ledger_of(&scene.objects, scene.clock.clone())
}

async fn take_over(ledger: &Ledger) -> Result<Lock, LedgerError> {
    ledger.acquire_watching(&someone_else(), |_| {}).await
}

#[test]
fn a_write_asks_what_is_there_before_it_believes_anything() {
    // (what happens to each request, what the write says, how many requests there are)
    let own = |written: &Result<Written, _>| matches!(written, Ok(Written::Own(_)));
    for (faults, requests) in [
        (vec![], 1),
        (vec![Some(Fault::Unanswered)], 2),
        (vec![Some(Fault::Lost)], 3),
        (vec![Some(Fault::Status(409))], 3),
        (vec![Some(Fault::Status(500)), Some(Fault::Lost), Some(Fault::Lost)], 5),
        (vec![Some(Fault::Twice)], 1),
    ] {
        let objects = MemoryObjects::default();
        objects.fail(faults.clone());
        let written = write(&objects, "a", b"mine", None);
        assert!(own(&written), "{faults:?}: {written:?}");
        assert_eq!(objects.requests().len(), requests, "{faults:?}");
        objects.content().deliver();
        assert_eq!(objects.text("a"), "mine");
    }
}

#[test]
fn a_write_in_place_of_something_else_changes_nothing() {
    let objects = MemoryObjects::default();
    objects.set("a", "another's");
    let before = objects.get("a").unwrap().unwrap();
    let written = write(&objects, "a", b"mine", None).unwrap();
    assert!(matches!(written, Written::Other(Some(found)) if found == before));
    let stale = ETag("\"0\"".to_owned());
    let written = write(&objects, "a", b"mine", Some(&stale)).unwrap();
    assert!(matches!(written, Written::Other(Some(found)) if found == before));
    assert_eq!(objects.text("a"), "another's");
    // What was there is gone.
    let written = write(&objects, "b", b"mine", Some(&stale)).unwrap();
    assert!(matches!(written, Written::Other(None)));
}

#[test]
fn a_request_that_arrives_late_changes_nothing_that_was_written_since() {
    let objects = MemoryObjects::default();
    objects.fail([Some(Fault::Late)]);
    assert!(matches!(write(&objects, "a", b"first", None), Ok(Written::Own(_))));
    objects.set("a", "second");
    objects.content().deliver();
    assert_eq!(objects.text("a"), "second");
}

#[test]
fn a_refused_write_is_not_repeated_and_an_unclear_one_eight_times() {
    let objects = MemoryObjects::default();
    objects.fail([Some(Fault::Status(403))]);
    let failed = write(&objects, "a", b"mine", None).unwrap_err();
    assert!(!failed.is_unclear);
    assert_eq!(failed.error.to_string(), "cannot write ledger object `s3://b/p/a`: `store` answered 403");
    assert_eq!(objects.requests(), ["PUT a"]);

    objects.fail(std::iter::repeat_n([Some(Fault::Status(503)), None], 8).flatten());
    let failed = write(&objects, "a", b"mine", None).unwrap_err();
    assert!(failed.is_unclear);
    assert_eq!(failed.error.to_string(), "cannot write ledger object `s3://b/p/a`: `store` answered 503");
    assert_eq!(objects.requests(), ["PUT a", "GET a"].repeat(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_follow_each_other_and_name_the_one_before() {
    let scene = scene();
    let lock = scene.ledger.acquire(&who()).unwrap();
    let run = scene.ledger.begin(a_run("x"), &lock).unwrap();
    intend(&run, "a@example.com").await.unwrap();
    intend(&run, "b@example.com").await.unwrap();
    let (first, second) = (scene.objects.text(&key(1)), scene.objects.text(&key(2)));
    let header =
        |text: &str| -> serde_json::Value { serde_json::from_str(text.lines().next().unwrap()).unwrap() };
    let mut headers = [header(&first), header(&second)];
    for header in &mut headers {
        let id = header.as_object_mut().unwrap().remove("write_id").unwrap();
        assert_eq!(id.as_str().unwrap().len(), 32);
    }
    let name = run.name().unwrap();
    let expected = |segment: u64, prev: String| {
        serde_json::json!({
            "format_version": 1, "segment": segment, "epoch": 2, "run": name, "prev_segment": prev,
        })
    };
    assert_eq!(headers[0], expected(1, "0".repeat(64)));
    assert_eq!(headers[1], expected(2, crate::ledger::chain::digest(&first)));
    assert_eq!((first.lines().count(), second.lines().count()), (3, 2));
    // Another process reads the same.
    let logged: Vec<_> = another(&scene).log().unwrap().map(Result::unwrap).collect();
    assert_eq!(logged.len(), 1);
    let lines: Vec<_> = logged[0].records.iter().map(|stored| stored.line.as_str()).collect();
    let written: Vec<_> = first.lines().skip(1).chain(second.lines().skip(1)).collect();
    assert_eq!(lines, written);
    assert_eq!(another(&scene).verify().unwrap().chain(), crate::ledger::ChainState::Intact);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_costs_two_writes_and_one_for_each_batch() {
    let scene = scene();
    let lock = scene.ledger.acquire(&who()).unwrap();
    let run = scene.ledger.begin(a_run("x"), &lock).unwrap();
    let acquired = scene.objects.requests();
    let end = ["LIST log/", &format!("GET {}", key(1))];
    assert_eq!(acquired, [&["GET lock.json", "GET lock.json", "PUT lock.json"][..], &end].concat());
    intend(&run, "a@example.com").await.unwrap();
    run.may_write().unwrap();
    assert_eq!(scene.objects.requests(), [&end[..], &[&format!("PUT {}", key(1))]].concat());
    intend(&run, "b@example.com").await.unwrap();
    run.may_write().unwrap();
    assert_eq!(scene.objects.requests(), [format!("PUT {}", key(2))]);
    drop((run, lock));
    assert_eq!(scene.objects.requests(), ["PUT lock.json"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_asks_for_the_lock_again() {
    let scene = scene();
    let lock = scene.ledger.acquire(&who()).unwrap();
    let run = scene.ledger.begin(a_run("x"), &lock).unwrap();
    intend(&run, "a@example.com").await.unwrap();
    scene.objects.requests();
    scene.clock.pass(1);
    run.may_write().unwrap();
    assert_eq!(scene.objects.requests(), [""; 0]);
    scene.clock.pass(1);
    run.may_write().unwrap();
    assert_eq!(scene.objects.requests(), ["GET lock.json"]);
    // Released by hand, it may not be made.
    let shown = another(&scene).lock().unwrap().unwrap();
    assert!(another(&scene).unlock(&shown, a_run("x")).unwrap());
    scene.clock.pass(2);
    let lost = LedgerError::LockLost { ledger: "s3://b/p".to_owned(), by: None };
    assert_eq!(run.may_write(), Err(lost.clone()));
    assert_eq!(intend(&run, "b@example.com").await, Err(lost));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_was_suspended_finds_the_fence_in_its_place() {
    let scene = scene();
    let lock = scene.ledger.acquire(&who()).unwrap();
    let run = scene.ledger.begin(a_run("x"), &lock).unwrap();
    intend(&run, "a@example.com").await.unwrap();
    scene.clock.pass(60);
    let other = another(&scene);
    let taken = take_over(&other).await.unwrap();
    let fence: serde_json::Value = serde_json::from_str(&scene.objects.text(&key(2))).unwrap();
    assert_eq!((&fence["run"], &fence["epoch"]), (&serde_json::Value::Null, &3.into()));
    let lost = LedgerError::LockLost { ledger: "s3://b/p".to_owned(), by: Some("kim on box".to_owned()) };
    assert_eq!(run.may_write(), Err(lost.clone()));
    assert_eq!(intend(&run, "b@example.com").await, Err(lost));
    taken.held().ensure().unwrap();
    assert_eq!(scene.objects.content().objects.keys().filter(|key| key.starts_with("log/")).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_append_alone_stops_a_holder_that_believes_in_its_lock() {
    let scene = scene();
    let lock = scene.ledger.acquire(&who()).unwrap();
    let run = scene.ledger.begin(a_run("x"), &lock).unwrap();
    intend(&run, "a@example.com").await.unwrap();
    // Its clock stands still, so it sees no reason to ask.
    let fast = ManualClock::at("2026-11-22T12:02:00Z");
    let other = ledger_of(&scene.objects, fast);
    let _taken = take_over(&other).await.unwrap();
    let error = intend(&run, "b@example.com").await.unwrap_err();
    assert_eq!(
        error,
        LedgerError::LockLost { ledger: "s3://b/p".to_owned(), by: Some("kim on box".to_owned()) }
    );
}

#[tokio::test]
async fn a_lock_left_behind_is_watched_for_as_long_as_a_lock_lasts() {
    // The clock of the holder's machine, in seconds ahead of this one.
    for ahead in [-3600, -60, 1, 3600] {
        let scene = scene();
        let holder = ManualClock::at(NOW);
        holder.set_by(ahead);
        let holder = ledger_of(&scene.objects, holder);
        std::mem::forget(holder.acquire(&who()).unwrap());
        let mut watched = None;
        let watching = |lock: &LockInfo| watched = Some(lock.holder.clone());
        let taken = scene.ledger.acquire_watching(&someone_else(), watching).await.unwrap();
        assert_eq!(watched.as_deref(), Some("alex on box"));
        assert_eq!(scene.clock.slept().iter().sum::<Duration>(), Duration::from_secs(60), "{ahead}");
        taken.held().ensure().unwrap();
    }
}

#[tokio::test]
async fn a_lock_that_looks_fresh_or_is_renewed_refuses() {
    let scene = scene();
    std::mem::forget(another(&scene).acquire(&who()).unwrap());
    scene.clock.pass(59);
    assert!(matches!(take_over(&scene.ledger).await, Err(LedgerError::InUse(_))));
    assert_eq!(scene.clock.slept(), []);
    // It looks old, because the clock of its machine is behind, but it changes while it is watched.
    scene.clock.pass(100);
    let objects = scene.objects.clone();
    let renewed = |_: &LockInfo| {
        let text = objects.text("lock.json");
        objects.set("lock.json", &text);
    };
    let refused = scene.ledger.acquire_watching(&someone_else(), renewed).await;
    assert!(matches!(refused, Err(LedgerError::InUse(_))));
    assert_eq!(scene.clock.slept().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_write_of_the_holder_before_can_arrive_until_the_fence() {
    let scene = scene_with_a_late_write().await;
    // The lock was not released, because the write may still happen.
    assert!(another(&scene).lock().unwrap().is_some());
    scene.clock.pass(60);
    scene.objects.fail(std::iter::repeat_n(None, 26));
    let other = another(&scene);
    scene.objects.content().deliver();
    let _taken = take_over(&other).await.unwrap();
    scene.objects.content().faults.clear();
    let keys: Vec<_> =
        scene.objects.content().objects.keys().filter(|key| key.starts_with("log/")).cloned().collect();
    assert_eq!(keys, [key(1), key(2)]);
    assert_eq!(another(&scene).log().unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_run_has_taken_over_nothing_of_the_holder_before_arrives() {
    let scene = scene_with_a_late_write().await;
    scene.clock.pass(60);
    let other = another(&scene);
    let _taken = take_over(&other).await.unwrap();
    let read = other.log().unwrap().count();
    scene.objects.content().deliver();
    assert_eq!((read, other.log().unwrap().count()), (0, 0));
}

#[test]
fn a_listing_is_only_a_hint_and_damage_names_the_object() {
    let scene = scene();
    let lock = scene.ledger.acquire(&who()).unwrap();
    let ledger = &scene.ledger;
    for _ in 0..3 {
        let mut log = ledger.store.create_run(NOW.parse().unwrap()).unwrap().1;
        log.append(b"{}\n", true).unwrap();
    }
    drop(lock);
    let runs = || another(&scene).store.runs();
    scene.objects.fail([Some(Fault::Stale)]);
    assert_eq!(runs().unwrap().len(), 3);

    let check = |key: &str, text: Option<&str>, expected: &str| {
        let before = scene.objects.text(key);
        match text {
            Some(text) => scene.objects.set(key, text),
            None => drop(scene.objects.content().objects.remove(key)),
        }
        assert_eq!(runs().unwrap_err().to_string(), expected);
        scene.objects.set(key, &before);
    };
    let advice = "; restore the earlier version of this object";
    let file = |number: u64| format!("cannot read ledger object `s3://b/p/{}`: ", key(number));
    check(&key(2), None, &format!("{}it is missing, and there are segments after it{advice}", file(2)));
    let edited = scene.objects.text(&key(2)).replace("{}", "[]");
    check(
        &key(2),
        Some(&edited),
        &format!("{}it does not continue the segment before it; one of them was replaced{advice}", file(3)),
    );
    check(
        &key(2),
        Some("{}\n"),
        &format!("{}it does not start with the header of a segment{advice}", file(2)),
    );
    let first = scene.objects.text(&key(1));
    check(&key(2), Some(&first), &format!("{}it is segment 1, copied or renamed{advice}", file(2)));
    let newer = scene.objects.text(&key(3)).replacen("\"format_version\":1", "\"format_version\":2", 1);
    check(
        &key(3),
        Some(&newer),
        &format!(
            "ledger file `s3://b/p/{}` has format version 2, and this version of guestlist supports up to 1; use a newer guestlist",
            key(3)
        ),
    );
    scene.objects.set("log/notes.txt", "");
    assert_eq!(
        runs().unwrap_err().to_string(),
        "`s3://b/p/log/notes.txt` is not a run file of guestlist; move it out of the ledger, or restore the original file"
    );
}

#[test]
fn documents_are_replaced_only_over_the_version_that_was_read() {
    let scene = scene();
    let store = &scene.ledger.store;
    assert!(store.replace("known.json", b"{\"a\":1}\n", None).unwrap());
    assert!(!store.replace("known.json", b"{\"a\":2}\n", None).unwrap());
    let read = store.read("known.json").unwrap().unwrap();
    assert_eq!(read.value, b"{\"a\":1}\n");
    let text = scene.objects.text("known.json");
    assert!(text.starts_with("{\"a\":1,\"write_id\":\"") && text.ends_with("\"}\n"), "{text}");
    scene.objects.fail([Some(Fault::Unanswered)]);
    assert!(store.replace("known.json", b"{\"a\":3}\n", Some(&read.version)).unwrap());
    assert!(!store.replace("known.json", b"{\"a\":4}\n", Some(&read.version)).unwrap());
}

/// A store that does not do what was asked.
#[derive(Debug)]
struct Unsafe {
    objects: MemoryObjects,
    ignores: &'static str,
}

impl objects::Objects for Unsafe {
    fn url(&self, key: &str) -> String {
        self.objects.url(key)
    }

    fn get(&self, key: &str) -> Result<Option<Object>, Failure> {
        self.objects.get(key)
    }

    fn put(&self, key: &str, body: &[u8], over: Option<&ETag>) -> Result<ETag, PutFailure> {
        let found = self.objects.get(key)?.map(|object| object.etag);
        match (self.ignores, over) {
            ("everything", _) | ("If-None-Match", None) | ("If-Match", Some(_)) => {
                self.objects.put(key, body, found.as_ref())
            }
            ("its own e-tags", Some(_)) => Err(PutFailure::Unclear(Failure("412".to_owned()))),
            _ => self.objects.put(key, body, over),
        }
    }

    fn list(&self, folder: &str, after: &str, most: usize) -> Result<Vec<String>, Failure> {
        self.objects.list(folder, after, most)
    }

    fn unquote_etags(&self) {}

    fn pause(&self, _: Duration) {}
}

impl From<Failure> for PutFailure {
    fn from(failure: Failure) -> Self {
        Self::Unclear(failure)
    }
}

#[test]
fn a_store_that_ignores_conditions_is_refused_by_name() {
    for (ignores, why) in [
        ("everything", "of two objects created at once with If-None-Match, both were accepted"),
        ("If-None-Match", "of two objects created at once with If-None-Match, both were accepted"),
        ("If-Match", "an object was replaced under an e-tag that it no longer has, despite If-Match"),
        ("its own e-tags", "it does not replace an object under its own e-tag with If-Match"),
    ] {
        let objects = MemoryObjects::default();
        let shared: SharedObjects = Arc::new(Unsafe { objects: objects.clone(), ignores });
        let clock = ManualClock::at(NOW);
        let store = BucketStore::new(
            Arc::clone(&shared),
            Box::new(move || Ok(Arc::clone(&shared))),
            Arc::default(),
            clock.clone(),
        );
        let ledger = Ledger { store: Arc::new(store), clock };
        let refused = ledger.acquire(&who()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "the object store of `s3://b/p` cannot keep a ledger: {why}; use another store, or a folder"
            )
        );
        // Neither a lock nor a result is there, so the next one checks again.
        let keys: Vec<_> = objects.content().objects.keys().cloned().collect();
        assert!(keys.len() == 1 && keys[0].starts_with("check/"), "{keys:?}");
    }
}

#[test]
fn only_a_command_that_writes_connects_for_the_lock() {
    let (objects, clock) = (MemoryObjects::default(), ManualClock::at(NOW));
    drop(ledger_of(&objects, clock.clone()).acquire(&who()).unwrap());
    let connections = Arc::new(AtomicU64::new(0));
    let (shared, counted): (SharedObjects, _) = (Arc::new(objects), Arc::clone(&connections));
    let connect = {
        let shared = Arc::clone(&shared);
        move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(Arc::clone(&shared))
        }
    };
    let store = BucketStore::new(shared, Box::new(connect), Arc::default(), clock.clone());
    let ledger = Ledger { store: Arc::new(store), clock };
    ledger.must_exist().unwrap();
    ledger.verify().unwrap();
    ledger.view("x").unwrap();
    ledger.lock().unwrap();
    assert!(ledger.store.replace("known.json", b"{}\n", None).unwrap());
    assert_eq!(connections.load(Ordering::Relaxed), 0);
    for _ in 0..2 {
        drop(ledger.acquire(&who()).unwrap());
        assert_eq!(connections.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn the_check_is_made_once_for_each_ledger() {
    let (objects, clock) = (MemoryObjects::default(), ManualClock::at(NOW));
    drop(ledger_of(&objects, clock.clone()).acquire(&who()).unwrap());
    let keys: Vec<_> = objects.content().objects.keys().cloned().collect();
    assert_eq!(keys.len(), 3);
    assert_eq!(keys[1..], ["lock.json", "store.json"]);
    objects.requests();
    drop(ledger_of(&objects, clock).acquire(&who()).unwrap());
    let requests = objects.requests();
    assert_eq!(requests[..2], ["GET lock.json", "GET store.json"]);
    assert!(!requests.iter().any(|request| request.contains("check/")), "{requests:?}");
}

#[test]
fn a_store_that_compares_e_tags_without_quotation_marks_gets_them_so() {
    let (objects, clock) = (MemoryObjects::default(), ManualClock::at(NOW));
    objects.content().wants_unquoted = true;
    drop(ledger_of(&objects, clock.clone()).acquire(&who()).unwrap());
    let kept: serde_json::Value = serde_json::from_str(&objects.text("store.json")).unwrap();
    assert_eq!(kept["unquoted_etags"], true);
    // The next process knows it from there.
    let next = MemoryObjects::default();
    next.content().wants_unquoted = true;
    next.content().objects.clone_from(&objects.content().objects);
    let ledger = ledger_of(&next, clock);
    let lock = ledger.acquire(&who()).unwrap();
    lock.held().renew().unwrap();
}

#[test]
fn objects_of_a_newer_version_are_left_alone_and_unknown_fields_are_accepted() {
    for key in ["lock.json", "store.json"] {
        let scene = scene();
        let text = scene.objects.text(key);
        let acquired = |text: &str| {
            scene.objects.set(key, text);
            another(&scene).acquire(&who()).map(drop)
        };
        let newer = text.replacen("\"format_version\":1", "\"format_version\":2", 1);
        assert_eq!(
            acquired(&newer).unwrap_err().to_string(),
            format!(
                "ledger file `s3://b/p/{key}` has format version 2, and this version of guestlist supports up to 1; use a newer guestlist"
            )
        );
        assert_eq!(scene.objects.text(key), newer);
        assert!(
            acquired("{}")
                .unwrap_err()
                .to_string()
                .starts_with(&format!("cannot read ledger file `s3://b/p/{key}`: it is not "))
        );
        assert_eq!(acquired(&text.replacen('{', "{\"new\":[],", 1)), Ok(()));
    }
}

#[test]
fn a_takeover_that_fails_before_its_fence_leaves_the_lock_to_the_next_one() {
    let scene = scene();
    std::mem::forget(another(&scene).acquire(&who()).unwrap());
    let held = scene.ledger.lock().unwrap().unwrap();
    let third = another(&scene);
    // The listing after the lock was written fails.
    scene.objects.fail([None, None, None, None, Some(Fault::Lost)]);
    assert!(third.unlock(&held, a_run("x")).is_err());
    let left = another(&scene).lock().unwrap().expect("a lock without a fence stays");
    assert!(left.unlocking);
    assert!(another(&scene).unlock(&left, a_run("x")).unwrap());
    let fence: serde_json::Value = serde_json::from_str(&scene.objects.text(&key(1))).unwrap();
    assert_eq!(fence["run"], serde_json::Value::Null);
}

#[test]
fn a_lock_that_was_removed_by_hand_goes_on_with_the_epoch_of_the_segments() {
    let scene = scene();
    let lock = scene.ledger.acquire(&who()).unwrap();
    scene.ledger.store.create_run(NOW.parse().unwrap()).unwrap().1.append(b"{}\n", true).unwrap();
    drop(lock);
    scene.objects.content().objects.remove("lock.json");
    let next = another(&scene);
    let _lock = next.acquire(&who()).unwrap();
    next.store.create_run(NOW.parse().unwrap()).unwrap().1.append(b"{}\n", true).unwrap();
    let last = u64::MAX.to_string();
    let text = scene.objects.text("lock.json").replace("\"epoch\":3", &format!("\"epoch\":{last}"));
    scene.objects.set("lock.json", &text);
    let held = another(&scene).lock().unwrap().unwrap();
    assert_eq!(
        another(&scene).unlock(&held, a_run("x")).unwrap_err().to_string(),
        "cannot read ledger file `s3://b/p/lock.json`: its epoch is not one of guestlist; restore the file from a \
         backup, or move it away"
    );
}

#[test]
fn segments_hold_whole_lines_and_not_too_many() {
    let lines = "0123456789abcde\n".repeat(SEGMENT_BYTES / 8);
    let part = part_of(lines.as_bytes());
    assert_eq!(part, SEGMENT_BYTES);
    assert_eq!(part_of(b"a\nb"), 3);
    let long = format!("{}\nx\n", "y".repeat(SEGMENT_BYTES + 1));
    assert_eq!(part_of(long.as_bytes()), SEGMENT_BYTES + 2);
}
