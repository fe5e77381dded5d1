//! The connections of a server, and what each of them does.
//!
//! A stream of HTTP/2 is an entry of its own, beside its connection: it has the place of a request, and
//! is closed alone.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::{
    client_address::AddressGroup,
    fair_share::{ClosingClass, Holder, victim},
    unread_body::UnreadBody,
};

/// The value of [`Connection::pending_since_ms`] while no write is pending.
const NOT_PENDING: u64 = u64::MAX;

/// All connections of a server.
pub(super) struct Connections {
    count_max: usize,
    started: Instant,
    open: Mutex<Open>,
    next_id: AtomicU64,
}

/// Those that are open, by their ids.
#[derive(Default)]
struct Open {
    connections: HashMap<u64, Arc<Connection>>,
    /// The streams of those that have HTTP/2.
    streams: HashMap<u64, Arc<Connection>>,
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

/// One connection, or one stream of a connection of HTTP/2.
pub(super) struct Connection {
    id: u64,
    pub(super) peer: IpAddr,
    /// The connection of a stream.
    parent: Option<Arc<Self>>,
    /// Its requests, where it has HTTP/2: each of them is one of the streams.
    stream_count: AtomicUsize,
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
        let open = self.0.all.open();
        open.connections.contains_key(&self.0.id) || open.streams.contains_key(&self.0.id)
    }
}

#[cfg(test)]
impl Connections {
    /// How many requests run.
    pub(super) fn request_count(&self) -> usize {
        self.open().requests(self.now_ms()).len()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Connection { all, id, parent, .. } = &*self.0;
        let mut open = all.open();
        open.remove(*id);
        if let Some(parent) = parent
            && parent.stream_count.fetch_sub(1, Relaxed) == 1
        {
            parent.set_activity(Activity::Idle);
        }
    }
}

impl Open {
    fn remove(&mut self, id: u64) -> Option<Arc<Connection>> {
        self.connections.remove(&id).or_else(|| self.streams.remove(&id))
    }

    fn close(&mut self, id: u64) {
        if let Some(connection) = self.remove(id) {
            connection.closed.notify_one();
        }
    }

    /// What takes the place of a connection, and how long it has done nothing.
    fn connections(&self, now_ms: u64) -> Vec<Holder> {
        let mut busiest: HashMap<u64, (ClosingClass, u64)> = HashMap::new();
        for stream in self.streams.values() {
            let (class, ms) = stream.closing_class(now_ms);
            let of = stream.parent.as_ref().map_or(stream.id, |parent| parent.id);
            let (busy, least_ms) = busiest.entry(of).or_insert((class, ms));
            (*busy, *least_ms) = (class.max(*busy), ms.min(*least_ms));
        }
        let holder = |one: &Arc<Connection>| {
            let own = one.closing_class(now_ms);
            let is_responding = own.0 == ClosingClass::Active;
            let by_streams = busiest.get(&one.id).filter(|_| is_responding);
            one.holder(*by_streams.unwrap_or(&own))
        };
        self.connections.values().map(holder).collect()
    }

    /// What takes the place of a request.
    fn requests(&self, now_ms: u64) -> Vec<Holder> {
        let alone = self.connections.values().filter(|one| one.stream_count.load(Relaxed) == 0);
        let running = alone.chain(self.streams.values()).filter(|one| !one.is_idle());
        running.map(|one| one.holder(one.closing_class(now_ms))).collect()
    }
}

impl Connections {
    /// Room for so many connections.
    pub(super) fn new(count_max: usize) -> Arc<Self> {
        let (open, next_id) = (Mutex::default(), AtomicU64::new(0));
        Arc::new(Self { count_max, started: Instant::now(), open, next_id })
    }

    /// A panic leaves the map in order.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many connections are open.
    pub(super) fn count(&self) -> usize {
        self.open().connections.len()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }

    /// A place for a new connection; where none is free, that of another one, which is closed.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let group = AddressGroup::of(peer);
        let mut open = self.open();
        if open.connections.len() >= self.count_max {
            let id = victim(&open.connections(self.now_ms()), group)?;
            open.close(id);
        }
        let connection = self.connection(peer, group, None, Activity::Idle);
        open.connections.insert(connection.id, Arc::clone(&connection));
        Some(Place(connection))
    }

    /// A new one, which is not among the open ones yet.
    fn connection(
        self: &Arc<Self>,
        peer: IpAddr,
        group: AddressGroup,
        parent: Option<Arc<Connection>>,
        activity: Activity,
    ) -> Arc<Connection> {
        Arc::new(Connection {
            id: self.next_id.fetch_add(1, Relaxed),
            peer,
            parent,
            stream_count: AtomicUsize::new(0),
            group: Mutex::new(group),
            activity: AtomicU8::new(activity as u8),
            since_ms: AtomicU64::new(self.now_ms()),
            pending_since_ms: AtomicU64::new(NOT_PENDING),
            body: UnreadBody::default(),
            closed: Notify::new(),
            all: Arc::clone(self),
        })
    }

    /// Closes the idle connection that is the oldest one, if there is one.
    pub(super) fn close_oldest_idle(&self) {
        let mut open = self.open();
        let idle = open.connections.values().filter(|one| one.is_idle());
        let oldest = idle.min_by_key(|one| one.since_ms.load(Relaxed)).map(|one| one.id);
        if let Some(id) = oldest {
            open.close(id);
        }
    }

    /// Closes the connections of clients that take longer than they may: `head_time` to send the head
    /// of a request, `read_time` to read of a response.
    pub(super) fn close_overdue(&self, head_time: Duration, read_time: Duration) {
        let (now_ms, mut guard) = (self.now_ms(), self.open());
        let Open { connections, streams } = &mut *guard;
        let is_overdue = |one: &Arc<Connection>| {
            let (class, ms) = one.closing_class(now_ms);
            match class {
                ClosingClass::Idle => u128::from(ms) >= head_time.as_millis(),
                ClosingClass::Stalled => u128::from(ms) >= read_time.as_millis(),
                ClosingClass::Receiving | ClosingClass::Active => false,
            }
        };
        let overdue = connections.extract_if(|_, one| is_overdue(one));
        for (_, one) in overdue.chain(streams.extract_if(|_, one| is_overdue(one))) {
            one.closed.notify_one();
        }
    }
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

    /// A place for a new stream of this connection, which has HTTP/2.
    pub(super) fn admit_stream(self: &Arc<Self>) -> Place {
        let parent = Some(Arc::clone(self));
        let stream = self.all.connection(self.peer, self.group(), parent, Activity::Responding);
        let mut open = self.all.open();
        self.stream_count.fetch_add(1, Relaxed);
        self.set_activity(Activity::Responding);
        open.streams.insert(stream.id, Arc::clone(&stream));
        Place(stream)
    }

    /// Notes whose request the connection has: a proxy's connection has those of many clients.
    pub(super) fn set_group(&self, group: AddressGroup) {
        if let Some(parent) = &self.parent {
            parent.set_group(group);
        }
        *self.group.lock().unwrap_or_else(PoisonError::into_inner) = group;
    }

    /// Closes another connection that has a request, so that its place is free for this one; false
    /// where none may be closed.
    pub(super) fn make_room_for_request(&self) -> bool {
        let mut open = self.all.open();
        let id = victim(&open.requests(self.all.now_ms()), self.group());
        let id = id.filter(|id| *id != self.id);
        if let Some(id) = id {
            open.close(id);
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

    fn is_idle(&self) -> bool {
        self.activity() == Activity::Idle
    }

    fn holder(&self, (class, idle_ms): (ClosingClass, u64)) -> Holder {
        Holder { id: self.id, group: self.group(), class, idle_ms }
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

    fn place(all: &Arc<Connections>, activity: Activity) -> Place {
        let place = all.admit(IpAddr::from([127, 0, 0, 1])).unwrap();
        place.0.set_activity(activity);
        place
    }

    #[test]
    fn client_that_sends_no_head_is_overdue_and_one_that_waits_is_not() {
        let (all, hour) = (Connections::new(3), Duration::from_hours(1));
        let activities = [Activity::Idle, Activity::Receiving, Activity::Responding];
        let held = activities.map(|activity| place(&all, activity));
        all.close_overdue(hour, Duration::ZERO);
        assert!(held.iter().all(Place::is_open));
        all.close_overdue(Duration::ZERO, hour);
        assert!(!held[0].is_open() && held[1].is_open() && held[2].is_open());
    }

    #[test]
    fn connection_is_idle_when_its_last_stream_has_ended() {
        let (all, hour) = (Connections::new(1), Duration::from_hours(1));
        let connection = place(&all, Activity::Idle);
        let streams = [connection.0.admit_stream(), connection.0.admit_stream()];
        for stream in streams {
            all.close_overdue(Duration::ZERO, hour);
            assert!(connection.is_open() && stream.is_open());
        }
        all.close_overdue(Duration::ZERO, hour);
        assert!(!connection.is_open());
    }

    #[tokio::test]
    async fn stream_that_its_client_does_not_read_is_closed_alone() {
        let (all, hour) = (Connections::new(1), Duration::from_hours(1));
        let connection = place(&all, Activity::Idle);
        let [unread, read] = [connection.0.admit_stream(), connection.0.admit_stream()];
        unread.0.set_pending(true);
        all.close_overdue(hour, Duration::ZERO);
        unread.0.closed().await;
        assert!(connection.is_open() && read.is_open() && !unread.is_open());
    }
}
