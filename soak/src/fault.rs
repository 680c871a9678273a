//! What goes wrong on the way to a camera or in it.

use std::time::Duration;

use crate::network::Conditions;

/// A kind of fault, by the name that the report gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    ViewerAddressChange,
    Loss,
    HeavyLoss,
    Bursts,
    Copies,
    Reordering,
    Delay,
    DownBriefly,
    Down,
    DownLong,
    SmallMtu,
    AddressChange,
    Killed,
    Paused,
    ClockBack,
    Restarted,
}

impl Kind {
    pub(crate) const ALL: [Self; 16] = [
        Self::ViewerAddressChange,
        Self::Loss,
        Self::HeavyLoss,
        Self::Bursts,
        Self::Copies,
        Self::Reordering,
        Self::Delay,
        Self::DownBriefly,
        Self::Down,
        Self::DownLong,
        Self::SmallMtu,
        Self::AddressChange,
        Self::Killed,
        Self::Paused,
        Self::ClockBack,
        Self::Restarted,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ViewerAddressChange => "viewer's address changed",
            Self::Loss => "loss up to 20 %",
            Self::HeavyLoss => "loss of 20 to 40 %",
            Self::Bursts => "loss in bursts",
            Self::Copies => "duplication",
            Self::Reordering => "reordering",
            Self::Delay => "delay up to 300 ms with jitter",
            Self::DownBriefly => "link down 1 s",
            Self::Down => "link down 10 s",
            Self::DownLong => "link down 60 s",
            Self::SmallMtu => "MTU 576",
            Self::AddressChange => "camera's address changed",
            Self::Killed => "camera killed",
            Self::Paused => "camera stopped and resumed",
            Self::ClockBack => "camera's clock back a day",
            Self::Restarted => "camera restarted",
        }
    }

    /// Whether it hits all cameras.
    pub(crate) fn is_global(self) -> bool {
        self == Self::ViewerAddressChange
    }

    /// How long the fault lasts.
    pub(crate) fn length(self, rng: &mut fastrand::Rng) -> Duration {
        match self {
            Self::DownBriefly => Duration::from_secs(1),
            Self::Down => Duration::from_secs(10),
            Self::DownLong => Duration::from_secs(60),
            // Done at once; what was under way by then says nothing.
            Self::AddressChange | Self::ViewerAddressChange | Self::ClockBack => Duration::from_secs(3),
            Self::Killed | Self::Restarted => Duration::from_millis(rng.u64(..8_000)),
            Self::Paused => Duration::from_millis(rng.u64(1_000..30_000)),
            _ => Duration::from_millis(rng.u64(5_000..25_000)),
        }
    }

    /// What the camera's link does meanwhile.
    pub(crate) fn conditions(self, rng: &mut fastrand::Rng) -> Conditions {
        let good = Conditions::default();
        match self {
            Self::Loss => Conditions { loss: 0.2 * rng.f64(), ..good },
            Self::HeavyLoss => Conditions { loss: 0.2 + 0.2 * rng.f64(), ..good },
            Self::Bursts => Conditions { bursts: 0.02 * rng.f64(), ..good },
            Self::Copies => Conditions { copies: rng.f64(), ..good },
            Self::Reordering => Conditions { overtaken: 0.5 * rng.f64(), ..good },
            Self::Delay => {
                let delay = rng.u64(..300);
                let jitter = rng.u64(..=300 - delay);
                Conditions { delay: Duration::from_millis(delay), jitter: Duration::from_millis(jitter), ..good }
            }
            Self::DownBriefly | Self::Down | Self::DownLong => Conditions { down: true, ..good },
            _ => good,
        }
    }
}
