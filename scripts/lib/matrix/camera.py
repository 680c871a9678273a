#!/usr/bin/env python3
"""A camera of ours for scripts/matrix: tutksink, fed with a file once its viewers ask for video.

    camera.py UID FILE FPS [--viewers N] [--max-viewers N] [--generation G] [--loop] [--audio FRAMES]
        [PROPERTY=VALUE...]

The account is admin, the password "password" where no PROPERTY of tutksink says otherwise. The IO controls 0x0331 and 0x0330
are answered with their own body. --audio adds so many frames of PCM, a frame each 40 ms, once a viewer asks for audio. What
happens goes to standard output, a line each.
"""

import argparse
import os
import signal
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from streams import access_units, checksum, is_key  # noqa: E402

START_VIDEO, START_AUDIO, ECHO = 0x01FF, 0x0300, (0x0330, 0x0331)
AUDIO_SIZE, AUDIO_MS = 640, 40


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("uid")
    parser.add_argument("file")
    parser.add_argument("fps", type=int)
    parser.add_argument("--viewers", type=int, default=1)
    parser.add_argument("--max-viewers", type=int, default=16)
    parser.add_argument("--generation", default="0x1a")
    parser.add_argument("--loop", action="store_true")
    parser.add_argument("--audio", type=int, default=0)
    parser.add_argument("properties", nargs="*")
    options = parser.parse_intermixed_args()

    Gst.init(None)
    live = "format=time is-live=true max-bytes=0"
    video = f"appsrc name=src {live} caps=video/x-h264,stream-format=byte-stream,alignment=au"
    sink = "tutksink name=sink password=password sync=false"
    audio = f"appsrc name=audio {live} caps=audio/x-raw,format=S16LE,rate=8000,channels=1,layout=interleaved"
    pipeline = Gst.parse_launch(
        f"{video} ! mux.video {audio} ! mux.audio tutkmux name=mux ! {sink}" if options.audio else f"{video} ! {sink}"
    )
    source, sink = pipeline.get_by_name("src"), pipeline.get_by_name("sink")
    sink.set_property("uid", options.uid)
    sink.set_property("max-viewers", options.max_viewers)
    Gst.util_set_object_arg(sink, "generation", options.generation)
    for name, _, value in (word.partition("=") for word in options.properties):
        Gst.util_set_object_arg(sink, name, value)

    watching, ready, heard, over = set(), threading.Event(), threading.Event(), threading.Event()

    def io_control(_sink, viewer, kind, body):
        data = body.get_data()
        print(f"io control {kind:#x}, {len(data)} bytes {checksum(data):08x}", flush=True)
        if kind == START_VIDEO:
            watching.add(viewer)
            if len(watching) >= options.viewers:
                ready.set()
        if kind == START_AUDIO:
            heard.set()
        if kind in ECHO:
            return body
        return None

    sink.connect("io-control", io_control)
    sink.connect("viewer-added", lambda _sink, viewer, address: print(f"viewer {viewer} added {address}", flush=True))
    sink.connect("viewer-removed", lambda _sink, viewer, why: print(f"viewer {viewer} removed {why}", flush=True))

    def feed():
        units = access_units(options.file)
        ready.wait()
        begun, sent = time.monotonic(), 0
        while not over.is_set() and (options.loop or sent < len(units)):
            unit = units[sent % len(units)]
            buffer = Gst.Buffer.new_wrapped(unit)
            if not is_key(unit):
                buffer.set_flags(Gst.BufferFlags.DELTA_UNIT)
            buffer.pts = sent * Gst.SECOND // options.fps
            source.emit("push-buffer", buffer)
            sent += 1
            over.wait(max(0, begun + sent / options.fps - time.monotonic()))
        print(f"sent {sent} frames", flush=True)

    def speak():
        heard.wait()
        begun = time.monotonic()
        for number in range(options.audio):
            if over.is_set():
                break
            buffer = Gst.Buffer.new_wrapped(bytes((place * 97 + number) & 0xFF for place in range(AUDIO_SIZE)))
            buffer.pts = number * AUDIO_MS * Gst.MSECOND
            pipeline.get_by_name("audio").emit("push-buffer", buffer)
            over.wait(max(0, begun + (number + 1) * AUDIO_MS / 1000 - time.monotonic()))

    def failed(_bus, message):
        print(f"failed: {message.parse_error()}", flush=True)
        loop.quit()

    loop = GLib.MainLoop()
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message::error", failed)
    bus.connect("message::warning", lambda _bus, message: print(f"warning: {message.parse_warning()}", flush=True))
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, loop.quit)
    pipeline.set_state(Gst.State.PLAYING)
    for work in (feed, speak):
        threading.Thread(target=work, daemon=True).start()
    print("ready", flush=True)
    loop.run()
    over.set()
    ready.set()
    heard.set()
    pipeline.set_state(Gst.State.NULL)


main()
