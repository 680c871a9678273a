//! Wrong logins, by HTTP and by RTSP.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many wrong logins a host has in [`WINDOW`].
const MAX_FAILURES: u32 = 5;
const WINDOW: Duration = Duration::from_secs(60);
/// Most hosts that are remembered.
const MAX_HOSTS: usize = 4096;

/// Wrong logins of the last minute.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<IpAddr, Failures>>);

struct Failures {
    count: u32,
    since: Instant,
}

impl Attempts {
    /// How long this host, a [`household`], has to wait, if it has to.
    pub(crate) fn wait(&self, host: IpAddr, now: Instant) -> Option<Duration> {
        let mut hosts = self.lock();
        hosts.retain(|_, failures| now.saturating_duration_since(failures.since) < WINDOW);
        let failures = hosts.get(&host).filter(|failures| failures.count >= MAX_FAILURES)?;
        Some(WINDOW.saturating_sub(now.saturating_duration_since(failures.since)))
    }

    /// A login of this host was wrong.
    pub(crate) fn failed(&self, host: IpAddr, now: Instant) {
        let mut hosts = self.lock();
        if hosts.len() >= MAX_HOSTS && !hosts.contains_key(&host) {
            let oldest = hosts.iter().min_by_key(|(_, failures)| failures.since).map(|(host, _)| *host);
            oldest.and_then(|oldest| hosts.remove(&oldest));
        }
        hosts.entry(host).or_insert(Failures { count: 0, since: now }).count += 1;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a host can change its address to at will counts as one.
pub(crate) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_guesses_has_to_wait_and_others_have_not() {
        let attempts = Attempts::default();
        let (guesser, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        for _ in 0..MAX_FAILURES {
            assert_eq!(attempts.wait(guesser, start), None);
            attempts.failed(guesser, start);
        }
        assert_eq!(attempts.wait(guesser, start), Some(WINDOW));
        assert_eq!(attempts.wait(other, start), None);
        assert_eq!(attempts.wait(guesser, start + WINDOW), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let attempts = Attempts::default();
        let start = Instant::now();
        for number in 0..2 * MAX_HOSTS as u32 {
            attempts.failed(IpAddr::from(number.to_be_bytes()), start + Duration::from_millis(number.into()));
        }
        assert_eq!(attempts.lock().len(), MAX_HOSTS);
    }

    #[test]
    fn a_network_of_ipv6_is_one_host() {
        let host = |text: &str| household(text.parse().unwrap());
        assert_eq!(host("2001:db8::1"), host("2001:db8::ffff:2"));
        assert_ne!(host("2001:db8::1"), host("2001:db8:0:1::1"));
        assert_eq!(host("::ffff:10.0.0.1"), host("10.0.0.1"));
    }
}
