//! A pad that pushes on a thread of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use gst::prelude::*;

use super::imp::CAT;

/// The longest time between the oldest and the newest buffer that wait. Longer than a camera may send no video (`frame-timeout`).
const MAX_TIME: gst::ClockTime = gst::ClockTime::from_seconds(20);
/// Most bytes that wait: 20 s of PCM at 48 kHz with two channels.
const MAX_BYTES: usize = 4 << 20;

/// What waits for a pad's thread. Whoever adds to it never waits.
///
/// A muxer takes no audio while it waits for video. If both came from one thread, that video would never come.
#[derive(Debug)]
pub(super) struct PadQueue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    thread: Option<JoinHandle<()>>,
    items: VecDeque<Item>,
    bytes: usize,
    /// The thread ends.
    flushing: bool,
    /// Buffers were dropped before the next one.
    dropped: bool,
    /// What downstream has said last.
    flow: Result<gst::FlowSuccess, gst::FlowError>,
}

#[derive(Debug)]
enum Item {
    Buffer(gst::Buffer),
    Event(gst::Event),
}

impl Default for PadQueue {
    fn default() -> Self {
        let (items, flow) = (VecDeque::new(), Ok(gst::FlowSuccess::Ok));
        let state = State { thread: None, items, bytes: 0, flushing: true, dropped: false, flow };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl PadQueue {
    /// Starts and stops the thread with the pad.
    pub(super) fn activate(self: &Arc<Self>, pad: &gst::Pad, active: bool) -> Result<(), gst::LoggableError> {
        if active {
            return self.start(pad);
        }
        self.stop();
        Ok(())
    }

    /// Starts the thread, if it does not run.
    pub(super) fn start(self: &Arc<Self>, pad: &gst::Pad) -> Result<(), gst::LoggableError> {
        let mut state = self.lock();
        if state.thread.is_some() {
            return Ok(());
        }
        let (queue, pad) = (self.clone(), pad.downgrade());
        // A task of the pad would hold the pad's stream lock while it waits, and decodebin needs that for a new pad.
        let thread = thread::Builder::new().name("tutkdemux-audio".into()).spawn(move || queue.run(&pad));
        let thread = thread.map_err(|error| gst::loggable_error!(CAT, "cannot start a thread: {error}"))?;
        (state.thread, state.flushing, state.flow) = (Some(thread), false, Ok(gst::FlowSuccess::Ok));
        Ok(())
    }

    /// Drops what waits, and ends the thread. Nothing downstream may hold it up: it is stopped or flushing.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        (state.flushing, state.dropped, state.bytes) = (true, false, 0);
        state.items.clear();
        let thread = state.thread.take();
        drop(state);
        self.changed.notify_all();
        // An element downstream may be what stops this one, on that thread.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }

    /// What the thread does.
    fn run(&self, pad: &gst::glib::WeakRef<gst::Pad>) {
        while let (Some(item), Some(pad)) = (self.next(), pad.upgrade()) {
            match item {
                Item::Event(event) => drop(pad.push_event(event)),
                Item::Buffer(buffer) => {
                    let flow = pad.push(buffer);
                    self.lock().flow = flow;
                }
            }
        }
    }

    /// Adds a buffer, and drops the oldest ones if too much waits. Returns what downstream has said of an earlier one.
    pub(super) fn push(&self, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let mut state = self.lock();
        if state.flushing {
            return Err(gst::FlowError::Flushing);
        }
        state.push(buffer);
        let flow = state.flow;
        drop(state);
        self.changed.notify_all();
        flow
    }

    /// Adds an event that keeps its place among the buffers. Of gaps that follow each other, the last one counts.
    pub(super) fn push_event(&self, event: gst::Event) {
        let is_gap = |item: &Item| matches!(item, Item::Event(event) if event.type_() == gst::EventType::Gap);
        let mut state = self.lock();
        if !state.flushing {
            let item = Item::Event(event);
            if is_gap(&item) && state.items.back().is_some_and(is_gap) {
                state.items.pop_back();
            }
            state.items.push_back(item);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits for what is next; none if the thread is to end.
    fn next(&self) -> Option<Item> {
        let mut state = self.lock();
        loop {
            if state.flushing {
                return None;
            }
            if let Some(item) = state.pop() {
                return Some(item);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, buffer: gst::Buffer) {
        let newest = buffer.pts();
        self.bytes += buffer.size();
        self.items.push_back(Item::Buffer(buffer));
        let mut position = 0;
        while let Some(item) = self.items.get(position) {
            let Item::Buffer(oldest) = item else {
                // Events stay.
                position += 1;
                continue;
            };
            let time = newest.zip(oldest.pts()).map(|(newest, oldest)| newest.saturating_sub(oldest));
            let too_much = self.bytes > MAX_BYTES || time.is_some_and(|time| time > MAX_TIME);
            if !too_much || position + 1 == self.items.len() {
                break;
            }
            self.bytes -= oldest.size();
            self.items.remove(position);
            self.dropped = true;
        }
    }

    fn pop(&mut self) -> Option<Item> {
        Some(match self.items.pop_front()? {
            Item::Buffer(mut buffer) => {
                self.bytes -= buffer.size();
                if std::mem::take(&mut self.dropped) {
                    buffer.make_mut().set_flags(gst::BufferFlags::DISCONT);
                }
                Item::Buffer(buffer)
            }
            event => event,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> PadQueue {
        gst::init().unwrap();
        let queue = PadQueue::default();
        queue.lock().flushing = false;
        queue
    }

    fn buffer(seconds: u64, size: usize) -> gst::Buffer {
        let mut buffer = gst::Buffer::from_mut_slice(vec![0; size]);
        buffer.make_mut().set_pts(gst::ClockTime::from_seconds(seconds));
        buffer
    }

    /// The seconds of what waits, and whether something is missing before it.
    fn waiting(queue: &PadQueue) -> Vec<(u64, bool)> {
        let mut state = queue.lock();
        let items = std::iter::from_fn(|| state.pop());
        let seconds =
            |buffer: gst::Buffer| (buffer.pts().unwrap().seconds(), buffer.flags().contains(gst::BufferFlags::DISCONT));
        let buffers =
            items.filter_map(|item| if let Item::Buffer(buffer) = item { Some(seconds(buffer)) } else { None });
        buffers.collect()
    }

    #[test]
    fn the_oldest_buffers_go_if_too_much_waits() {
        let queue = running();
        for second in 0..=22 {
            assert!(queue.push(buffer(second, 1)).is_ok());
        }
        let left = waiting(&queue);
        assert_eq!((left[0], left[1], left.len()), ((2, true), (3, false), 21));
        for second in 0..5 {
            queue.push(buffer(second, MAX_BYTES / 4)).unwrap();
        }
        assert_eq!(waiting(&queue), [(1, true), (2, false), (3, false), (4, false)]);
        assert_eq!(queue.lock().bytes, 0);
    }

    #[test]
    fn a_single_buffer_may_be_larger() {
        let queue = running();
        queue.push(buffer(0, 2 * MAX_BYTES)).unwrap();
        assert_eq!(waiting(&queue), [(0, false)]);
    }

    #[test]
    fn events_stay_where_they_are() {
        let queue = running();
        queue.push(buffer(0, 1)).unwrap();
        queue.push_event(gst::event::Gap::builder(gst::ClockTime::ZERO).build());
        queue.push(buffer(30, 1)).unwrap();
        queue.push_event(gst::event::Eos::new());
        assert!(matches!(queue.next(), Some(Item::Event(_))));
        assert!(matches!(queue.next(), Some(Item::Buffer(_))));
        assert!(matches!(queue.next(), Some(Item::Event(_))));
    }

    #[test]
    fn a_stopped_queue_takes_nothing() {
        gst::init().unwrap();
        let queue = PadQueue::default();
        assert_eq!(queue.push(buffer(0, 1)), Err(gst::FlowError::Flushing));
        queue.push_event(gst::event::Eos::new());
        assert!(queue.next().is_none() && queue.lock().items.is_empty());
    }
}
