//! Two runs that do not know of each other, because each has its own ledger.

use std::collections::BTreeMap;

use fastrand::Rng;
use guestlist::api::Settings;
use guestlist::sandbox::{Behaviour, SecondInvitation};

use crate::world::World;
use crate::{judge, scene};

/// Both read before either writes, and then both apply the same plan at the same time.
#[tokio::test]
async fn two_ledgers_do_no_harm() {
    for seed in 0..40 {
        let random = &mut Rng::with_seed(seed);
        let behaviour =
            Behaviour { second_invitation: SecondInvitation::Refused, ..scene::behaviour(random) };
        let world = World::new(scene::organization(random), behaviour, None, Settings::default()).await;
        let (text, desired) = scene::team(random);
        let names = ["one", "two"].map(|name| world.ledger(name));
        let clients = [world.client(), world.client()];
        let mut plans = Vec::new();
        for (ledger, client) in names.iter().zip(&clients) {
            let known = world.observe(ledger, client, &desired).await.expect("an answer");
            let plan = world.plan(&desired, &known, None);
            plans.push((known, plan));
        }
        let [(known, plan), (other_known, other_plan)] = <[_; 2]>::try_from(plans).expect("two");
        assert_eq!(plan.changes, other_plan.changes);
        if !plan.refused.is_empty() || plan.changes.is_empty() {
            continue;
        }
        world.sandbox.clear_log();
        let (one, two) = tokio::join!(
            world.carry_out((&desired, &known, &plan), &names[0], &clients[0], 4, None),
            world.carry_out((&desired, &other_known, &other_plan), &names[1], &clients[1], 4, None),
        );
        for report in [one, two] {
            let report = report.expect("a ledger");
            assert!(report.is_success(), "seed {seed}: {report:?}\n{text}");
        }
        let mut sent = BTreeMap::new();
        for call in world.sandbox.log().iter().filter(|call| call.applied && call.path.ends_with("/invite")) {
            *sent.entry(call.email().expect("an address").to_owned()).or_insert(0) += 1;
        }
        assert!(sent.values().all(|times| *times == 1), "seed {seed}: {sent:?}");

        world.sandbox.with_organization(|organization| {
            let waiting: Vec<_> = organization.invited().map(|person| person.login.clone()).collect();
            for login in waiting {
                assert!(organization.accept(login.as_str()));
            }
        });
        for (ledger, client) in names.iter().zip(&clients) {
            let known = world.observe(ledger, client, &desired).await.expect("an answer");
            let plan = world.plan(&desired, &known, None);
            if plan.refused.is_empty() {
                world.carry_out((&desired, &known, &plan), ledger, client, 4, None).await.expect("a ledger");
                judge::at_rest(&world.organization(), &desired, plan.date)
                    .unwrap_or_else(|why| panic!("seed {seed}: {why}\n{text}"));
            }
        }
    }
}
