//! Two associations, and a network in virtual time between them.

#[path = "../clock/mod.rs"]
mod clock;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clock::Clock;
use tutk_dtls::OpenSsl;
use tutk_proto::Secret;
use tutk_proto::security::{Association, AssociationState, CipherSuite, Failure, Identity, Logins, Provider, Psk};

const ETERNITY: Duration = Duration::from_secs(60);

struct Pair {
    clock: Clock,
    client: Box<dyn Association>,
    server: Box<dyn Association>,
    /// What each was sent, the client first.
    delivered: [Vec<Vec<u8>>; 2],
    random: fastrand::Rng,
    loss: u8,
    doubled: u8,
}

fn psk(password: &str) -> Psk {
    Psk::new(&OpenSsl, &Secret::from(password))
}

impl Pair {
    fn new(seed: u64, identity: Identity<'_>, password: &str, cookie: bool) -> Self {
        let clock = Clock::new();
        let logins = Logins::default()
            .with(Identity::Account("admin"), psk("right"))
            .with(Identity::Token("phone"), psk("token"))
            // Its key is 32 zero bytes.
            .with(Identity::Account("zero"), psk("pw142"));
        let client = OpenSsl.client(clock.now(), &identity.to_bytes(), psk(password)).unwrap();
        let server = OpenSsl.server(Arc::new(logins), cookie.then(|| b"10.0.0.1:4000".to_vec())).unwrap();
        let random = fastrand::Rng::with_seed(seed);
        Self { clock, client, server, delivered: [vec![], vec![]], random, loss: 0, doubled: 0 }
    }

    /// Takes what the ends have to say to each other; returns whether that was anything.
    fn exchange(&mut self) -> bool {
        let now = self.clock.now();
        let mut any = false;
        for client in [true, false] {
            let (from, to) = match client {
                true => (&mut self.client, &mut self.server),
                false => (&mut self.server, &mut self.client),
            };
            let mut datagram = Vec::new();
            while from.poll_transmit(&mut datagram) {
                any = true;
                let copies = if self.random.u8(..100) < self.doubled { 2 } else { 1 };
                for _ in 0..copies {
                    if self.random.u8(..100) >= self.loss {
                        let delivered = &mut self.delivered[usize::from(client)];
                        to.handle_input(now, &datagram, &mut |message| delivered.push(message.to_vec()));
                    }
                }
                datagram.clear();
            }
        }
        any
    }

    /// Goes on until both ends are done, or for this long.
    fn run(&mut self, limit: Duration) -> [AssociationState; 2] {
        loop {
            while self.exchange() {}
            let next = [self.client.poll_timeout(), self.server.poll_timeout()].into_iter().flatten().min();
            let Some(next) = next else { break };
            self.clock.set(next);
            if self.clock.elapsed() > limit {
                break;
            }
            let now = self.clock.now();
            for end in [&mut self.client, &mut self.server] {
                if end.poll_timeout().is_some_and(|due| due <= now) {
                    end.handle_timeout(now);
                }
            }
        }
        [self.client.state(), self.server.state()]
    }

    /// Sends a message to the server, and returns what came.
    fn send(&mut self, message: &[u8]) -> Vec<Vec<u8>> {
        let datagram = self.datagram(message);
        self.receive(&datagram)
    }

    fn datagram(&mut self, message: &[u8]) -> Vec<u8> {
        let mut datagram = Vec::new();
        assert!(self.client.send(message, &mut datagram));
        datagram
    }

    fn receive(&mut self, datagram: &[u8]) -> Vec<Vec<u8>> {
        let mut came = Vec::new();
        self.server.handle_input(self.clock.now(), datagram, &mut |message| came.push(message.to_vec()));
        came
    }
}

const ADMIN: Identity<'static> = Identity::Account("admin");

fn is_established(state: AssociationState) -> bool {
    matches!(state, AssociationState::Established(_))
}

#[test]
fn both_ends_agree_on_forward_secrecy() {
    for cookie in [false, true] {
        let mut pair = Pair::new(1, ADMIN, "right", cookie);
        let suite = AssociationState::Established(CipherSuite::EcdhePskChaCha20Poly1305);
        assert_eq!(pair.run(ETERNITY), [suite; 2]);
        assert_eq!(pair.clock.elapsed(), Duration::ZERO);
        assert_eq!(pair.send(&[7; 1088]), [[7; 1088]]);
        assert_eq!((pair.client.poll_timeout(), pair.server.poll_timeout()), (None, None));
    }
}

#[test]
fn tokens_and_a_key_of_zeros_let_in() {
    for (identity, secret) in [(Identity::Token("phone"), "token"), (Identity::Account("zero"), "pw142")] {
        assert!(Pair::new(1, identity, secret, true).run(ETERNITY).into_iter().all(is_established));
    }
    assert_eq!(psk("pw142").reveal(), &[0; 32]);
}

#[test]
fn a_wrong_password_is_told_to_both() {
    let mut pair = Pair::new(1, ADMIN, "wrong", true);
    let [client, server] = pair.run(ETERNITY);
    assert_eq!(client, AssociationState::Failed(Failure::Alert(20)));
    assert_eq!(server, AssociationState::Failed(Failure::WrongKey));
    assert_eq!(pair.clock.elapsed(), Duration::ZERO);
}

#[test]
fn an_unknown_account_is_told_to_both() {
    let [client, server] = Pair::new(1, Identity::Account("nobody"), "right", true).run(ETERNITY);
    assert_eq!(client, AssociationState::Failed(Failure::Alert(115)));
    assert_eq!(server, AssociationState::Failed(Failure::UnknownIdentity));
}

/// A server that reads nothing and says nothing, as OpenSSL's own: the client counts how often it repeats itself.
#[test]
fn silence_after_the_last_flight_is_counted() {
    let mut pair = Pair::new(1, ADMIN, "right", false);
    let mut now = pair.clock.now();
    // Hello, and its answer.
    let mut datagram = Vec::new();
    assert!(pair.client.poll_transmit(&mut datagram));
    pair.server.handle_input(now, &datagram, &mut |_| {});
    datagram.clear();
    while pair.server.poll_transmit(&mut datagram) {
        pair.client.handle_input(now, &datagram, &mut |_| {});
        datagram.clear();
    }
    let start = now;
    for repeats in 0..=12 {
        assert_eq!(pair.client.state(), AssociationState::Handshaking { answered: true, repeats });
        let mut sent = 0;
        while pair.client.poll_transmit(&mut datagram) {
            sent += 1;
        }
        assert!(sent > 0, "{repeats}");
        now = pair.client.poll_timeout().unwrap();
        pair.clock.set(now);
        pair.client.handle_timeout(now);
    }
    assert_eq!(now - start, Duration::from_millis(250 + 12 * 500));
    // OpenSSL has its limit here, and the client begins anew.
    assert_eq!(pair.client.state(), AssociationState::Handshaking { answered: true, repeats: 12 });
    let logins = Arc::new(Logins::default().with(ADMIN, psk("right")));
    pair.server = OpenSsl.server(logins, None).unwrap();
    let states = pair.run(ETERNITY);
    assert!(states.into_iter().all(is_established), "{states:?}");
}

#[test]
fn flights_are_sent_again_at_growing_intervals() {
    let mut client = Pair::new(1, ADMIN, "right", false);
    let mut times = Vec::new();
    let mut datagram = Vec::new();
    while times.len() < 6 {
        while client.client.poll_transmit(&mut datagram) {
            times.push(client.clock.elapsed().as_millis());
        }
        let due = client.client.poll_timeout().unwrap();
        client.clock.set(due);
        client.client.handle_timeout(due);
    }
    assert_eq!(times, [0, 250, 750, 1250, 1750, 2250]);
    assert_eq!(client.client.state(), AssociationState::Handshaking { answered: false, repeats: 0 });
}

/// 5 s are the usual timeout.
#[test]
fn a_handshake_ends_in_time_under_heavy_loss() {
    const SEEDS: u64 = 300;
    let mut late = 0;
    let mut slowest = Duration::ZERO;
    for seed in 0..SEEDS {
        let mut pair = Pair::new(seed, ADMIN, "right", true);
        (pair.loss, pair.doubled) = (30, 10);
        let states = pair.run(Duration::from_secs(20));
        assert!(is_established(states[0]), "seed {seed}: {states:?}");
        slowest = slowest.max(pair.clock.elapsed());
        late += u32::from(pair.clock.elapsed() > Duration::from_secs(5));
    }
    println!("{late} of {SEEDS} later than 5 s, slowest {slowest:?}");
    assert!(late <= SEEDS as u32 / 50, "{late}, slowest {slowest:?}");
}

#[test]
fn damaged_doubled_and_reordered_records_cost_nothing_else() {
    for seed in 0..50 {
        let mut pair = Pair::new(seed, ADMIN, "right", false);
        pair.run(ETERNITY);
        let mut random = fastrand::Rng::with_seed(seed);
        let mut datagrams: Vec<_> = (0..40u8).map(|i| pair.datagram(&[i; 100])).collect();
        for datagram in &datagrams {
            let mut damaged = datagram.clone();
            let at = random.usize(13..damaged.len());
            damaged[at] ^= 1 << random.u8(..8);
            assert!(pair.receive(&damaged).is_empty());
            assert!(pair.receive(&damaged[..random.usize(..damaged.len())]).is_empty());
        }
        random.shuffle(&mut datagrams);
        let came: Vec<_> = datagrams.iter().flat_map(|datagram| pair.receive(datagram)).collect();
        assert_eq!(came.len(), 40, "seed {seed}");
        // All of them again.
        assert!(datagrams.iter().all(|datagram| pair.receive(datagram).is_empty()));
        assert_eq!(pair.send(b"goes on"), [b"goes on"]);
        // In the first epoch nobody is believed any more: an alert, and a hello.
        assert!(pair.receive(&[21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 2, 2, 20]).is_empty());
        let mut hello = Vec::new();
        let mut other = OpenSsl.client(pair.clock.now(), &ADMIN.to_bytes(), psk("right")).unwrap();
        assert!(other.poll_transmit(&mut hello));
        assert!(pair.receive(&hello).is_empty());
        assert!(is_established(pair.server.state()));
        assert_eq!(pair.send(b"goes on"), [b"goes on"]);
    }
}

/// OpenSSL ends an association at some of these.
#[test]
fn forged_records_cost_nothing() {
    let mut pair = Pair::new(1, ADMIN, "right", false);
    // Before the handshake, as well.
    let forged = |kind: u8, epoch: u8, len: u8| {
        [&[kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 9, len, 0, len][..], &vec![1; len.into()]].concat()
    };
    for _ in 0..2 {
        for kind in 20..25 {
            for epoch in 1..3 {
                for len in 0..80 {
                    assert!(pair.receive(&forged(kind, epoch, len)).is_empty());
                }
            }
        }
        for _ in 0..10 {
            assert!(pair.receive(&forged(21, 0, 2)).is_empty());
        }
        assert!(pair.run(ETERNITY).into_iter().all(is_established));
        assert_eq!(pair.send(b"goes on"), [b"goes on"]);
    }
}

#[test]
fn whatever_comes_is_survived() {
    let mut random = fastrand::Rng::with_seed(3);
    for seed in 0..300 {
        let mut pair = Pair::new(seed, ADMIN, "right", seed % 2 == 0);
        let (mut datagram, now) = (Vec::new(), pair.clock.now());
        while pair.client.poll_transmit(&mut datagram) {}
        for _ in 0..10 {
            let mut damaged = datagram.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..damaged.len());
                damaged[at] = random.u8(..);
            }
            pair.server.handle_input(now, &damaged, &mut |_| {});
            pair.client.handle_input(now, &damaged, &mut |_| {});
        }
        let _: (Instant, Vec<_>) = (now, pair.receive(&datagram));
    }
}

/// As through a VPN, or between busy hosts: flights are sent again before they can be answered.
#[test]
fn long_ways_only_take_longer() {
    for way in [100, 200, 300, 600, 900] {
        for cookie in [false, true] {
            let mut pair = Pair::new(1, ADMIN, "right", cookie);
            let way = Duration::from_millis(way);
            // When it arrives, whether at the client, and what.
            let mut network: Vec<(Instant, bool, Vec<u8>)> = Vec::new();
            while ![pair.client.state(), pair.server.state()].into_iter().all(is_established) {
                let now = pair.clock.now();
                for (to_client, end) in [(false, &mut pair.client), (true, &mut pair.server)] {
                    let mut datagram = Vec::new();
                    while end.poll_transmit(&mut datagram) {
                        network.push((now + way, to_client, std::mem::take(&mut datagram)));
                    }
                }
                let timers = [pair.client.poll_timeout(), pair.server.poll_timeout()];
                let next = timers.into_iter().flatten().chain(network.iter().map(|(at, ..)| *at)).min().unwrap();
                pair.clock.set(next);
                assert!(pair.clock.elapsed() < Duration::from_secs(15), "{way:?} {cookie}");
                let arrived = network.iter().take_while(|(at, ..)| *at <= next).count();
                for (_, to_client, datagram) in network.drain(..arrived) {
                    let end = if to_client { &mut pair.client } else { &mut pair.server };
                    end.handle_input(next, &datagram, &mut |_| {});
                }
                for end in [&mut pair.client, &mut pair.server] {
                    assert!(!matches!(end.state(), AssociationState::Failed(_)), "{way:?} {cookie}: {end:?}");
                    if end.poll_timeout().is_some_and(|due| due <= next) {
                        end.handle_timeout(next);
                    }
                }
            }
            println!("{way:?} {cookie}: {:?}", pair.clock.elapsed());
            assert_eq!(pair.send(b"goes on"), [b"goes on"]);
        }
    }
}
