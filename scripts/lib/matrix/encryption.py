"""The cases of scripts/matrix about encrypted sessions, with peers of 4.2. Each gets the LAN and returns its rows."""

import os
import re
import shlex
import signal
import subprocess
from functools import partial

from lan import PASSWORD, RELEASE, STREAMS, UID, wait_for
from rows import Row, checks, frames
from streams import access_units

SMALL = STREAMS["small"]
LOSSES = (0, 3, 10)
SECONDS = 60
AUDIO_SIZE, AUDIO_MS = 640, 40
PLAIN, DTLS, EITHER = 0, 1, 2
ACCOUNT, KEY, NO_KEY = "admin", "AbCd1234", "-"
# Its SHA-256 begins with a zero byte.
ZERO_PASSWORD = "pw142"
SUITES = {
    "ccac": "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256",
    "00ae": "TLS_PSK_WITH_AES_128_CBC_SHA256",
}
# Frames on their way when one of the two ends.
IN_FLIGHT = 3


def peer(lan, variable, host, settings, name=None, **environment):
    words = []
    for word in shlex.split(os.environ[variable]):
        words += map(str, settings) if word == "{settings}" else [word.replace("{uid}", UID)]
    return lan.start(host, words, name, **environment)


def peer_camera(lan, mode, password=PASSWORD, key=NO_KEY, talk="-", token="token", name=None):
    """A camera of 4.2, once it is there. What it sends goes to sent.h264 and sent.pcm."""
    settings = (SMALL.path, mode, ACCOUNT, password, key, SMALL.fps, 1, talk, token)
    camera = peer(lan, "TUTK_PEER_CAMERA_EX", "camera", settings, name, DUMP=lan.folder)
    if not camera.says("init 0"):
        raise RuntimeError(f"no camera; see {camera.log}")
    return camera


def peer_viewer(
    lan, seconds, mode, account=ACCOUNT, password=PASSWORD, key=NO_KEY, talk="-", kind=0, name=None, **environment
):
    """A viewer of 4.2, which writes out.h264 and out.pcm."""
    settings = (seconds, mode, account, password, key, lan.file("out.h264"), lan.file("out.pcm"), 1, talk, kind)
    return peer(lan, "TUTK_PEER_VIEWER_EX", "viewer", settings, name, **environment)


def viewer(lan, *words, pipeline=None, name=None, password=PASSWORD):
    """Our viewer tutksrc."""
    pipeline = pipeline or f"filesink buffer-mode=unbuffered location={lan.file('out.h264')}"
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "viewer.py")
    command = ["/usr/bin/python3", program, UID, pipeline, *words]
    return lan.start("viewer", command, name, TUTK_PASSWORD=password)


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def contents(path):
    return open(path, "rb").read() if os.path.exists(path) else b""


def beginning(sent, path, what):
    """A row of bytes sent, of which a viewer has the beginning, and misses no more than was on its way."""
    got = contents(path)
    exact = bool(got) and sent.startswith(got)
    words = ("no", "yes")
    return Row(exact, what, (len(sent), len(got), words[exact], words[exact], ""))


def video_row(lan, sent):
    """Frames that the camera wrote down against those of the viewer; the last ones were on their way."""
    rows = frames(sent, lan.file("out.h264"), SECONDS)
    tail = len(sent) - rows.figures[1]
    if 0 <= tail <= IN_FLIGHT:
        rows = frames(sent[: len(sent) - tail], lan.file("out.h264"), SECONDS, f"{tail} more on their way at the end")
    return rows


def play(lan, loss):
    """tutksrc and tutkdemux play a camera of 4.2 with an authentication key: video, audio, and an IO control. What of the audio comes
    so late that it would be out of step, tutksrc drops."""
    lan.loss(loss)
    camera = peer_camera(lan, DTLS, key=KEY)
    out = "filesink buffer-mode=unbuffered location="
    pipeline = (
        f"tutkdemux name=demux demux.video_0 ! queue ! {out}{lan.file('out.h264')}"
        f" demux.audio_0 ! queue ! {out}{lan.file('out.pcm')}"
    )
    ours = viewer(lan, "encryption=required", f"auth-key={KEY}", "0x330:8", pipeline=pipeline)
    connected = ours.says(f"connected, generation 0x1a, {SUITES['00ae']}")
    ours.end(SECONDS)
    ours.stop()
    closed = camera.says("closed", 30)
    sent = access_units(lan.file("sent.h264"))
    return [
        checks(encrypted=connected, io_control="answer of 68 bytes" in ours.text, closed=closed),
        video_row(lan, sent),
        audio_in_step(lan),
    ]


def blocks_of(path):
    data = contents(path)
    return [data[at : at + AUDIO_SIZE] for at in range(0, len(data), AUDIO_SIZE)]


def audio_in_step(lan):
    """Each block of audio is one that was sent, in its order."""
    sent, got = blocks_of(lan.file("sent.pcm")), blocks_of(lan.file("out.pcm"))
    rest = iter(sent)
    exact, words = bool(got) and all(block in rest for block in got), ("no", "yes")
    missing = len(sent) - len(got)
    figures = (len(sent), len(got), words[not missing], words[exact], "")
    return Row(exact and missing <= len(sent) // 50, f"audio; {missing} dropped or on their way", figures)


def library(lan, role, host, *words, name=None):
    """A peer by the secure calls of our C library."""
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "secure.py")
    path = os.path.join(RELEASE, "libIOTCAPIs_ALL.so")
    return lan.start(host, ["/usr/bin/python3", program, role, path, UID, *map(str, words)], name)


def library_viewer(lan, loss):
    """Our C library and a camera of 4.2 with an authentication key: video, audio, an IO control, and speech to the camera."""
    lan.loss(loss)
    camera = peer_camera(lan, DTLS, key=KEY, talk=1)
    outs = ("--video", lan.file("out.h264"), "--audio", lan.file("out.pcm"))
    ours = library(lan, "viewer", "viewer", SECONDS, DTLS, "--key", KEY, "--speak", 1, *outs)
    ours.end(SECONDS + 60)
    camera.says("closed", 30)
    spoke = int((re.findall(r"spoke (\d+)", ours.text) or [0])[0])
    heard = int((re.findall(r"talk: (\d+) frames", camera.text) or [0])[0])
    words = ("no", "yes")
    return [
        checks(encrypted="login 0, mode 1" in ours.text, io_control="answer 0x331, 68 bytes" in ours.text,
               speech_encrypted="talk: av channel 1, mode 1" in camera.text),
        video_row(lan, access_units(lan.file("sent.h264"))),
        beginning(contents(lan.file("sent.pcm")), lan.file("out.pcm"), "bytes of audio"),
        Row(spoke > SECONDS * 20 and spoke - heard <= IN_FLIGHT, "blocks of speech", (spoke, heard, words[spoke == heard], "", "")),
    ]  # fmt: skip


def library_camera(lan, loss):
    """A viewer of 4.2 and our C library with an authentication key: video, audio, an IO control, and speech to the camera."""
    lan.loss(loss)
    heard = lan.file("heard.pcm")
    words = ("--file", SMALL.path, SMALL.fps, "--key", KEY, "--listen", 1, heard)
    camera = library(lan, "camera", "camera", DTLS, *words)
    camera.says("ready 0")
    theirs = peer_viewer(lan, SECONDS + 5, DTLS, key=KEY, talk=1)
    theirs.end(SECONDS + 90)
    camera.says("closed", 30)
    spoke = int((re.findall(r"spoke (\d+)", camera.text) or [0])[0])
    sent = b"".join(bytes((place * 97 + number) & 0xFF for place in range(AUDIO_SIZE)) for number in range(spoke))
    samples = (((place + number * 320) * 89) & 0xFFFF for number in range(SECONDS * 30) for place in range(320))
    speech = b"".join(sample.to_bytes(2, "little") for sample in samples)
    return [
        checks(encrypted="security mode 1" in theirs.text, io_control="answer 0x331, 68 bytes" in theirs.text,
               no_gaps=" 0 gaps, 0 incomplete, 0 lost" in theirs.text,
               speech_encrypted="channel 1: login 1, mode 1" in camera.text),
        frames(SMALL.units, lan.file("out.h264"), SECONDS),
        beginning(sent, lan.file("out.pcm"), "bytes of audio"),
        beginning(speech, heard, "bytes of speech, of more than was sent"),
    ]  # fmt: skip


def speech(lan, session, loss):
    """tutkaudiosink speaks to a camera of 4.2 with an authentication key, in the session of tutksrc or in one of its own."""
    lan.loss(loss)
    camera = peer_camera(lan, DTLS, key=KEY, talk=1)
    spoken = SECONDS * 1000 // AUDIO_MS
    words = (
        f"audiotestsrc num-buffers={spoken} samplesperbuffer={AUDIO_SIZE // 2} ! audio/x-raw,format=S16LE,rate=8000,channels=1"
        f" ! tutkaudiosink uid={UID} session={session} timeout=20000 encryption=required auth-key={KEY}"
    )
    if session == "shared":
        out = f"filesink buffer-mode=unbuffered location={lan.file('out.h264')}"
        ours = viewer(lan, "encryption=required", f"auth-key={KEY}", pipeline=f"{out} {words}")
    else:
        ours = lan.start("viewer", ["gst-launch-1.0", "-m", *shlex.split(words)])
    heard = lambda: int((re.findall(r"talk: (\d+) frames", camera.text) or [-1])[0])  # noqa: E731
    # The camera counts once the channel is closed.
    wait_for(lambda: heard() >= 0 or ours.child.poll() is not None, SECONDS + 60)
    ours.stop()
    wait_for(lambda: heard() >= 0, 30)
    # It has written down all that it sent by then.
    camera.says("closed", 30)
    whole = ("no", "yes")[heard() == spoken]
    rows = [
        checks(encrypted="talk: av channel 1, mode 1" in camera.text, no_warning="warning" not in ours.text.lower()),
        Row(heard() == spoken, "blocks of speech", (spoken, heard(), whole, "", "")),
    ]
    return rows + ([video_row(lan, access_units(lan.file("sent.h264")))] if session == "shared" else [])


def token_viewer(lan, token, good):
    """Our C library logs in to a camera of 4.2 with the token of an identity."""
    camera = peer_camera(lan, DTLS, token="a-token")
    words = ("--account", "phone", "--password", token, "--token", "--video", lan.file("out.h264"))
    ours = library(lan, "viewer", "viewer", 5, DTLS, *words)
    ours.end(60)
    if not good:
        return [checks(refused=bool(re.search("login -200(40|11|15)", ours.text)), camera="av channel -" in camera.text)]
    return [checks(plays=bool(re.search(r"[1-9]\d* frames, 0 lost", ours.text)),
                   camera="auth type 1, account phone" in camera.text)]  # fmt: skip


def token_camera(lan, token, good):
    """A viewer of 4.2 logs in to our C library with the token of an identity."""
    camera = library(lan, "camera", "camera", DTLS, "--file", SMALL.path, SMALL.fps, "--token", "a-token")
    camera.says("ready 0")
    theirs = peer_viewer(lan, 5, DTLS, account="phone", password=token, kind=1)
    theirs.end(60)
    if not good:
        return [checks(refused="login: av -20040" in theirs.text)]
    return [checks(plays=bool(re.search(r"[1-9]\d* video frames, 0 gaps", theirs.text)),
                   camera="kind 1, account phone" in camera.text)]  # fmt: skip


def library_mode_viewer(lan, ours, theirs, expected, words=()):
    peer_camera(lan, theirs)
    begun = library(lan, "viewer", "viewer", 3, ours, *words)
    begun.end(60)
    return [checks(viewer=bool(re.search(expected, begun.text)))]


def library_mode_camera(lan, ours, theirs, expected, camera_says, password=PASSWORD, account=ACCOUNT):
    camera = library(lan, "camera", "camera", ours, "--file", SMALL.path, SMALL.fps)
    camera.says("ready 0")
    begun = peer_viewer(lan, 3, theirs, account=account, password=password)
    begun.end(90)
    return [checks(viewer=bool(re.search(expected, begun.text)), camera=camera.says(camera_says, 30))]


def audio_row(path, sent):
    data = contents(path)
    blocks = [data[at : at + AUDIO_SIZE] for at in range(0, len(data), AUDIO_SIZE)]
    right = [bytes((place * 97 + number) & 0xFF for place in range(AUDIO_SIZE)) for number in range(len(blocks))]
    exact, words = bool(blocks) and blocks == right, ("no", "yes")
    complete = exact and len(blocks) == sent
    return Row(complete, "audio", (sent, len(blocks), words[complete], words[exact], ""))


def serve(lan, suite, loss):
    """A viewer of 4.2 plays tutksink with an authentication key: video, audio, and an IO control."""
    lan.loss(loss)
    sounds = (SECONDS - 2) * 1000 // AUDIO_MS
    camera = our_camera(lan, "encryption=required", f"auth-key={KEY}", "--viewers", 2, "--audio", sounds, suite=suite)
    # It takes of the suites what their viewer is to get as well.
    first = viewer(lan, f"auth-key={KEY}", "streams=video", name="first")
    takes = first.says(f"connected, generation 0x1a, {SUITES[suite]}")
    first.stop()
    theirs = peer_viewer(lan, SECONDS + 10, DTLS, key=KEY)
    theirs.end()
    return [
        checks(
            encrypted="security mode 1" in theirs.text,
            io_control="answer 0x331, 8 bytes" in theirs.text,
            no_gaps=bool(re.search(r" 0 gaps, 0 incomplete, 0 lost", theirs.text)),
            viewer_removed=camera.says("removed", 30),
            suite=takes,
        ),
        frames(SMALL.units, lan.file("out.h264"), SECONDS),
        audio_row(lan.file("out.pcm"), sounds),
    ]


def our_camera(lan, *words, suite="ccac", stream=SMALL):
    """Our camera tutksink, once it is there."""
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "camera.py")
    environment = {}
    if suite == "00ae":
        # It would prefer the other one.
        source, library = os.path.join(os.path.dirname(os.path.abspath(__file__)), "one_suite.c"), lan.file("one_suite.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        environment = {"LD_PRELOAD": library, "ONE_SUITE": "PSK-AES128-CBC-SHA256"}
    command = ["/usr/bin/python3", program, UID, stream.path, stream.fps, *words]
    camera = lan.start("camera", [*map(str, command)], None, **environment)
    if not camera.says("ready"):
        raise RuntimeError(f"no camera; see {camera.log}")
    return camera


def plays(process, path):
    """Whether a viewer of ours has video."""
    return process.says("video") and wait_for(lambda: size_of(path) > 50_000, 30)


def mode_viewer(lan, ours, theirs, expected, password=PASSWORD, account=None, camera_says=()):
    """A row of the table of modes: tutksrc with a camera of 4.2. `expected` is what tutksrc says, or its error."""
    camera = peer_camera(lan, theirs)
    properties = [f"encryption={ours}", "reconnect=false"] + ([f"username={account}"] if account else [])
    begun = viewer(lan, *properties, password=password)
    says = begun.says(expected)
    good = plays(begun, lan.file("out.h264")) if expected.startswith("connected") else begun.end(60) is not None
    begun.stop()
    seen = all(camera.says(words, 30) for words in camera_says)
    return [checks(viewer=says and good, camera=seen)]


def mode_camera(lan, ours, theirs, expected, password=PASSWORD, account=ACCOUNT):
    """A row of the table of modes: a viewer of 4.2 with tutksink."""
    our_camera(lan, f"encryption={ours}", "--loop")
    begun = peer_viewer(lan, 5, theirs, account=account, password=password)
    begun.end(90)
    return [checks(viewer=re.search(expected, begun.text))]


def key_viewer(lan, theirs, ours, expected):
    peer_camera(lan, DTLS, key=theirs)
    begun = viewer(lan, "reconnect=false", *([f"auth-key={ours}"] if ours != NO_KEY else []))
    says = begun.says(expected)
    good = plays(begun, lan.file("out.h264")) if expected.startswith("connected") else begun.end(60) is not None
    return [checks(viewer=says and good)]


def key_camera(lan, ours, theirs, expected):
    our_camera(lan, "--loop", *([f"auth-key={ours}"] if ours != NO_KEY else []))
    # Without a key it connects by a function that shows none.
    begun = peer_viewer(lan, 3, DTLS, key=theirs)
    begun.end(90)
    return [checks(viewer=re.search(expected, begun.text))]


def zero_viewer(lan):
    peer_camera(lan, DTLS, password=ZERO_PASSWORD)
    begun = viewer(lan, "encryption=required", password=ZERO_PASSWORD)
    return [checks(encrypted=begun.says(SUITES["00ae"]), plays=plays(begun, lan.file("out.h264")))]


def zero_camera(lan):
    our_camera(lan, "encryption=required", f"password={ZERO_PASSWORD}", "--loop")
    begun = peer_viewer(lan, 5, DTLS, password=ZERO_PASSWORD)
    begun.end(90)
    return [checks(plays=bool(re.search(r"[1-9]\d* video frames, 0 gaps", begun.text)))]


def killed(lan):
    """The camera is killed and started again: the session comes back, encrypted."""
    first = peer_camera(lan, DTLS, name="first")
    out = lan.file("out.h264")
    ours = viewer(lan, "encryption=auto")
    playing = plays(ours, out)
    first.stop(signal.SIGKILL)
    lost = ours.says("disconnected: ", 60)
    before = size_of(out)
    peer_camera(lan, DTLS, name="second")
    back = ours.says(SUITES["00ae"], 90, times=2) and wait_for(lambda: size_of(out) > before + 20_000, 60)
    return [checks(playing=playing, loss_seen=lost, encrypted_again=back)]


CASES = {"encrypted/zero/viewer": zero_viewer, "encrypted/zero/camera": zero_camera, "encrypted/killed": killed}
for loss in LOSSES:
    CASES[f"encrypted/viewer/{loss}"] = partial(play, loss=loss)
    for suite in SUITES:
        CASES[f"encrypted/camera/{suite}/{loss}"] = partial(serve, suite=suite, loss=loss)

    for session in ("shared", "own"):
        CASES[f"encrypted/speech/{session}/{loss}"] = partial(speech, session=session, loss=loss)
    CASES[f"encrypted/library/viewer/{loss}"] = partial(library_viewer, loss=loss)
    CASES[f"encrypted/library/camera/{loss}"] = partial(library_camera, loss=loss)
for name, token in {"right": "a-token", "wrong": "another"}.items():
    CASES[f"encrypted/token/viewer/{name}"] = partial(token_viewer, token=token, good=name == "right")
    CASES[f"encrypted/token/camera/{name}"] = partial(token_camera, token=token, good=name == "right")
SEES = r"[1-9]\d* frames, 0 lost"
for name, (ours, theirs, expected, *words) in {
    "plain-plain": (PLAIN, PLAIN, rf"login 0, mode 0\n(.*\n)*{SEES}"),
    "dtls-dtls": (DTLS, DTLS, rf"login 0, mode 1\n(.*\n)*{SEES}"),
    "auto-dtls": (EITHER, DTLS, rf"login 0, mode 1\n(.*\n)*{SEES}"),
    "auto-plain": (EITHER, PLAIN, rf"login 0, mode 0\n(.*\n)*{SEES}"),
    "dtls-plain": (DTLS, PLAIN, "login -20039"),
    "plain-dtls": (PLAIN, DTLS, "login -20049"),
    "dtls-unknown-account": (DTLS, DTLS, "login -20041", "--account", "nobody"),
}.items():
    CASES[f"encrypted/library/mode/viewer/{name}"] = partial(
        library_mode_viewer, ours=ours, theirs=theirs, expected=expected, words=words
    )
SEES = r"[1-9]\d* video frames, 0 gaps"
for name, case in {
    "plain-plain": (PLAIN, PLAIN, rf"security mode 0\n(.*\n)*{SEES}", "serves 0"),
    "dtls-dtls": (DTLS, DTLS, rf"security mode 1\n(.*\n)*{SEES}", "serves 0"),
    "auto-dtls": (DTLS, EITHER, rf"security mode 1\n(.*\n)*{SEES}", "serves 0"),
    "auto-plain": (PLAIN, EITHER, rf"security mode 0\n(.*\n)*{SEES}", "serves 0"),
    "dtls-plain": (PLAIN, DTLS, "login: av -20039", "serves -20015"),
    "plain-dtls": (DTLS, PLAIN, "login: av -20049", "serves -20039"),
    "dtls-wrong-password": (DTLS, DTLS, "login: av -20040", "serves -20015", "wrong"),
    "auto-wrong-password": (DTLS, EITHER, "login: av -20040", "serves -20015", "wrong"),
    "dtls-unknown-account": (DTLS, DTLS, "login: av -20041", "serves -20041", PASSWORD, "nobody"),
}.items():
    CASES[f"encrypted/library/mode/camera/{name}"] = partial(
        library_mode_camera, **dict(zip(("ours", "theirs", "expected", "camera_says", "password", "account"), case))
    )

PLAYS = "connected, generation 0x1a, "
for name, case in {
    "plain-plain": dict(ours="off", theirs=PLAIN, expected=f"{PLAYS}plain"),
    "dtls-dtls": dict(ours="required", theirs=DTLS, expected=PLAYS + SUITES["00ae"]),
    "auto-dtls": dict(ours="auto", theirs=DTLS, expected=PLAYS + SUITES["00ae"]),
    "auto-plain": dict(ours="auto", theirs=PLAIN, expected=f"{PLAYS}plain, encryption declined"),
    "dtls-plain": dict(ours="required", theirs=PLAIN, expected="would not be encrypted", camera_says=["av channel -20015"]),
    "plain-dtls": dict(ours="off", theirs=DTLS, expected="has encrypted sessions only", camera_says=["av channel -20015"]),
    "dtls-wrong-password": dict(
        ours="required", theirs=DTLS, password="wrong", expected="probably the wrong one", camera_says=["av channel -20015"]
    ),
    "auto-wrong-password": dict(
        ours="auto", theirs=DTLS, password="wrong", expected="probably the wrong one", camera_says=["av channel -20015"]
    ),
    "dtls-unknown-account": dict(
        ours="required", theirs=DTLS, account="nobody", expected="no account “nobody”", camera_says=["av channel -20041"]
    ),
}.items():
    CASES[f"encrypted/mode/viewer/{name}"] = partial(mode_viewer, **case)
for name, case in {
    "plain-auto": dict(theirs=PLAIN, ours="auto", expected=r"security mode 0\n(.*\n)*[1-9]\d* video frames, 0 gaps"),
    "dtls-dtls": dict(theirs=DTLS, ours="required", expected=r"security mode 1\n(.*\n)*[1-9]\d* video frames, 0 gaps"),
    "dtls-auto": dict(theirs=DTLS, ours="auto", expected=r"security mode 1\n(.*\n)*[1-9]\d* video frames, 0 gaps"),
    "auto-auto": dict(theirs=EITHER, ours="auto", expected=r"security mode 1\n(.*\n)*[1-9]\d* video frames, 0 gaps"),
    "auto-dtls": dict(theirs=EITHER, ours="required", expected=r"security mode 1\n(.*\n)*[1-9]\d* video frames, 0 gaps"),
    "auto-plain": dict(theirs=EITHER, ours="off", expected=r"security mode 0\n(.*\n)*[1-9]\d* video frames, 0 gaps"),
    "dtls-plain": dict(theirs=DTLS, ours="off", expected="login: av -20039"),
    "plain-dtls": dict(theirs=PLAIN, ours="required", expected="login: av -20049"),
    "dtls-wrong-password": dict(theirs=DTLS, ours="auto", password="wrong", expected="login: av -20040"),
    "auto-wrong-password": dict(theirs=EITHER, ours="auto", password="wrong", expected="login: av -20040"),
    "dtls-unknown-account": dict(theirs=DTLS, ours="auto", account="nobody", expected="login: av -20041"),
}.items():
    CASES[f"encrypted/mode/camera/{name}"] = partial(mode_camera, **case)
for name, (camera, given, viewer_says, peer_says) in {
    "right": (KEY, KEY, PLAYS + SUITES["00ae"], r"[1-9]\d* video frames, 0 gaps"),
    "wrong": (KEY, "otherKEY", "authentication key", "connect: -68"),
    "none": (KEY, NO_KEY, "authentication key", "connect: -68"),
    "not-used": (NO_KEY, KEY, "authentication key", "connect: -69"),
}.items():
    CASES[f"encrypted/key/viewer/{name}"] = partial(key_viewer, theirs=camera, ours=given, expected=viewer_says)
    CASES[f"encrypted/key/camera/{name}"] = partial(key_camera, ours=camera, theirs=given, expected=peer_says)
