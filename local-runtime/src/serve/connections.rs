//! The connections of a server, and which one is closed for a new client when no place is free.
//!
//! A client that holds more places than another gives one up for it. Among clients that hold as
//! many, only a connection that does nothing is closed: the one that has done so for longest.

use std::{
    cmp::Reverse,
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::{client_address::AddressGroup, unread_body::UnreadBody};

/// How long a client has read or sent nothing before it gives up its place for its equals.
const STALLED_MS_MIN: u64 = 1_000;
/// The value of [`Connection::pending_since_ms`] while no write is pending.
const NOT_PENDING: u64 = u64::MAX;

/// All connections of a server.
pub(super) struct Connections {
    count_max: usize,
    started: Instant,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    next_id: AtomicU64,
}

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Activity {
    /// It waits for a request, or for the rest of its head.
    Idle,
    /// It waits for the body of a request.
    Receiving,
    /// It makes or sends a response.
    Responding,
}

/// One connection.
pub(super) struct Connection {
    id: u64,
    pub(super) peer: IpAddr,
    /// Whose place it takes.
    group: Mutex<AddressGroup>,
    activity: AtomicU8,
    since_ms: AtomicU64,
    /// Since when a write is pending.
    pending_since_ms: AtomicU64,
    /// Of the current request.
    pub(super) body: UnreadBody,
    closed: Notify,
    all: Arc<Connections>,
}

/// A connection's place, which is free again when this is dropped.
pub(super) struct Place(pub(super) Arc<Connection>);

#[cfg(test)]
impl Place {
    /// Whether it has not been given to another.
    pub(super) fn is_open(&self) -> bool {
        self.0.all.open().contains_key(&self.0.id)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.all.open().remove(&self.0.id);
    }
}

/// Which connections may be closed for a new client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// A connection: any.
    Connection,
    /// The place of a request: only a connection that has one.
    Request,
}

impl Connections {
    /// Room for so many connections.
    pub(super) fn new(count_max: usize) -> Arc<Self> {
        let (open, next_id) = (Mutex::default(), AtomicU64::new(0));
        Arc::new(Self { count_max, started: Instant::now(), open, next_id })
    }

    /// A panic leaves the map in order.
    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many connections are open.
    pub(super) fn count(&self) -> usize {
        self.open().len()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }

    /// A place for a new connection; where none is free, that of another one, which is closed.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let group = AddressGroup::of(peer);
        let mut open = self.open();
        if open.len() >= self.count_max {
            let id = victim(&open, group, Need::Connection, self.now_ms())?;
            close(&mut open, id);
        }
        let id = self.next_id.fetch_add(1, Relaxed);
        let connection = Arc::new(Connection {
            id,
            peer,
            group: Mutex::new(group),
            activity: AtomicU8::new(Activity::Idle as u8),
            since_ms: AtomicU64::new(self.now_ms()),
            pending_since_ms: AtomicU64::new(NOT_PENDING),
            body: UnreadBody::default(),
            closed: Notify::new(),
            all: Arc::clone(self),
        });
        open.insert(id, Arc::clone(&connection));
        Some(Place(connection))
    }

    /// Closes the idle connection that is the oldest one, if there is one.
    pub(super) fn close_oldest_idle(&self) {
        let mut open = self.open();
        let idle = open.values().filter(|one| one.activity() == Activity::Idle);
        let oldest = idle.min_by_key(|one| one.since_ms.load(Relaxed)).map(|one| one.id);
        if let Some(id) = oldest {
            close(&mut open, id);
        }
    }

    /// Closes the connections of clients that take longer than they may: `head_time` to send the head
    /// of a request, `read_time` to read of a response.
    pub(super) fn close_overdue(&self, head_time: Duration, read_time: Duration) {
        let (now_ms, mut open) = (self.now_ms(), self.open());
        let is_overdue = |one: &Arc<Connection>| {
            let (class, ms) = one.closing_class(now_ms);
            match class {
                ClosingClass::Idle => u128::from(ms) >= head_time.as_millis(),
                ClosingClass::Stalled => u128::from(ms) >= read_time.as_millis(),
                ClosingClass::Receiving | ClosingClass::Active => false,
            }
        };
        for (_, overdue) in open.extract_if(|_, one| is_overdue(one)) {
            overdue.closed.notify_one();
        }
    }
}

fn close(open: &mut HashMap<u64, Arc<Connection>>, id: u64) {
    if let Some(connection) = open.remove(&id) {
        connection.closed.notify_one();
    }
}

/// The connection that is closed for a client of `group`.
fn victim(
    open: &HashMap<u64, Arc<Connection>>,
    group: AddressGroup,
    need: Need,
    now_ms: u64,
) -> Option<u64> {
    let mut counts: HashMap<AddressGroup, usize> = HashMap::new();
    for one in open.values().filter(|one| one.takes_place(need)) {
        *counts.entry(one.group()).or_default() += 1;
    }
    // A quarter of all is what one client may keep while others wait.
    let share = counts.values().sum::<usize>() / 4;
    let own = counts.get(&group).copied().unwrap_or(0);
    let candidates = open.values().filter(|one| one.takes_place(need)).filter_map(|one| {
        let count = counts.get(&one.group()).copied().unwrap_or(0);
        let is_greedy = count > own + 1 && count > share;
        let (class, idle_ms) = one.closing_class(now_ms);
        let may_close = is_greedy
            || match class {
                // Otherwise a client with too many would close one of them for each new one, at once.
                ClosingClass::Idle => own <= share || idle_ms >= STALLED_MS_MIN,
                ClosingClass::Receiving | ClosingClass::Stalled => idle_ms >= STALLED_MS_MIN,
                ClosingClass::Active => false,
            };
        let by = (Reverse(is_greedy), Reverse(if is_greedy { count } else { 0 }));
        may_close.then_some(((by, class, Reverse(idle_ms)), one.id))
    });
    candidates.min().map(|(_, id)| id)
}

/// What is lost when a connection is closed: the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ClosingClass {
    Idle,
    Stalled,
    Receiving,
    Active,
}

impl Connection {
    /// Ends when the connection is to be closed.
    pub(super) async fn closed(&self) {
        self.closed.notified().await;
    }

    /// Notes what the connection does from now on.
    pub(super) fn set_activity(&self, activity: Activity) {
        self.activity.store(activity as u8, Relaxed);
        self.since_ms.store(self.all.now_ms(), Relaxed);
    }

    /// Notes whether a write is pending.
    pub(super) fn set_pending(&self, is_pending: bool) {
        let since_ms = if is_pending { self.all.now_ms() } else { NOT_PENDING };
        self.pending_since_ms.store(since_ms, Relaxed);
    }

    /// Notes whose request the connection has: a proxy's connection has those of many clients.
    pub(super) fn set_group(&self, group: AddressGroup) {
        *self.group.lock().unwrap_or_else(PoisonError::into_inner) = group;
    }

    /// Closes another connection that has a request, so that its place is free for this one; false
    /// where none may be closed.
    pub(super) fn make_room_for_request(&self) -> bool {
        let mut open = self.all.open();
        let id = victim(&open, self.group(), Need::Request, self.all.now_ms());
        let id = id.filter(|id| *id != self.id);
        if let Some(id) = id {
            close(&mut open, id);
        }
        id.is_some()
    }

    fn group(&self) -> AddressGroup {
        *self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn activity(&self) -> Activity {
        match self.activity.load(Relaxed) {
            0 => Activity::Idle,
            1 => Activity::Receiving,
            _ => Activity::Responding,
        }
    }

    fn takes_place(&self, need: Need) -> bool {
        need == Need::Connection || self.activity() != Activity::Idle
    }

    /// What closing would cost, and for how many milliseconds the client has done nothing.
    fn closing_class(&self, now_ms: u64) -> (ClosingClass, u64) {
        let pending_since_ms = self.pending_since_ms.load(Relaxed);
        if pending_since_ms != NOT_PENDING {
            return (ClosingClass::Stalled, now_ms.saturating_sub(pending_since_ms));
        }
        let class = match self.activity() {
            Activity::Idle => ClosingClass::Idle,
            Activity::Receiving => ClosingClass::Receiving,
            Activity::Responding => ClosingClass::Active,
        };
        (class, now_ms.saturating_sub(self.since_ms.load(Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn client_that_sends_no_head_is_overdue_and_one_that_waits_is_not() {
        let (all, hour) = (Connections::new(3), Duration::from_hours(1));
        let activities = [Activity::Idle, Activity::Receiving, Activity::Responding];
        let held: Vec<_> = activities.into_iter().flat_map(|one| places(&all, 1, 1, one)).collect();
        all.close_overdue(hour, Duration::ZERO);
        assert_eq!(open_count(&held), 3);
        all.close_overdue(Duration::ZERO, hour);
        assert!(!held[0].is_open() && held[1].is_open() && held[2].is_open());
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
}
