"""The cases of scripts/matrix. Each gets the LAN and returns its rows."""

import glob
import os
import re
import signal
import subprocess
import time
from functools import partial

from lan import LARGE_KEYS, RELEASE, SHORT, STREAMS, UID, wait_for
from rows import Row, checks, frames
from streams import checksum

VERSIONS = os.environ.get("TUTK_PEERS", "1.13 2.1 3.1.4 3.1.5 4.2").split()
# Those with sessions in packet style, whose IO controls take 3,000 bytes.
PACKET_STYLE = {"4.2"}
# Those whose viewers do not ask for audio that is lost. All cameras send it again to those that ask.
LOSE_AUDIO = {"1.13", "2.1"}
# What our camera can be, and a viewer of the same.
GENERATIONS = {"0x09": "1.13", "0x10": "2.1", "0x12": "3.1.4", "0x14": "3.1.5", "0x1a": "4.2"}
NEWEST = "0x1a"
LOSSES = (0, 3, 10)
LIBRARY = os.path.join(RELEASE, "libIOTCAPIs_ALL.so")
START_VIDEO, CLOSE, ANSWER = "0x1ff", "0x999", "0x331"
AUDIO_SIZE = 640
# So many seconds without a byte more: no more will come.
STALLED = 10
SMALL = STREAMS["small"]


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def follow(path, wanted, limit, viewer):
    """Waits until a file has so many bytes, or grows no more. Returns for how many seconds it grew."""
    begin = last = None
    size, until = 0, time.monotonic() + limit
    while size < wanted and time.monotonic() < until and viewer.child.poll() is None:
        now = time.monotonic()
        if size_of(path) > size:
            size, begin, last = size_of(path), begin or now, now
        if last and now > last + STALLED:
            break
        time.sleep(0.05)
    return last - begin if last else 0.0


def end_of(process):
    return " ".join(process.text.split())[-100:].replace("|", "/")


def play(lan, ours, version, stream, loss):
    lan.loss(loss)
    out, units = lan.file("out.h264"), stream.units
    camera = lan.peer_camera(version, *peer_settings(stream), f"once={len(units)}")
    viewer = getattr(lan, ours)(out)
    seconds = follow(out, size_of(stream.path), stream.seconds * 3 + 60, viewer)
    viewer.stop()
    camera.says("sent ", 10)
    refused = {int(number) for number in re.findall(r"frame (\d+) size \d+: -\d+", camera.text)}
    sent = [unit for number, unit in enumerate(units) if number not in refused]
    return [frames(sent, out, seconds, f"{len(refused)} refused by the camera" if refused else "")]


def peer_settings(stream):
    return f"src={stream.path}", f"fps={stream.fps}"


def watch(out, seconds):
    """The steps of a peer that records."""
    return "connect", "start2", f"out:{out}", f"io:{START_VIDEO}:8", f"recv:{seconds * 1000}", "io:0x2ff:8", "close"


def serve(lan, versions, stream, loss, generation=NEWEST):
    lan.loss(loss)
    camera = lan.camera(stream, "--viewers", len(versions), "--generation", generation)
    viewers = []
    for version in versions:
        out = lan.file(f"out-{version}.h264")
        steps = watch(out, stream.seconds + (5 if len(versions) == 1 else 15))
        viewers.append((out, lan.peer_viewer(version, *steps, name=f"viewer-{version}"), time.monotonic()))
    rows = []
    for out, viewer, begun in viewers:
        viewer.end()
        camera.says("sent ", 10)
        counts = re.findall(r"\d+ frames (\d+ gaps \d+ lost \d+ incomplete)", viewer.text)
        rows.append(frames(stream.units, out, time.monotonic() - begun, counts[0] if counts else end_of(viewer)))
    return rows


def serve_ourselves(lan, stream):
    """Our camera and our viewer."""
    out = lan.file("out.h264")
    lan.camera(stream)
    viewer = lan.tutksrc(out)
    seconds = follow(out, size_of(stream.path), stream.seconds * 3, viewer)
    viewer.stop()
    lost = re.findall(r"(?:frames-lost|datagrams-overflowed)=\(\w+\)\d+", viewer.text)
    return [frames(stream.units, out, seconds, " ".join(lost))]


def control_sizes(version):
    return (8, 1020, 3000) if version in PACKET_STYLE else (8, 1020)


def control_viewer(lan, version):
    """IO controls of ours to a peer, and its answers."""
    lan.loss(10)
    camera = lan.peer_camera(version, *peer_settings(SMALL))
    sizes = control_sizes(version)
    viewer = lan.tutksrc(lan.file("out.h264"), controls=[f"{ANSWER}:{size}" for size in sizes])
    viewer.says(f"sent {ANSWER}", times=len(sizes))
    results = {}
    for size, sum in re.findall(rf"sent {ANSWER}, (\d+) bytes (\w+)", viewer.text):
        expected = checksum(bytes(n & 0xFF for n in range(int(size))))
        results[f"{size}_bytes"] = f"{ANSWER}, {size} bytes {sum}" in camera.text
        results[f"answer_of_{size}"] = f"answer of {size} bytes {expected:08x}" in viewer.text
    return [checks(**results, all_sizes=len(results) == 2 * len(sizes))]


def control_camera(lan, version):
    """IO controls of a peer to ours, and our answers, which have the same body."""
    lan.loss(10)
    camera = lan.camera(SMALL, "--loop")
    sizes = control_sizes(version)
    steps = [step for size in sizes for step in (f"io:{ANSWER}:{size}", "recvio:8000")]
    viewer = lan.peer_viewer(version, "connect", "start2", *steps, "close")
    viewer.end()
    results = {}
    for size in sizes:
        sums = re.findall(rf"io control {ANSWER}, {size} bytes (\w+)", camera.text)
        results[f"{size}_bytes"] = len(sums) == 1
        found = re.findall(rf"{size} type 332 hash (\w+)", viewer.text)
        results[f"answer_of_{size}"] = [int(one, 16) for one in found] == [int(one, 16) for one in sums] != []
    return [checks(**results)]


def audio_row(path, sent, may_lose):
    """Each byte of a frame of audio is its place × 97 + the frame's number."""
    data = open(path, "rb").read() if os.path.exists(path) else b""
    blocks = [data[at : at + AUDIO_SIZE] for at in range(0, len(data), AUDIO_SIZE)]
    exact = all(block == bytes((at * 97 + block[0]) & 0xFF for at in range(AUDIO_SIZE)) for block in blocks)
    lost = sum((after[0] - before[0] - 1) % 256 for before, after in zip(blocks, blocks[1:]))
    words = ("no", "yes")
    figures = (sent or len(blocks) + lost, len(blocks), words[not lost], words[exact and bool(blocks)], "")
    return Row(len(blocks) > 100 and exact and (may_lose or not lost), f"{lost} lost", figures)


def audio_viewer(lan, version, loss):
    lan.loss(loss)
    lan.peer_camera(version, *peer_settings(SMALL), f"audio={AUDIO_SIZE}").says("init")
    out = lan.file("out.pcm")
    lan.tool("viewer", "audio.py", "viewer", LIBRARY, UID, 10, out).end(60)
    return [audio_row(out, 0, may_lose=False)]


def audio_tutksrc(lan, version, loss):
    lan.loss(loss)
    lan.peer_camera(version, *peer_settings(SMALL), f"audio={AUDIO_SIZE}").says("init")
    out = lan.file("out.pcm")
    sink = f"filesink buffer-mode=unbuffered location={out}"
    rest = f"tutkdemux name=demux demux.video_0 ! queue ! fakesink demux.audio_0 ! queue ! {sink}"
    viewer = lan.tool("viewer", "viewer.py", UID, rest)
    wait_for(lambda: size_of(out) >= 200 * AUDIO_SIZE, 60)
    viewer.stop()
    return [audio_row(out, 0, may_lose=False)]


def audio_camera(lan, version, loss):
    lan.loss(loss)
    camera = lan.tool("camera", "audio.py", "camera", LIBRARY, UID, 200)
    camera.says("ready")
    out = lan.file("out.pcm")
    viewer = lan.peer_viewer(version, "connect", "start2", f"aout:{out}", "io:0x300:8", "audio:12000", "close")
    viewer.end()
    return [audio_row(out, 200, may_lose=loss > 0 and version in LOSE_AUDIO)]


def password_viewer(lan, version):
    lan.peer_camera(version, *peer_settings(SMALL))
    viewer = lan.tutk(lan.file("out.h264"), TUTK_PASSWORD="wrong")
    status = viewer.end(60)
    return [checks(status_4=status == 4, words="password" in viewer.text)]


def password_camera(lan, version):
    lan.camera(SMALL)
    viewer = lan.peer_viewer(version, "connect", "start2:0:admin:wrong", "close")
    viewer.end(60)
    return [checks(wrong_password="-20009" in viewer.text)]


def full_viewer(lan, version):
    camera = lan.peer_camera(version, *peer_settings(SMALL), "max=1")
    out = lan.file("first.h264")
    first = lan.tutk(out, "first")
    playing = wait_for(lambda: size_of(out), 60)
    second = lan.start(
        "viewer", [os.path.join(RELEASE, "tutk"), "stream", "-d", UID, "-f", lan.file("second.h264")], "second"
    )
    status, before = second.end(60), size_of(out)
    goes_on = wait_for(lambda: size_of(out) > before, 10)
    first.stop()
    # The vendor's 3.1 frees the place some time after it says so. A viewer that comes before, the vendor's own too, has a
    # session that the camera's program never gets.
    camera.says("closed", 20)
    time.sleep(4)
    third = lan.file("third.h264")
    lan.tutk(third, "third")
    return [
        checks(
            first=playing, second_refused=status == 4, first_goes_on=goes_on, third=wait_for(lambda: size_of(third), 60)
        )
    ]


def full_camera(lan, version):
    camera = lan.camera(SMALL, "--loop", "--max-viewers", 1)
    first = lan.peer_viewer(version, *watch(lan.file("first.h264"), 12), name="first")
    watching = camera.says(f"control {START_VIDEO}")
    second = lan.peer_viewer(version, "connect", name="second")
    second.end(60)
    first.end()
    third = lan.peer_viewer(version, *watch(lan.file("third.h264"), 3), name="third")
    third.end()
    plays = [bool(re.search(r"[1-9]\d* frames 0 gaps", one.text)) for one in (first, third)]
    return [checks(first=watching and plays[0], second_refused="connect: -48" in second.text, third=plays[1])]


def close_viewer(lan, version):
    """Both ends of our viewer's session close it."""
    camera = lan.peer_camera(version, *peer_settings(SMALL))
    viewer = lan.tutksrc(lan.file("out.h264"), controls=[f"{CLOSE}:8:0"])
    closed = viewer.says("disconnected: closed-by-camera")
    back = viewer.says("connected, generation", times=2)
    viewer.stop()
    return [checks(closed_by_camera=closed, reconnected=back, closed_by_viewer=camera.says("closed", 10, times=2))]


def close_camera(lan, version):
    """Both ends of a session with our camera close it."""
    camera = lan.camera(SMALL, "--loop")
    lan.peer_viewer(version, *watch(lan.file("first.h264"), 3), name="first").end()
    by_viewer = camera.says("removed closed-by-viewer", 5)
    second = lan.peer_viewer(version, *watch(lan.file("second.h264"), 40), name="second")
    camera.says(f"control {START_VIDEO}", times=2)
    wait_for(lambda: size_of(lan.file("second.h264")), 20)
    camera.stop()
    begun = time.monotonic()
    by_camera = second.says("error -", 60)
    soon = time.monotonic() < begun + 5
    return [checks(closed_by_viewer=by_viewer, closed_by_camera=by_camera, soon=soon)]


def restart(lan, version):
    """The camera is killed and comes back while a pipeline records."""

    def camera(name):
        if version == "ours":
            return lan.camera(SMALL, "--loop")
        return lan.peer_camera(version, *peer_settings(SMALL), name=name)

    first = camera("camera-1")
    location = lan.file("part%02d.mp4")
    viewer = lan.tool(
        "viewer", "viewer.py", UID, f"h264parse ! splitmuxsink max-size-time=5000000000 location={location}"
    )
    playing = viewer.says("video")
    wait_for(lambda: len(parts(lan)) > 1, 60)
    first.stop(signal.SIGKILL)
    lost = viewer.says("disconnected")
    camera("camera-2")
    back = viewer.says("connected, generation", 90, times=2) and viewer.says("video", times=2)
    count = len(parts(lan))
    more = wait_for(lambda: len(parts(lan)) > count + 1, 60)
    status = viewer.stop()
    decoded = [
        subprocess.run(
            ["gst-launch-1.0", "-q", "filesrc", f"location={part}", "!", "decodebin", "!", "fakesink"], timeout=120
        ).returncode
        for part in parts(lan)
    ]  # fmt: skip
    return [checks(playing=playing, loss_seen=lost, reconnected=back, recording_goes_on=more, ended_well=status == 0,
                   files_decode=bool(decoded) and not any(decoded))]  # fmt: skip


def parts(lan):
    return sorted(glob.glob(lan.file("part*.mp4")))


CASES = {}
for version in VERSIONS:
    for size, stream in STREAMS.items():
        for loss in LOSSES:
            for ours in ("tutk", "tutksrc"):
                CASES[f"viewer/{ours}/{version}/{size}/{loss}"] = partial(
                    play, ours=ours, version=version, stream=stream, loss=loss
                )
            CASES[f"camera/{version}/{size}/{loss}"] = partial(serve, versions=[version], stream=stream, loss=loss)
    for loss in (0, 10):
        CASES[f"audio/viewer/{version}/{loss}"] = partial(audio_viewer, version=version, loss=loss)
        CASES[f"audio/tutksrc/{version}/{loss}"] = partial(audio_tutksrc, version=version, loss=loss)
        CASES[f"audio/camera/{version}/{loss}"] = partial(audio_camera, version=version, loss=loss)
    for name, viewer, camera in (
        ("control", control_viewer, control_camera),
        ("password", password_viewer, password_camera),
        ("full", full_viewer, full_camera),
        ("close", close_viewer, close_camera),
    ):
        CASES[f"{name}/viewer/{version}"] = partial(viewer, version=version)
        CASES[f"{name}/camera/{version}"] = partial(camera, version=version)
for version in (*VERSIONS, "ours"):
    CASES[f"restart/{version}"] = partial(restart, version=version)
for first, second in zip(VERSIONS, VERSIONS[-1:] + VERSIONS):
    for loss in (0, 3):
        CASES[f"pair/{first}+{second}/{loss}"] = partial(serve, versions=[first, second], stream=SMALL, loss=loss)
for generation, same in GENERATIONS.items():
    for version in VERSIONS:
        if version == same or (version == "4.2" and generation != NEWEST):
            for loss in (0, 10):
                CASES[f"generation/{generation}/{version}/{loss}"] = partial(
                    serve, versions=[version], stream=SHORT, loss=loss, generation=generation
                )
    for first, second in zip(VERSIONS, VERSIONS[1:]):
        if generation != NEWEST and same in (first, second):
            CASES[f"generation/{generation}/{first}+{second}"] = partial(
                serve, versions=[first, second], stream=SHORT, loss=3, generation=generation
            )
for version in VERSIONS:
    CASES[f"large-keys/{version}"] = partial(serve, versions=[version], stream=LARGE_KEYS, loss=0)
CASES["large-keys/ours"] = partial(serve_ourselves, stream=LARGE_KEYS)
