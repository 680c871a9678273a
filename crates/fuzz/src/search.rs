use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::input::{Input, address, patched, scrambled, uid};
use crate::machine::{pass, settle};
use tutk_proto::Search;

/// A search, with answers of any kind from several hosts.
pub fn search(data: &[u8]) {
    let mut input = Input::new(data);
    let mut now = Instant::now();
    let wanted = (input.u8() & 1 == 0).then(uid);
    let targets = (0..input.u8() % 4).map(address).collect();
    let timeout = Duration::from_secs(input.u8().into());
    let end = now + timeout;
    let mut search = Search::new(now, wanted, targets, timeout);
    let mut seen = HashSet::new();
    input.each(|input| {
        let from = address(input.u8());
        match input.u8() % 4 {
            0 => search.handle_input(from, &mut scrambled(input.datagram())),
            1 => search.handle_input(from, &mut scrambled(&patched(input.datagram(), 0))),
            // Once it is over, its time stays in the past.
            2 if !search.is_over(now) => {
                let rest = end - now - Duration::from_nanos(1);
                pass(&mut search, &mut now, input.time().min(rest));
            }
            _ => now += input.time(),
        }
        if !search.is_over(now) {
            settle(&mut search, now, &mut |_, _| {});
        }
        while let Some(found) = search.poll_found() {
            assert!(wanted.is_none_or(|wanted| wanted == found.uid));
            assert!(seen.insert((found.uid, found.address)), "it is reported twice");
        }
    });
}
