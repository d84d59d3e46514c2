//! Who may stay connected when there are too many: whoever's last signature was right stays, and the stranger who came first goes.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::HeaderMap;
use tokio_util::sync::CancellationToken;

use super::address::{Net, client, forwarded};

/// The most connections of one client. Meta uses few; a proxy's are those of many clients.
const PER_CLIENT: usize = 256;

/// The most clients whose last signature was right that are remembered.
const CLIENTS: usize = 1024;

/// The places for connections.
pub(super) struct Door {
    places: usize,
    proxies: Vec<Net>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By number, so that the first is the oldest.
    guests: BTreeMap<u64, Place>,
    per_client: HashMap<IpAddr, usize>,
    /// Clients whose last signature was right, and when that was, in the same numbers.
    known: HashMap<IpAddr, u64>,
    next: u64,
    /// Strangers who have to go and are not gone yet.
    leaving: usize,
    /// Strangers who had to go …
    sent_away: u64,
    /// … and how many of them were told of.
    told: u64,
}

struct Place {
    client: IpAddr,
    is_known: bool,
    leave: CancellationToken,
}

/// One connection, as long as it is open.
pub(super) struct Guest {
    door: Arc<Door>,
    number: u64,
    client: IpAddr,
    /// It names its clients.
    is_proxy: bool,
    /// Many clients may come from this address: it stands for none of them.
    is_shared: bool,
    leave: CancellationToken,
}

impl Door {
    pub(super) fn new(places: usize, proxies: Vec<Net>) -> Self {
        Self { places, proxies, state: Mutex::default() }
    }

    /// A place for a new connection; `None` if only known clients are here, or if the client has too many places already.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let client = client(address);
        let is_proxy = self.proxies.iter().any(|proxy| proxy.holds(address));
        // What connects from this machine is a proxy too, or whoever could stop the listener anyway.
        let is_shared = is_proxy || address.to_canonical().is_loopback();
        let mut state = self.state();
        let is_full = state.guests.len() >= self.places;
        let is_one_too_many = !is_shared && state.per_client.get(&client).is_some_and(|count| *count >= PER_CLIENT);
        if is_one_too_many && !state.send_away(|place| place.client == client)
            || is_full && !is_one_too_many && !state.send_away(|_| true)
        {
            state.sent_away += 1;
            return None;
        }
        let (number, leave) = (state.number(), CancellationToken::new());
        let is_known = !is_shared && state.known.contains_key(&client);
        state.guests.insert(number, Place { client, is_known, leave: leave.clone() });
        *state.per_client.entry(client).or_default() += 1;
        Some(Guest { door: Arc::clone(self), number, client, is_proxy, is_shared, leave })
    }

    /// Sends strangers away where the system has no room for more, the oldest first. While some are still leaving, nobody else
    /// has to: on a busy machine their places come free late.
    pub(super) fn make_room(&self) {
        let mut state = self.state();
        if state.leaving > 0 {
            return;
        }
        for _ in 0..=state.guests.len() / 8 {
            if !state.send_away(|_| true) {
                return;
            }
        }
    }

    /// How many strangers were sent away since the last call.
    pub(super) fn sent_away(&self) -> u64 {
        let mut state = self.state();
        let all = state.sent_away;
        all - std::mem::replace(&mut state.told, all)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Gives the place of the oldest such stranger to somebody else. `false` if there is none.
    fn send_away(&mut self, which: impl Fn(&Place) -> bool) -> bool {
        let oldest = self.guests.iter().find(|(_, place)| !place.is_known && which(place)).map(|(number, _)| *number);
        let Some(place) = oldest.and_then(|number| self.guests.remove(&number)) else { return false };
        place.leave.cancel();
        self.leaving += 1;
        self.forget(place.client);
        self.sent_away += 1;
        true
    }

    fn forget(&mut self, client: IpAddr) {
        if let Some(count) = self.per_client.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                self.per_client.remove(&client);
            }
        }
    }
}

impl Guest {
    /// Done once the connection has to make room for another.
    pub(super) async fn must_leave(&self) {
        self.leave.cancelled().await;
    }

    /// Whose request it is, if that can be told.
    pub(super) fn client_of(&self, head: &HeaderMap) -> Option<IpAddr> {
        match (self.is_proxy, self.is_shared) {
            (true, _) => forwarded(head, &self.door.proxies),
            (false, true) => None,
            (false, false) => Some(self.client),
        }
    }

    /// Whether it is asked by this machine, or a proxy, and not for somebody else.
    pub(super) fn is_ours(&self, head: &HeaderMap) -> bool {
        self.is_shared && !head.contains_key("x-forwarded-for") && !head.contains_key("forwarded")
    }

    /// How many strangers had to go since the start.
    pub(super) fn sent_away_in_all(&self) -> u64 {
        self.door.state().sent_away
    }

    /// Whether the client's last signature was right; of a client that has no name, that of this connection.
    pub(super) fn is_known(&self, client: Option<IpAddr>) -> bool {
        let state = self.door.state();
        match client {
            Some(client) => state.known.contains_key(&client),
            None => state.guests.get(&self.number).is_some_and(|place| place.is_known),
        }
    }

    /// Remembers whether a signature was right.
    pub(super) fn judged(&self, client: Option<IpAddr>, is_right: bool) {
        let mut state = self.door.state();
        if let Some(place) = state.guests.get_mut(&self.number) {
            place.is_known = is_right;
        }
        let Some(client) = client else { return };
        if !is_right {
            state.known.remove(&client);
            return;
        }
        let now = state.number();
        state.known.insert(client, now);
        if state.known.len() > CLIENTS
            && let Some(oldest) = state.known.iter().min_by_key(|(_, at)| **at).map(|(client, _)| *client)
        {
            state.known.remove(&oldest);
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut state = self.door.state();
        if state.guests.remove(&self.number).is_some() {
            state.forget(self.client);
        } else {
            state.leaving -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn stranger(n: usize) -> IpAddr {
        IpAddr::from([198, 51, (n / 200) as u8, (n % 200) as u8])
    }

    fn door(places: usize, proxies: &[&str]) -> Arc<Door> {
        Arc::new(Door::new(places, proxies.iter().map(|net| net.parse().unwrap()).collect()))
    }

    fn has_to_leave(guest: &Guest) -> bool {
        guest.leave.is_cancelled()
    }

    #[test]
    fn the_oldest_stranger_makes_room_and_a_known_client_never_does() {
        let door = door(3, &[]);
        let meta = door.admit(ip("203.0.113.9")).unwrap();
        meta.judged(Some(meta.client), true);
        let strangers: Vec<Guest> = (0..9).map(|n| door.admit(stranger(n)).unwrap()).collect();
        assert_eq!(strangers.iter().map(has_to_leave).collect::<Vec<_>>(), [&[true; 7][..], &[false; 2]].concat());
        // Known as soon as it connects.
        let again = door.admit(ip("203.0.113.9")).unwrap();
        let third = door.admit(ip("203.0.113.9")).unwrap();
        assert!(strangers.iter().all(has_to_leave) && ![&meta, &again, &third].into_iter().any(has_to_leave));
        assert!(door.admit(stranger(10)).is_none(), "only known clients are here");
        assert_eq!(door.sent_away(), 10);
        // A wrong signature makes it a stranger again.
        again.judged(Some(again.client), false);
        let next = door.admit(stranger(10)).unwrap();
        assert!(has_to_leave(&again) && !has_to_leave(&meta) && !again.is_known(Some(again.client)));
        drop((meta, again, third, strangers, next));
        let state = door.state();
        assert!(state.guests.is_empty() && state.per_client.is_empty());
    }

    #[test]
    fn one_client_has_so_many_places_unless_it_is_a_proxy() {
        let door = door(4 * PER_CLIENT, &["10.0.0.0/8"]);
        let other = door.admit(stranger(1)).unwrap();
        for (address, left) in [("198.51.100.7", PER_CLIENT), ("10.0.0.7", 300), ("127.0.0.1", 300), ("::1", 300)] {
            let guests: Vec<Guest> = (0..300).map(|_| door.admit(ip(address)).unwrap()).collect();
            assert_eq!(guests.iter().filter(|guest| !has_to_leave(guest)).count(), left, "{address}");
        }
        // Within its share, whoever is known stays.
        let known: Vec<Guest> = (0..PER_CLIENT).map(|_| door.admit(ip("198.51.100.7")).unwrap()).collect();
        known.iter().for_each(|guest| guest.judged(Some(guest.client), true));
        assert!(door.admit(ip("198.51.100.7")).is_none());
        assert!(!has_to_leave(&other));
    }

    #[test]
    fn nobody_else_has_to_leave_before_those_who_must_are_gone() {
        let door = door(9, &[]);
        let mut guests: Vec<Guest> = (0..3).map(|n| door.admit(stranger(n)).unwrap()).collect();
        for _ in 0..5 {
            door.make_room();
        }
        assert_eq!(guests.iter().map(has_to_leave).collect::<Vec<_>>(), [true, false, false]);
        guests.remove(0);
        door.make_room();
        assert_eq!(guests.iter().map(has_to_leave).collect::<Vec<_>>(), [true, false]);
        drop(guests);
        assert_eq!(door.state().leaving, 0);
    }

    #[test]
    fn a_proxy_speaks_for_its_clients() {
        let door = door(9, &["10.0.0.7"]);
        let proxy = door.admit(ip("10.0.0.7")).unwrap();
        let head = |client: &str| HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), client.parse().unwrap())]);
        let meta = proxy.client_of(&head("203.0.113.9"));
        let other = proxy.client_of(&head("203.0.113.9, 198.51.100.1"));
        assert_eq!((meta, other), (Some(ip("203.0.113.9")), Some(ip("198.51.100.1"))));
        proxy.judged(meta, true);
        assert!(proxy.is_known(meta) && !proxy.is_known(other));
        proxy.judged(other, false);
        assert!(proxy.is_known(meta) && !proxy.is_known(other));
        // Who is not a proxy of ours speaks for itself.
        let direct = door.admit(ip("198.51.100.1")).unwrap();
        assert_eq!(direct.client_of(&head("203.0.113.9")), Some(ip("198.51.100.1")));
        // On this machine everybody has one address: only the connection tells them apart.
        let [one, other] = [(); 2].map(|()| door.admit(ip("127.0.0.1")).unwrap());
        assert_eq!(one.client_of(&head("203.0.113.9")), None);
        one.judged(None, true);
        assert!(one.is_known(None) && !other.is_known(None) && !door.admit(ip("127.0.0.1")).unwrap().is_known(None));
    }

    #[test]
    fn no_more_clients_are_remembered_than_fit() {
        let door = door(9, &[]);
        let guest = door.admit(stranger(0)).unwrap();
        for n in 0..CLIENTS + 10 {
            guest.judged(Some(stranger(n + 1)), true);
        }
        assert_eq!(door.state().known.len(), CLIENTS);
        assert!(!guest.is_known(Some(stranger(10))) && guest.is_known(Some(stranger(11))));
    }
}
