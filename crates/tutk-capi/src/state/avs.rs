//! AV channels under their numbers.

use std::sync::Arc;

use super::Registry;
use crate::av::{Av, Role};
use crate::codes::*;
use crate::session::{CHANNELS, lock};

impl Registry {
    /// Returns for how many channels there is room; the first call decides.
    pub(crate) fn av_initialize(&self, most: i32) -> i32 {
        let mut inner = lock(&self.inner);
        if inner.max_avs == 0 {
            inner.max_avs = most.max(1);
        }
        inner.max_avs
    }

    pub(crate) fn av_deinitialize(&self) -> Result<(), Code> {
        let avs = {
            let mut inner = lock(&self.inner);
            if inner.max_avs == 0 {
                return Err(AV_ER_NOT_INITIALIZED);
            }
            inner.max_avs = 0;
            std::mem::take(&mut inner.avs)
        };
        for av in avs.into_values() {
            av.stop();
        }
        Ok(())
    }

    pub(crate) fn set_video_limit(&self, bytes: usize) {
        lock(&self.inner).video_limit = bytes;
    }

    /// Runs `start` on a new AV channel in a channel of a session; the number is free again if that fails.
    pub(crate) fn start_av<T>(
        &self,
        session: i32,
        channel: u8,
        role: Role,
        start: impl FnOnce(&Av) -> Result<T, Code>,
    ) -> Result<(i32, T), Code> {
        let (index, av) = {
            let mut inner = lock(&self.inner);
            if inner.max_avs == 0 {
                return Err(AV_ER_NOT_INITIALIZED);
            }
            if session < 0 {
                return Err(AV_ER_INVALID_ARG);
            }
            let session = inner.session(session)?;
            if channel >= CHANNELS {
                return Err(IOTC_ER_CH_NOT_ON);
            }
            let index = (0..inner.max_avs).find(|index| !inner.avs.contains_key(index));
            let index = index.ok_or(AV_ER_EXCEED_MAX_CHANNEL)?;
            let av = Av::new(session, channel, role, inner.video_limit);
            inner.avs.insert(index, av.clone());
            (index, av)
        };
        let mut added = false;
        let started = av.session.add(channel, av.clone()).and_then(|()| {
            added = true;
            start(&av)
        });
        started.map(|result| (index, result)).inspect_err(|_| {
            if added {
                av.stop();
            }
            let mut inner = lock(&self.inner);
            if inner.avs.get(&index).is_some_and(|other| Arc::ptr_eq(other, &av)) {
                inner.avs.remove(&index);
            }
        })
    }

    pub(crate) fn av(&self, index: i32) -> Result<Arc<Av>, Code> {
        if index < 0 {
            return Err(AV_ER_INVALID_ARG);
        }
        let inner = lock(&self.inner);
        if inner.max_avs == 0 {
            return Err(AV_ER_NOT_INITIALIZED);
        }
        inner.avs.get(&index).cloned().ok_or(AV_ER_INVALID_SID)
    }

    /// Stops an AV channel; what is not there is stopped already.
    pub(crate) fn stop_av(&self, index: i32) {
        let av = lock(&self.inner).avs.remove(&index);
        if let Some(av) = av {
            av.stop();
        }
    }

    /// Ends the start of an AV channel.
    pub(crate) fn exit_start(&self, session: i32, channel: u8) {
        if let Some(av) = self.session(session).ok().and_then(|session| session.av(channel)) {
            av.exit();
        }
    }
}
