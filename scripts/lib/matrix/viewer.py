#!/usr/bin/env python3
"""A viewer of ours for scripts/matrix: tutksrc, which records and sends IO controls.

    viewer.py UID PIPELINE [PROPERTY=VALUE...] [TYPE:BYTES[:ANSWERED]...]

PIPELINE is what follows tutksrc, as gst-launch-1.0 takes it; each PROPERTY is one of tutksrc. Once there is video, an IO control of each TYPE is sent with
so many BYTES, the first two of which hold that number. TUTK_PASSWORD holds the password. What happens goes to standard
output, a line each.
"""

import os
import signal
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from streams import checksum  # noqa: E402

ANSWER_TIMEOUT_MS = 10000


def main():
    uid, description = sys.argv[1], sys.argv[2]
    properties = [word.partition("=") for word in sys.argv[3:] if "=" in word]
    controls = [word for word in sys.argv[3:] if "=" not in word]
    Gst.init(None)
    pipeline = Gst.parse_launch(f"tutksrc name=src timeout=20000 ! {description}")
    source = pipeline.get_by_name("src")
    source.set_property("uid", uid)
    for name, _, value in properties:
        Gst.util_set_object_arg(source, name, value)
    source.connect(
        "io-control-received",
        lambda _src, kind, body: print(f"received {kind:#x}, {body.get_size()} bytes", flush=True),
    )
    loop = GLib.MainLoop()
    flowing = threading.Event()

    def first_buffer(_pad, _info):
        print("video", flush=True)
        flowing.set()
        return Gst.PadProbeReturn.REMOVE

    def watch():
        source.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, first_buffer)

    def send():
        for control in controls:
            flowing.wait()
            kind, size, timeout = (int(word, 0) for word in (control + f":{ANSWER_TIMEOUT_MS}").split(":")[:3])
            body = bytes((size & 0xFF, size >> 8)) + bytes(n & 0xFF for n in range(2, size))
            answer = source.emit("io-control", kind, GLib.Bytes.new(body), timeout)
            data = answer.get_data() if answer else None
            text = "no answer" if data is None else f"answer of {len(data)} bytes {checksum(data):08x}"
            print(f"sent {kind:#x}, {size} bytes {checksum(body):08x}: {text}", flush=True)

    def message(_bus, message):
        structure = message.get_structure()
        name = structure.get_name() if structure else ""
        if message.type == Gst.MessageType.ERROR:
            error, detail = message.parse_error()
            print(f"error: {error.message} ({detail})", flush=True)
            loop.quit()
        elif message.type == Gst.MessageType.WARNING:
            print(f"warning: {message.parse_warning()[0].message}", flush=True)
        elif message.type == Gst.MessageType.EOS:
            loop.quit()
        elif name == "tutk-connected":
            words = {True: structure.get_value("cipher-suite"), False: "plain"}[structure.get_value("encrypted")]
            declined = ", encryption declined" if structure.get_value("encryption-declined") else ""
            print(f"connected, generation {structure.get_value('generation'):#x}, {words}{declined}", flush=True)
            watch()
        elif name == "tutk-disconnected":
            print(f"disconnected: {structure.get_value('reason')}", flush=True)

    def stop():
        if not pipeline.send_event(Gst.Event.new_eos()):
            loop.quit()

    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message", message)
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, stop)
    pipeline.set_state(Gst.State.PLAYING)
    threading.Thread(target=send, daemon=True).start()
    loop.run()
    stats = source.get_property("stats")
    print("stats:", stats.to_string() if stats else None, flush=True)
    pipeline.set_state(Gst.State.NULL)


main()
