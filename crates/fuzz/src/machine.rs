use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tutk_proto::Machine;
use tutk_proto::wire::{self, Message};

/// Datagrams that may be due at once: more than all that any body has put into the machine.
const MOST_SENT: usize = 100_000;
/// How often a machine may have something to do at the same moment.
const MOST_ROUNDS: usize = 16;

/// Does what is due, until the machine waits for a later time. What it sends goes to `sent`, in the plain.
pub(crate) fn settle<M: Machine>(machine: &mut M, now: Instant, sent: &mut dyn FnMut(SocketAddr, &[u8])) {
    let mut out = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let mut count = 0;
        while let Some(transmit) = machine.poll_transmit(now, 1, &mut out) {
            wire::from_wire(&mut out);
            assert!(Message::decode(&out).is_ok(), "it sends what says nothing: {out:x?}");
            sent(transmit.destination, &out);
            count += 1;
            assert!(count < MOST_SENT, "it sends without end");
        }
        if machine.poll_timeout().is_none_or(|at| at > now) {
            return;
        }
        machine.handle_timeout(now);
    }
    panic!("it is never done");
}

/// Lets time pass, and wakes the machine whenever it wants to be woken.
pub(crate) fn pass<M: Machine>(machine: &mut M, now: &mut Instant, time: Duration) {
    let end = *now + time;
    while let Some(next) = machine.poll_timeout().filter(|next| *next <= end) {
        *now = next.max(*now);
        machine.handle_timeout(*now);
        settle(machine, *now, &mut |_, _| {});
    }
    *now = end;
}
