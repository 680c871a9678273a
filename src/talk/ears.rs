use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tutk::{Frame, ViewerId};

/// What the viewers of a virtual camera say, for those who listen to it. For all threads; locks are held for moments.
#[derive(Debug, Default)]
pub(crate) struct Ears(Mutex<Vec<Weak<Listener>>>);

/// Somebody who listens.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    spoken: VecDeque<Frame>,
    /// Who has the floor, and when it was heard last.
    speaker: Option<(ViewerId, Instant)>,
    /// Blocks were left out.
    gap: bool,
    is_flushing: bool,
}

/// Most blocks that wait for somebody who does not take them: 4 s of those of 40 ms.
const MAX_WAITING: usize = 100;
/// A viewer that says nothing for so long lets the next one speak.
const FLOOR: Duration = Duration::from_secs(1);

impl Ears {
    pub(crate) fn add(&self, listener: &Arc<Listener>) {
        let mut listeners = self.listeners();
        listeners.retain(|known| known.as_ptr() != Arc::as_ptr(listener));
        listeners.push(Arc::downgrade(listener));
    }

    /// A viewer has said this.
    pub(crate) fn hear(&self, viewer: ViewerId, frame: &Frame) {
        let mut listeners = self.listeners();
        listeners.retain(|listener| listener.strong_count() > 0);
        let all: Vec<_> = listeners.iter().filter_map(Weak::upgrade).collect();
        drop(listeners);
        all.iter().for_each(|listener| listener.hear(viewer, frame));
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Weak<Listener>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Heard {
    /// This was said; `discont`: something is missing before it.
    Block {
        frame: Frame,
        discont: bool,
    },
    /// Nothing for a while.
    Nothing,
    Flushing,
}

impl Listener {
    fn hear(&self, viewer: ViewerId, frame: &Frame) {
        let mut state = self.state();
        let has_floor = match state.speaker {
            Some((speaker, last)) if speaker != viewer => frame.received.saturating_duration_since(last) >= FLOOR,
            _ => true,
        };
        if !has_floor || state.is_flushing {
            return;
        }
        state.speaker = Some((viewer, frame.received));
        if state.spoken.len() == MAX_WAITING {
            state.spoken.pop_front();
            state.gap = true;
        }
        state.spoken.push_back(frame.clone());
        self.changed.notify_all();
    }

    /// Waits for what is said next, at most for `time`.
    pub(crate) fn next(&self, time: Duration) -> Heard {
        let is_idle = |state: &mut State| state.spoken.is_empty() && !state.is_flushing;
        let waited = self.changed.wait_timeout_while(self.state(), time, is_idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.is_flushing {
            return Heard::Flushing;
        }
        match state.spoken.pop_front() {
            Some(frame) => Heard::Block { frame, discont: std::mem::take(&mut state.gap) },
            None => Heard::Nothing,
        }
    }

    /// Ends waits, and forgets what was said, until it is called with false.
    pub(crate) fn set_flushing(&self, is_flushing: bool) {
        let mut state = self.state();
        *state = State { is_flushing, ..State::default() };
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tutk::Codec;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn said(byte: u8, at: Instant) -> Frame {
        Frame::new(Codec::Pcm, vec![byte], at)
    }

    fn next(listener: &Listener) -> Option<(u8, bool)> {
        match listener.next(Duration::ZERO) {
            Heard::Block { frame, discont } => Some((frame.data[0], discont)),
            _ => None,
        }
    }

    #[test]
    fn one_viewer_speaks_at_a_time() {
        let (ears, listener, now) = (Ears::default(), Arc::<Listener>::default(), Instant::now());
        ears.add(&listener);
        ears.hear(ViewerId(1), &said(1, now));
        ears.hear(ViewerId(2), &said(2, now + FLOOR / 2));
        ears.hear(ViewerId(1), &said(3, now + FLOOR / 2));
        ears.hear(ViewerId(2), &said(4, now + FLOOR * 3 / 2));
        ears.hear(ViewerId(1), &said(5, now + FLOOR * 3 / 2));
        let all: Vec<_> = std::iter::from_fn(|| next(&listener)).collect();
        assert_eq!(all, [(1, false), (3, false), (4, false)]);
    }

    #[test]
    fn who_does_not_take_it_misses_the_oldest() {
        let (ears, listener, now) = (Ears::default(), Arc::<Listener>::default(), Instant::now());
        ears.add(&listener);
        for number in 0..103u8 {
            ears.hear(ViewerId(1), &said(number, now));
        }
        assert_eq!((next(&listener), next(&listener)), (Some((3, true)), Some((4, false))));
        listener.set_flushing(true);
        ears.hear(ViewerId(1), &said(7, now));
        assert!(matches!(listener.next(LONG), Heard::Flushing));
        listener.set_flushing(false);
        assert_eq!(next(&listener), None);
    }
}
