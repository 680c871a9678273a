#!/usr/bin/env python3
"""rtsp-server.py PORT PATH: an RTSP server that takes H.264 from one publisher at /PATH and shows it at /watch."""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

# From the one media to the other.
HOP = 15004
CAPS = "application/x-rtp,media=video,clock-rate=90000,encoding-name=H264"

Gst.init(None)
publish = GstRtspServer.RTSPMediaFactory()
publish.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
publish.set_launch(
    "( rtph264depay name=depay0 ! h264parse ! rtph264pay config-interval=-1"
    f" ! udpsink host=127.0.0.1 port={HOP} sync=false )"
)
watch = GstRtspServer.RTSPMediaFactory()
watch.set_launch(
    f'( udpsrc address=127.0.0.1 port={HOP} caps="{CAPS}" ! rtph264depay ! h264parse ! rtph264pay name=pay0 )'
)

server = GstRtspServer.RTSPServer()
server.set_service(sys.argv[1])
# A thread for each client: one that waits for pictures must not hold up the one that brings them.
server.get_thread_pool().set_max_threads(-1)
mounts = server.get_mount_points()
mounts.add_factory(f"/{sys.argv[2]}", publish)
mounts.add_factory("/watch", watch)
server.attach(None)
print("listening", flush=True)
GLib.MainLoop().run()
