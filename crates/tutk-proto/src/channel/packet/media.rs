use std::time::{Duration, Instant};

use super::clock::Clocks;
use super::controls::Controls;
use crate::RESEND_STORE;
use crate::channel::AvEvent;
use crate::recv::packet::{AckTimer, Receiver, Reported};
use crate::recv::{Counts, Retry};
use crate::send::Outgoing;
use crate::send::packet::Sender;
use crate::wire::Av;
use crate::wire::packet::internal::{self, Clean};
use crate::wire::packet::{Ack, Chunk, Content, Data, Envelope, MediaKind, Packet};

/// Everything of a channel in packet style after the login: media in one direction, and what goes both ways.
#[derive(Debug)]
pub(crate) struct PacketMedia {
    resend: bool,
    /// The next AV sequence.
    sequence: u16,
    clocks: Clocks,
    retry: Retry,
    controls: Controls,
    acks: AckTimer,
    /// The number of the next acknowledgement.
    ack_number: u16,
    end: End,
    /// The frames that were kept were dropped on request: the next one has to be a key frame.
    was_cleaned: bool,
}

/// Which end of the channel this is.
#[derive(Debug)]
enum End {
    Receiver(Box<Receiver>),
    Sender(Box<Sender>),
}

impl PacketMedia {
    /// The end that logged in.
    pub(crate) fn client(now: Instant, resend: bool) -> Self {
        Self::new(Clocks::client(now), resend, End::Receiver(Box::new(Receiver::new(now, resend))))
    }

    /// The end that lets clients in.
    pub(crate) fn server(now: Instant, resend: bool) -> Self {
        let mut media = Self::new(Clocks::server(now), resend, End::Sender(Box::new(Sender::new(resend))));
        let buffer = (RESEND_STORE / 1024) as u32;
        media.controls.send(true, internal::BUFFER, &buffer.to_le_bytes());
        media
    }

    fn new(clocks: Clocks, resend: bool, end: End) -> Self {
        Self {
            resend,
            sequence: 0,
            clocks,
            retry: Retry::default(),
            controls: Controls::new(),
            acks: AckTimer::default(),
            ack_number: 0,
            end,
            was_cleaned: false,
        }
    }

    /// The client takes no resend, but acknowledges each frame that is complete.
    pub(crate) fn expect_frame_acks(&mut self) {
        if let End::Sender(sender) = &mut self.end {
            sender.expect_frame_acks();
        }
    }

    pub(crate) fn has_resend(&self) -> bool {
        self.resend
    }

    pub(crate) fn send_io_control(&mut self, kind: u32, body: &[u8]) {
        self.controls.send(false, kind, body);
    }

    pub(crate) fn handle(&mut self, now: Instant, packet: &Packet<'_>) {
        match &mut self.end {
            End::Receiver(receiver) => receiver.heard(now),
            End::Sender(sender) => sender.heard(now),
        }
        match packet {
            Packet::Login(_) | Packet::LoginAnswer(_) => self.clocks.received(),
            Packet::Data(data) => {
                self.clocks.received();
                if let Some(clock) = data.clock {
                    self.clocks.handle(now, data.sequence, clock);
                }
                self.handle_data(now, data);
            }
            Packet::Ack(ack) => {
                self.clocks.received();
                self.controls.acked(now, ack.io);
                if let End::Sender(sender) = &mut self.end {
                    sender.handle_ack(now, ack);
                }
            }
            Packet::Clock { sequence, clock } => {
                self.clocks.received();
                self.clocks.handle(now, *sequence, *clock);
            }
            Packet::ClockAnswer(answer) => {
                if let Some((clock, time)) = self.clocks.answered(now, *answer) {
                    self.retry.sample(time);
                    let smoothed = self.retry.round_trip().unwrap_or(time);
                    self.acks.set_round_trip(smoothed);
                    let interval = self.retry.interval();
                    match &mut self.end {
                        End::Receiver(receiver) => receiver.set_interval(interval),
                        End::Sender(sender) => {
                            sender.set_times(time, self.retry.timeout().unwrap_or(interval), interval);
                            sender.clock_answered(now, clock, smoothed);
                        }
                    }
                }
            }
        }
    }

    fn handle_data(&mut self, now: Instant, data: &Data<'_>) {
        if let Content::Io { internal } = data.chunk.content {
            self.acks.came(now, Reported::Other);
            self.controls.handle(&data.chunk, internal);
            while let Some((kind, body)) = self.controls.poll_internal() {
                self.handle_internal(kind, &body);
            }
        } else if let End::Receiver(receiver) = &mut self.end
            && let Some(reported) = receiver.handle(now, data)
        {
            self.acks.came(now, reported);
        }
    }

    fn handle_internal(&mut self, kind: u32, body: &[u8]) {
        let Ok(clean) = Clean::decode(body) else { return };
        match (&mut self.end, kind) {
            (End::Sender(sender), internal::CLEAN) => {
                let serial = sender.clean(clean.number);
                self.was_cleaned = true;
                self.controls.send(true, internal::CLEANED, &Clean { serial, ..clean }.encode());
            }
            (End::Receiver(receiver), internal::CLEANED) => receiver.cleaned(clean.number),
            _ => {}
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.controls.handle_timeout(now);
        match &mut self.end {
            End::Sender(sender) => sender.handle_timeout(now),
            End::Receiver(receiver) => {
                let had_gap = receiver.has_gap();
                receiver.handle_timeout(now);
                if let Some(number) = receiver.poll_clean() {
                    self.controls.send(true, internal::CLEAN, &Clean { number, serial: 0 }.encode());
                    self.acks.came(now, Reported::Other);
                } else if had_gap && !receiver.has_gap() {
                    // The other side need not keep what was given up.
                    self.acks.came(now, Reported::Gap);
                }
            }
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let end = match &self.end {
            End::Sender(sender) => sender.poll_timeout(),
            End::Receiver(receiver) => receiver.poll_timeout(),
        };
        let timers = [Some(self.clocks.poll_timeout()), self.controls.poll_timeout(), self.acks.poll_timeout(), end];
        timers.into_iter().flatten().min()
    }

    /// Gives the next message to `send`.
    pub(crate) fn poll_transmit<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        if let Some(answer) = self.clocks.poll_answer() {
            return Some(send(Av::Packet(Packet::ClockAnswer(answer))));
        }
        let sequence = self.sequence;
        if self.acks.is_due(now) {
            self.sequence = sequence.wrapping_add(1);
            return Some(self.acknowledge(now, sequence, send));
        }
        if let Some(chunk) = self.controls.poll_transmit(now) {
            self.sequence = sequence.wrapping_add(1);
            return Some(send(Av::Packet(io(self.resend, sequence, chunk))));
        }
        let wants_clock = matches!(&self.end, End::Sender(sender) if sender.wants_clock());
        if wants_clock {
            self.clocks.hurry(now);
        }
        if let Some(clock) = self.clocks.poll_clock(now, self.retry.round_trip()) {
            self.sequence = sequence.wrapping_add(1);
            if let End::Sender(sender) = &mut self.end {
                sender.clock_sent(now, self.clocks.count());
            }
            return Some(send(Av::Packet(Packet::Clock { sequence, clock })));
        }
        let End::Sender(sender) = &mut self.end else { return None };
        let sent = sender.poll_transmit(now, |data| send(Av::Packet(Packet::Data(Data { sequence, ..data }))))?;
        self.sequence = sequence.wrapping_add(1);
        self.clocks.join(now);
        Some(sent)
    }

    fn acknowledge<R>(&mut self, now: Instant, sequence: u16, send: impl FnOnce(Av<'_>) -> R) -> R {
        let (io, number, clock) = (self.controls.received(), self.ack_number, self.clocks.time(now));
        self.ack_number = number.wrapping_add(1);
        let none = Ack { sequence, base: !0, highest: !0, io, cleaning: false, number, clock, missing: &[] };
        match &mut self.end {
            End::Receiver(receiver) => {
                self.acks.sent(now, receiver.has_gap());
                send(Av::Packet(Packet::Ack(Ack { sequence, io, number, clock, ..receiver.ack() })))
            }
            End::Sender(_) => {
                self.acks.sent(now, false);
                send(Av::Packet(Packet::Ack(none)))
            }
        }
    }

    /// Gives the next chunk of an IO control that was never sent to `send`; no others are sent any more. An acknowledgement that waits
    /// goes before: the other side may wait for it.
    pub(crate) fn flush<R>(&mut self, now: Instant, send: impl FnOnce(Av<'_>) -> R) -> Option<R> {
        let sequence = self.sequence;
        if self.acks.cancel() {
            self.sequence = sequence.wrapping_add(1);
            let sent = self.acknowledge(now, sequence, send);
            self.acks.cancel();
            return Some(sent);
        }
        let chunk = self.controls.flush()?;
        self.sequence = sequence.wrapping_add(1);
        Some(send(Av::Packet(io(self.resend, sequence, chunk))))
    }

    pub(crate) fn poll_event(&mut self) -> Option<AvEvent> {
        let release = match &mut self.end {
            End::Receiver(receiver) => receiver.poll_release(),
            End::Sender(_) => None,
        };
        release.map(AvEvent::from).or_else(|| self.controls.poll_event())
    }

    /// What was counted.
    pub(crate) fn counts(&self) -> Counts {
        match &self.end {
            End::Receiver(receiver) => receiver.counts(),
            End::Sender(_) => Counts::default(),
        }
    }

    /// The smoothed time from a message to its answer.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.retry.round_trip()
    }

    /// Bytes of media that are held.
    pub(crate) fn memory(&self) -> usize {
        match &self.end {
            End::Receiver(receiver) => receiver.bytes(),
            End::Sender(sender) => sender.bytes(),
        }
    }

    /// Whether the server takes no further frame.
    pub(crate) fn is_full(&self) -> bool {
        matches!(&self.end, End::Sender(sender) if sender.is_full())
    }

    /// The server takes a frame, whether it is full or not.
    pub(crate) fn push(&mut self, kind: MediaKind, frame: &Outgoing) {
        if let End::Sender(sender) = &mut self.end {
            sender.push(kind, frame);
        }
    }

    /// Forgets the media that is not sent yet. What is sent in part has to be sent as a whole.
    pub(crate) fn clear(&mut self) {
        if let End::Sender(sender) = &mut self.end {
            sender.clear();
        }
    }

    /// Whether the client had all frames dropped since this was asked for last.
    pub(crate) fn take_cleaned(&mut self) -> bool {
        std::mem::take(&mut self.was_cleaned)
    }
}

/// A chunk of an IO control.
fn io(resend: bool, sequence: u16, chunk: Chunk<'_>) -> Packet<'_> {
    let envelope = resend.then(Envelope::default);
    Packet::Data(Data { sequence, clock: None, burst_end: false, frame_end: false, envelope, chunk })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Generation;

    /// The sender of an IO control may wait for its acknowledgement while the other side closes.
    #[test]
    fn an_acknowledgement_that_waits_goes_before_the_close() {
        let now = Instant::now();
        let (mut server, mut client) = (PacketMedia::server(now, true), PacketMedia::client(now, true));
        let bytes = |av: Av<'_>| av.to_payload(crate::AvStyle::Packet, Generation::G1A);
        let deliver = |payload: &[u8], to: &mut PacketMedia| {
            let Ok(Av::Packet(packet)) = Av::decode(crate::AvStyle::Packet, payload) else { panic!("{payload:?}") };
            to.handle(now, &packet);
        };
        // What the server says after the login is acknowledged at once, and what comes right after it waits.
        while let Some(payload) = server.poll_transmit(now, bytes) {
            deliver(&payload, &mut client);
        }
        while let Some(payload) = client.poll_transmit(now, bytes) {
            deliver(&payload, &mut server);
        }
        server.send_io_control(0x331, &[7]);
        while let Some(payload) = server.poll_transmit(now, bytes) {
            deliver(&payload, &mut client);
        }
        let closing: Vec<_> = std::iter::from_fn(|| client.flush(now, bytes)).collect();
        assert_eq!(closing.len(), 1);
        deliver(&closing[0], &mut server);
        let events: Vec<_> = std::iter::from_fn(|| server.poll_event()).collect();
        assert!(events.contains(&AvEvent::IoControlConfirmed { kind: 0x331 }), "{events:?}");
    }
}
