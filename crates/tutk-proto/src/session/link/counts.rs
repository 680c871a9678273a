use super::Link;
use crate::ViewerStats;
use crate::channel::Channel;

impl Link {
    /// Adds what the clients counted.
    pub(crate) fn add_stats(&self, stats: &mut ViewerStats) {
        for channel in self.channels.values() {
            if let Channel::Client(client) = channel {
                let counts = client.counts();
                stats.duplicates += counts.duplicates;
                stats.retransmitted += counts.retransmitted;
                stats.lost_chunks += counts.lost_chunks;
                stats.nacked += counts.nacked;
                stats.frames += counts.frames;
                stats.lost += counts.lost;
                stats.round_trip = stats.round_trip.or(client.round_trip());
            }
        }
    }

    /// Bytes of video that the clients hold.
    pub(crate) fn received_memory(&self) -> usize {
        let clients = self.channels.values().filter_map(|channel| match channel {
            Channel::Client(client) => Some(client.memory()),
            Channel::Server(_) => None,
        });
        clients.sum()
    }

    /// Bytes of video that the servers hold.
    pub(crate) fn sent_memory(&self) -> usize {
        let servers = self.channels.values().filter_map(|channel| match channel {
            Channel::Server(server) => Some(server.memory()),
            Channel::Client(_) => None,
        });
        servers.sum()
    }
}
