//! A service that does not respond, responds byte by byte, or never ends its response. The time-outs are
//! short, because only they are not on the virtual clock.

use std::time::Duration;

use fastrand::Rng;
use guestlist::api::{Settings, Timeouts};
use guestlist::sandbox::Fault;

use crate::scene::pick;
use crate::schedule::Conditions;

fn impatient() -> Settings {
    Settings {
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            idle: Duration::from_millis(200),
            call: Duration::from_millis(400),
        },
        body_cap: 1 << 20,
        ..Settings::default()
    }
}

fn faults(random: &mut Rng) -> Vec<Fault> {
    let kind = pick(random, ["hang", "hang,applied", "trickle,pace=20", "endless"]);
    let whom = pick(random, ["", "", ",method=POST", ",method=PUT", ",method=DELETE"]);
    let order = format!("{kind}{whom},at={},times={}", random.u8(1..8), random.u8(1..7));
    vec![order.parse().expect("a fault")]
}

#[test]
fn repeated_apply_converges_when_answers_do_not_come_or_do_not_end() {
    let conditions = Conditions { settings: impatient(), faults };
    crate::run("repeated_apply_converges_when_answers_do_not_come_or_do_not_end", 24, &conditions);
}
