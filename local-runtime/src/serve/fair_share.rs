//! Whose place a new client gets when none is free.
//!
//! A client that holds more places than another gives one up for it. Among clients that hold as
//! many, only what does nothing is closed: the one that has done so for longest.

use std::{cmp::Reverse, collections::HashMap};

use super::client_address::AddressGroup;

/// How long a client has read or sent nothing before it gives up its place for its equals.
pub(super) const STALLED_MS_MIN: u64 = 1_000;

/// What is lost when a connection is closed: the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ClosingClass {
    Idle,
    Stalled,
    Receiving,
    Active,
}

/// What holds a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub(super) id: u64,
    pub(super) group: AddressGroup,
    pub(super) class: ClosingClass,
    /// For how long its client has done nothing.
    pub(super) idle_ms: u64,
}

/// The one of `holders` that is closed for a client of `group`.
pub(super) fn victim(holders: &[Holder], group: AddressGroup) -> Option<u64> {
    let mut counts: HashMap<AddressGroup, usize> = HashMap::new();
    for one in holders {
        *counts.entry(one.group).or_default() += 1;
    }
    // A quarter of all is what one client may keep while others wait.
    let share = holders.len() / 4;
    let own = counts.get(&group).copied().unwrap_or(0);
    let candidates = holders.iter().filter_map(|one| {
        let Holder { id, class, idle_ms, .. } = *one;
        let count = counts.get(&one.group).copied().unwrap_or(0);
        let is_greedy = count > own + 1 && count > share;
        let may_close = is_greedy
            || match class {
                // Otherwise a client with too many would close one of them for each new one, at once.
                ClosingClass::Idle => own <= share || idle_ms >= STALLED_MS_MIN,
                ClosingClass::Receiving | ClosingClass::Stalled => idle_ms >= STALLED_MS_MIN,
                ClosingClass::Active => false,
            };
        let by = (Reverse(is_greedy), Reverse(if is_greedy { count } else { 0 }));
        may_close.then_some(((by, class, Reverse(idle_ms)), id))
    });
    candidates.min().map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use std::{net::IpAddr, sync::Arc, time::Duration};

    use super::{
        super::connections::{Activity, Connections, Place},
        *,
    };

    fn address(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    fn open_count(places: &[Place]) -> usize {
        places.iter().filter(|place| place.is_open()).count()
    }

    /// Places of one address, all of which do the same, in the order of their age.
    fn places(all: &Arc<Connections>, last: u8, count: usize, activity: Activity) -> Vec<Place> {
        let place = |_| {
            let place = all.admit(address(last)).unwrap();
            place.0.set_activity(activity);
            std::thread::sleep(Duration::from_millis(2));
            place
        };
        (0..count).map(place).collect()
    }

    #[test]
    fn oldest_idle_connection_makes_room() {
        let all = Connections::new(3);
        let held: Vec<_> = (1..4).flat_map(|last| places(&all, last, 1, Activity::Idle)).collect();
        held[0].0.set_activity(Activity::Idle);
        let newest = all.admit(address(4)).unwrap();
        assert!(held[0].is_open() && !held[1].is_open() && held[2].is_open() && newest.is_open());
        drop(newest);
        let _room = all.admit(address(4)).unwrap();
        assert_eq!(open_count(&held), 2, "a place is free again when it is dropped");
    }

    #[tokio::test]
    async fn connection_that_gives_up_its_place_is_notified() {
        let all = Connections::new(1);
        let held = places(&all, 1, 1, Activity::Idle);
        assert!(all.admit(address(1)).is_none(), "it is that client's, and new");
        let _newest = all.admit(address(2)).unwrap();
        held[0].0.closed().await;
    }

    #[test]
    fn equals_do_not_close_connections_that_are_busy() {
        let all = Connections::new(4);
        let held = places(&all, 1, 2, Activity::Responding);
        let bodies = places(&all, 1, 2, Activity::Receiving);
        assert!(all.admit(address(1)).is_none());
        std::thread::sleep(Duration::from_millis(STALLED_MS_MIN));
        bodies[1].0.set_activity(Activity::Receiving);
        let _room = all.admit(address(1)).unwrap();
        assert_eq!((open_count(&held), bodies[0].is_open()), (2, false));
    }

    #[test]
    fn client_with_many_connections_gives_one_to_a_client_with_few() {
        for activity in [Activity::Idle, Activity::Receiving, Activity::Responding] {
            let all = Connections::new(12);
            let honest = places(&all, 2, 2, Activity::Responding);
            let greedy = places(&all, 1, 10, activity);
            let newcomers: Vec<_> = (3..9).map(|last| all.admit(address(last)).unwrap()).collect();
            assert_eq!((open_count(&honest), open_count(&newcomers)), (2, 6), "{activity:?}");
            assert_eq!(open_count(&greedy), 4, "{activity:?}");
        }
    }

    #[test]
    fn connection_that_a_client_does_not_read_goes_before_one_that_it_reads() {
        let all = Connections::new(8);
        let greedy = places(&all, 1, 8, Activity::Responding);
        greedy[5].0.set_pending(true);
        greedy[6].0.set_pending(true);
        greedy[6].0.set_pending(false);
        let _newcomer = all.admit(address(2)).unwrap();
        assert!(!greedy[5].is_open() && open_count(&greedy) == 7);
    }

    #[test]
    fn room_for_a_request_is_that_of_another_request() {
        let all = Connections::new(100);
        let idle = places(&all, 1, 5, Activity::Idle);
        let greedy = places(&all, 1, 5, Activity::Receiving);
        let newcomer = all.admit(address(2)).unwrap();
        assert!(newcomer.0.make_room_for_request());
        assert_eq!((open_count(&idle), open_count(&greedy)), (5, 4));
        assert!(!greedy[4].0.make_room_for_request(), "its equals have just begun");
    }

    #[test]
    fn clients_behind_a_proxy_are_distinguished() {
        let all = Connections::new(100);
        let greedy = places(&all, 1, 5, Activity::Responding);
        for place in &greedy {
            place.0.set_group(AddressGroup::of(address(7)));
        }
        let other = all.admit(address(1)).unwrap();
        other.0.set_group(AddressGroup::of(address(8)));
        assert!(other.0.make_room_for_request());
        assert_eq!(open_count(&greedy), 4);
    }

    #[test]
    fn each_stream_is_a_request_and_all_of_them_are_one_connection() {
        let all = Connections::new(2);
        let greedy = all.admit(address(1)).unwrap();
        let streams: Vec<_> = (0..5).map(|_| greedy.0.admit_stream()).collect();
        let newcomer = all.admit(address(2)).unwrap();
        assert!(newcomer.0.make_room_for_request(), "the other client has five requests");
        assert_eq!(open_count(&streams), 4);
        assert!(all.admit(address(3)).is_some(), "the newcomer's connection is idle");
        assert!(greedy.is_open() && !newcomer.is_open());
    }

    #[test]
    fn connection_whose_streams_are_not_read_makes_room_and_one_with_another_stream_does_not() {
        let all = Connections::new(1);
        let held = all.admit(address(1)).unwrap();
        let streams = [held.0.admit_stream(), held.0.admit_stream()];
        streams[0].0.set_pending(true);
        std::thread::sleep(Duration::from_millis(STALLED_MS_MIN));
        assert!(all.admit(address(1)).is_none() && all.admit(address(2)).is_none());
        streams[1].0.set_pending(true);
        assert!(all.admit(address(2)).is_none(), "its client has just read");
        std::thread::sleep(Duration::from_millis(STALLED_MS_MIN));
        assert!(all.admit(address(2)).is_some());
    }
}
