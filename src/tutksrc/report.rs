//! What `tutksrc` tells applications of its sessions.

use std::time::Instant;

use gst::prelude::*;
use gst::subclass::prelude::*;

use super::imp::{CAT, TutkSrc};
use super::stream::State;

impl TutkSrc {
    pub(super) fn stats(&self, name: &str) -> gst::Structure {
        let session = match &*self.state.lock().unwrap() {
            State::Started { session, .. } => session.clone(),
            State::Stopped => None,
        };
        let session = session.map(|session| session.stats());
        let stats = self.stats.lock().unwrap();
        match &*self.state.lock().unwrap() {
            State::Started { stream, .. } => {
                stats.structure(name, Instant::now(), session, Some((&stream.clock, &stream.stamper)))
            }
            State::Stopped => stats.structure(name, Instant::now(), session, None),
        }
    }

    pub(super) fn start_reports(&self) {
        let Some(interval) = self.settings.lock().unwrap().stats_interval() else { return };
        let clock = gst::SystemClock::obtain();
        let id = clock.new_periodic_id(clock.time() + interval, interval);
        let src = self.obj().downgrade();
        let scheduled = id.wait_async(move |_, _, _| {
            if let Some(src) = src.upgrade() {
                src.imp().post(src.imp().stats("tutk-stats"));
            }
        });
        match scheduled {
            Ok(_) => *self.reporter.lock().unwrap() = Some(id),
            Err(error) => gst::warning!(CAT, imp = self, "No statistics will be posted: {error:?}"),
        }
    }

    pub(super) fn stop_reports(&self) {
        if let Some(id) = self.reporter.lock().unwrap().take() {
            id.unschedule();
        }
    }

    pub(super) fn post(&self, structure: gst::Structure) {
        let src = self.obj();
        // It is refused where there is no bus, which is no failure.
        let _ = src.post_message(gst::message::Element::builder(structure).src(&*src).build());
    }
}
