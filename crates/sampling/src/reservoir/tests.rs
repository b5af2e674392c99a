use proptest::prelude::*;

use super::*;

fn at(second: i64) -> TimestampMicros {
    TimestampMicros(second * 1_000_000)
}

fn client(name: &str) -> ClientId {
    ClientId(name.into())
}

/// A reservoir that was reported to before, so that leases are given.
fn known(size: u32) -> Reservoir {
    let mut reservoir = Reservoir::new(size);
    assert_eq!(reservoir.renew(at(-300), &client("first"), 0, None), None);
    reservoir
}

fn renew(reservoir: &mut Reservoir, second: i64, name: &str, requests: u64) -> u32 {
    let quota = reservoir.renew(at(second), &client(name), requests, None);
    let quota = quota.unwrap();
    assert_eq!(quota.expires_at, second + 300);
    quota.size
}

#[test]
fn so_many_in_each_second() {
    let mut reservoir = Reservoir::new(2);
    let taken =
        |reservoir: &mut Reservoir, second| (0..5).filter(|_| reservoir.take(at(second))).count();
    assert_eq!(taken(&mut reservoir, 10), 2);
    assert_eq!(taken(&mut reservoir, 11), 2);
    assert_eq!(taken(&mut Reservoir::new(0), 11), 0);
}

#[test]
fn no_quota_until_the_window_after_the_first_report() {
    let mut reservoir = Reservoir::new(2);
    assert_eq!(reservoir.renew(at(11), &client("a"), 1000, None), None);
    assert_eq!(reservoir.renew(at(19), &client("a"), 1000, None), None);
    assert_eq!(renew(&mut reservoir, 20, "a", 1000), 2);
}

#[test]
fn the_first_quotas_leave_room_for_all_who_reported() {
    let mut reservoir = Reservoir::new(6);
    for name in ["a", "b", "c"] {
        assert_eq!(reservoir.renew(at(11), &client(name), 1000, None), None);
    }
    for name in ["b", "c", "a"] {
        assert_eq!(renew(&mut reservoir, 21, name, 1000), 2);
    }
}

#[test]
fn one_client_gets_all_of_it_even_when_quiet() {
    assert_eq!(renew(&mut known(2), 10, "a", 1000), 2);
    assert_eq!(renew(&mut known(2), 10, "a", 0), 2);
}

#[test]
fn two_clients_share_once_both_have_reported() {
    let mut reservoir = known(10);
    assert_eq!(renew(&mut reservoir, 10, "a", 1000), 10);
    assert_eq!(renew(&mut reservoir, 11, "b", 1000), 0);
    assert_eq!(renew(&mut reservoir, 20, "a", 1000), 5);
    assert_eq!(renew(&mut reservoir, 21, "b", 1000), 5);
}

#[test]
fn a_lease_ends_when_nobody_renews_it() {
    let mut reservoir = known(4);
    assert_eq!(renew(&mut reservoir, 10, "a", 1000), 4);
    assert!(!reservoir.take(at(310)));
    assert!(reservoir.take(at(311)));
    assert_eq!(renew(&mut reservoir, 320, "b", 1000), 4);
}

#[test]
fn what_is_not_leased_is_for_in_process_callers() {
    let mut reservoir = known(4);
    let local = Some(100);
    let quota = reservoir.renew(at(10), &client("a"), 1000, local).unwrap();
    assert_eq!(quota.size, 2);
    assert_eq!((0..9).filter(|_| reservoir.take(at(11))).count(), 2);
}

#[test]
fn what_a_client_gave_back_is_free_from_the_next_second() {
    let mut reservoir = known(4);
    assert_eq!(renew(&mut reservoir, 10, "a", 1000), 4);
    let quota = reservoir.renew(at(20), &client("a"), 1000, Some(100));
    assert_eq!(quota.unwrap().size, 2);
    assert!(!reservoir.take(at(20)));
    assert!(reservoir.take(at(21)));
}

#[derive(Debug, Clone)]
enum Step {
    Pass(u8),
    Take,
    Report {
        client: u8,
        requests: u16,
        local: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u8..40).prop_map(Step::Pass),
        Just(Step::Take),
        (0u8..6, 0u16..500, any::<bool>()).prop_map(|(client, requests, local)| Step::Report {
            client,
            requests,
            local
        }),
    ]
}

proptest! {
    /// Every client uses up whatever it may in every second, by its old lease until it hears of the new one.
    #[test]
    fn no_second_ever_keeps_more_than_the_reservoir(
        size in 0u32..20, steps in prop::collection::vec(step(), 1..200)
    ) {
        let mut reservoir = Reservoir::new(size);
        let mut leases: HashMap<u8, Quota> = HashMap::new();
        let mut used: HashMap<u8, u32> = HashMap::new();
        let (mut second, mut taken) = (0, 0);
        for step in steps {
            match step {
                Step::Pass(0) => {}
                Step::Pass(seconds) => {
                    second += i64::from(seconds);
                    taken = 0;
                    used.clear();
                }
                Step::Take => taken += u32::from(reservoir.take(at(second))),
                Step::Report { client: id, requests, local } => {
                    let name = client(&id.to_string());
                    let local = local.then_some(5);
                    if let Some(quota) = reservoir.renew(at(second), &name, requests.into(), local) {
                        leases.insert(id, quota);
                    }
                }
            }
            for (id, quota) in &leases {
                if second <= quota.expires_at {
                    let so_far = used.entry(*id).or_default();
                    *so_far = quota.size.max(*so_far);
                }
            }
            let live = leases.values().filter(|quota| second <= quota.expires_at);
            prop_assert!(live.map(|quota| quota.size).sum::<u32>() <= size);
            prop_assert!(used.values().sum::<u32>() + taken <= size);
        }
    }
}
