#!/usr/bin/env python3
"""Tells which cameras come and go in the local network, and how those fare that are named.

    TUTK_PASSWORD=... python3 monitor.py [UID]...

On Debian it needs the packages python3-gi and gir1.2-gstreamer-1.0.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

Gst.init(None)
loop = GLib.MainLoop()


def device(_bus, message):
    if message.type == Gst.MessageType.DEVICE_ADDED:
        print("+", message.parse_device_added().get_display_name(), flush=True)
    elif message.type == Gst.MessageType.DEVICE_REMOVED:
        print("-", message.parse_device_removed().get_display_name(), flush=True)
    return True


def told(_bus, message):
    name = message.src.get_name()
    stats = message.get_structure()
    if message.type == Gst.MessageType.ERROR:
        print(f"{name}: {message.parse_error()[0].message}", file=sys.stderr)
        loop.quit()
    elif message.type == Gst.MessageType.ELEMENT and stats.get_name() == "tutk-stats":
        frames, lost = stats.get_value("frames-received"), stats.get_value("frames-lost")
        print(f"{name}: {stats.get_value('fps') or 0:.1f} fps, {frames} frames, {lost} lost", flush=True)
    return True


monitor = Gst.DeviceMonitor.new()
monitor.add_filter("Source/Video/Network", None)
monitor.get_bus().add_watch(GLib.PRIORITY_DEFAULT, device)
monitor.start()

pipeline = Gst.Pipeline.new(None)
for uid in sys.argv[1:]:
    camera = Gst.ElementFactory.make("tutksrc", uid)
    camera.set_property("uid", uid)
    camera.set_property("stats-interval", 1000)
    sink = Gst.ElementFactory.make("fakesink", None)
    pipeline.add(camera)
    pipeline.add(sink)
    camera.link(sink)
pipeline.get_bus().add_watch(GLib.PRIORITY_DEFAULT, told)
pipeline.set_state(Gst.State.PLAYING)

try:
    loop.run()
except KeyboardInterrupt:
    pass
pipeline.set_state(Gst.State.NULL)
monitor.stop()
