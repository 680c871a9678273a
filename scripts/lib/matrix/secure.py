#!/usr/bin/env python3
"""A camera and a viewer for scripts/matrix by the secure calls of this project's C library.

secure.py viewer LIBRARY UID SECONDS MODE [--account A] [--password P] [--key K] [--video OUT] [--audio OUT] [--speak CHANNEL]
        [--token]
secure.py camera LIBRARY UID MODE [--file H264 FPS] [--key K] [--token TOKEN] [--listen CHANNEL OUT]

MODE: 0 plain, 1 DTLS, 2 either. The camera has the account admin with the password "password", and the identity "phone" with
its TOKEN; it serves viewers one after the other. PCM is 640 bytes each 40 ms, each byte its place × 97 + the block's number.
What happens goes to standard output, a line each.
"""

import argparse
import ctypes
import os
import sys
import threading
import time
from ctypes import POINTER, byref, c_char, c_char_p, c_int, c_ubyte, c_uint, c_void_p, sizeof

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from streams import access_units, is_key  # noqa: E402

START_VIDEO, STOP_VIDEO, START_AUDIO, INFO, SPEAK = 0x01FF, 0x02FF, 0x0300, 0x0330, 0x0350
AUDIO_SIZE, AUDIO_SECONDS = 640, 0.04
NO_DATA, LOST, TIMEOUT = -20012, -20014, -20011
ACCOUNT, PASSWORD, IDENTITY = b"admin", b"password", b"phone"
FIND = ctypes.CFUNCTYPE(c_int, c_char_p, POINTER(c_char), c_uint)


class ConnectIn(ctypes.Structure):
    _fields_ = [("size", c_uint), ("kind", c_uint), ("key", c_char * 8), ("seconds", c_uint)]


class LoginIn(ctypes.Structure):
    _fields_ = [("size", c_uint), ("kind", c_uint), ("key", c_char * 8)]


class ClientIn(ctypes.Structure):
    _fields_ = [
        ("size", c_uint), ("session", c_uint), ("channel", c_ubyte), ("seconds", c_uint), ("account", c_char_p),
        ("password", c_char_p), ("resend", c_int), ("mode", c_uint), ("kind", c_uint), ("sync", c_int),
    ]  # fmt: skip


class ClientOut(ctypes.Structure):
    _fields_ = [(name, c_uint) for name in ("size", "service", "resend", "two_way", "sync", "mode")]


class ServerIn(ctypes.Structure):
    _fields_ = [
        ("size", c_uint), ("session", c_uint), ("channel", c_ubyte), ("seconds", c_uint), ("service", c_uint),
        ("resend", c_int), ("mode", c_uint), ("password", FIND), ("token", FIND), ("others", c_void_p * 6),
    ]  # fmt: skip


class ServerOut(ctypes.Structure):
    _fields_ = [("size", c_uint), ("resend", c_int), ("two_way", c_int), ("kind", c_int), ("account", c_char * 256)]


def sized(struct, **fields):
    return struct(size=sizeof(struct), **fields)


def say(text):
    print(text, flush=True)


def secret_of(name, secret):
    """A function that knows one secret."""

    def find(given, place, room):
        if secret is None or given != name or len(secret) >= room:
            return -1
        ctypes.memmove(place, secret + b"\0", len(secret) + 1)
        return 0

    return FIND(find)


def block(number):
    return bytes((place * 97 + number) & 0xFF for place in range(AUDIO_SIZE))


def info(codec, flags):
    return bytes((codec, 0, flags)) + bytes(9) + (time.monotonic_ns() // 1_000_000 & 0xFFFFFFFF).to_bytes(4, "little")


def log_in(library, session, channel, mode, account, password, kind=0):
    given = sized(ClientIn, session=session, channel=channel, seconds=15, account=account, password=password, resend=1,
                  mode=mode, kind=kind)  # fmt: skip
    got = sized(ClientOut)
    index = library.avClientStartEx(byref(given), byref(got))
    say(f"channel {channel}: login {index}, mode {got.mode}")
    return index


def serve(library, session, channel, mode, password, token):
    given = sized(ServerIn, session=session, channel=channel, seconds=20, service=0x10, resend=1, mode=mode,
                  password=password, token=token)  # fmt: skip
    got = sized(ServerOut)
    index = library.avServStartEx(byref(given), byref(got))
    say(f"channel {channel}: serves {index}, kind {got.kind}, account {got.account.decode()}")
    return index


def hear(library, index, path, goes_on):
    """Writes the audio that comes."""
    data, about, number = ctypes.create_string_buffer(1 << 16), ctypes.create_string_buffer(64), c_uint()
    with open(path, "wb") as file:
        while goes_on():
            size = library.avRecvAudioData(index, data, len(data), about, len(about), byref(number))
            if size >= 0:
                file.write(data.raw[:size])
                file.flush()
            elif size in (NO_DATA, LOST):
                time.sleep(0.005)
                if size == LOST:
                    say("audio lost")
            else:
                return say(f"hears no more: {size}")


def speak(library, index, goes_on):
    number = 0
    while goes_on():
        about = info(0x8C, 2)
        if library.avSendAudioData(index, block(number), AUDIO_SIZE, about, len(about)) < 0:
            break
        number += 1
        time.sleep(AUDIO_SECONDS)
    say(f"spoke {number} blocks")


def viewer(library, options):
    uid, until = options.uid.encode(), None
    session = library.IOTC_Get_SessionID()
    if options.key:
        how = sized(ConnectIn, key=options.key.encode(), seconds=10)
        session = library.IOTC_Connect_ByUIDEx(uid, session, byref(how))
    else:
        session = library.IOTC_Connect_ByUID_Parallel(uid, session)
    say(f"connect {session}")
    if session < 0:
        return
    account, password = options.account.encode(), options.password.encode()
    index = log_in(library, session, 0, options.mode, account, password, int(options.token))
    if index < 0:
        return library.IOTC_Session_Close(session)
    kind, body = c_uint(), ctypes.create_string_buffer(4096)
    library.avSendIOCtrl(index, INFO, bytes(8), 8)
    size = library.avRecvIOCtrl(index, byref(kind), body, len(body), 10000)
    say(f"answer {kind.value:#x}, {size} bytes")
    until = time.monotonic() + options.seconds
    goes_on = lambda: time.monotonic() < until  # noqa: E731
    threads = []
    for number in (START_VIDEO, START_AUDIO):
        library.avSendIOCtrl(index, number, bytes(8), 8)
    if options.audio:
        threads.append(threading.Thread(target=hear, args=(library, index, options.audio, goes_on)))
    if options.speak:
        library.avSendIOCtrl(index, SPEAK, bytes(8), 8)
        find = secret_of(account, password)
        mouth = serve(library, session, options.speak, options.mode, find, FIND())
        threads.append(threading.Thread(target=speak, args=(library, mouth, goes_on)))
    for thread in threads:
        thread.start()
    data, about = ctypes.create_string_buffer(4 << 20), ctypes.create_string_buffer(64)
    size, expected, about_size, number, frames, lost = c_int(), c_int(), c_int(), c_uint(), 0, 0
    with open(options.video or os.devnull, "wb") as file:
        while goes_on():
            got = library.avRecvFrameData2(
                index, data, len(data), byref(size), byref(expected), about, len(about), byref(about_size), byref(number)
            )
            if got >= 0:
                file.write(data.raw[:got])
                frames += 1
            elif got == NO_DATA:
                time.sleep(0.005)
            elif got == LOST:
                lost += 1
            else:
                say(f"sees no more: {got}")
                break
    for thread in threads:
        thread.join()
    say(f"{frames} frames, {lost} lost")
    library.avSendIOCtrl(index, STOP_VIDEO, bytes(8), 8)
    library.avClientStop(index)
    library.IOTC_Session_Close(session)


def camera(library, options):
    password = secret_of(ACCOUNT, PASSWORD)
    token = secret_of(IDENTITY, options.token.encode() if options.token else None)
    uid = options.uid.encode()
    if options.key:
        result = library.IOTC_Device_LoginEx(uid, byref(sized(LoginIn, key=options.key.encode())))
    else:
        result = library.IOTC_Device_Login(uid, b"camera", b"")
    say(f"ready {result}")
    while True:
        session = library.IOTC_Listen(0)
        index = serve(library, session, 0, options.mode, password, token)
        if index >= 0:
            attend(library, options, session, index)
            library.avServStop(index)
        library.IOTC_Session_Close(session)
        say("closed")


def attend(library, options, session, index):
    """Does what a viewer wants, until it leaves."""
    kind, body, is_over, threads = c_uint(), ctypes.create_string_buffer(4096), threading.Event(), []
    goes_on = lambda: not is_over.is_set()  # noqa: E731

    def show():
        path, fps = options.file
        sent, begun = 0, time.monotonic()
        for unit in access_units(path):
            about = info(0x4E, int(is_key(unit)))
            if is_over.is_set() or library.avSendFrameData(index, unit, len(unit), about, len(about)) < 0:
                break
            sent += 1
            time.sleep(max(0, begun + sent / float(fps) - time.monotonic()))
        say(f"sent {sent} frames")

    def listen():
        channel, path = options.listen
        ear = log_in(library, session, int(channel), options.mode, ACCOUNT, PASSWORD)
        if ear >= 0:
            hear(library, ear, path, goes_on)
            library.avClientStop(ear)

    works = {START_VIDEO: show if options.file else None, START_AUDIO: lambda: speak(library, index, goes_on),
             SPEAK: listen if options.listen else None}  # fmt: skip
    while True:
        size = library.avRecvIOCtrl(index, byref(kind), body, len(body), 1000)
        if size == TIMEOUT:
            continue
        if size < 0:
            say(f"left: {size}")
            break
        if kind.value == INFO:
            library.avSendIOCtrl(index, INFO + 1, bytes(68), 68)
        work = works.pop(kind.value, None)
        if work:
            threads.append(threading.Thread(target=work))
            threads[-1].start()
    is_over.set()
    for thread in threads:
        thread.join()


def main():
    parser = argparse.ArgumentParser()
    roles = parser.add_subparsers(dest="role", required=True)
    for role in ("viewer", "camera"):
        one = roles.add_parser(role)
        one.add_argument("library")
        one.add_argument("uid")
        if role == "viewer":
            one.add_argument("seconds", type=float)
        one.add_argument("mode", type=int)
        one.add_argument("--key")
        if role == "viewer":
            one.add_argument("--account", default=ACCOUNT.decode())
            one.add_argument("--password", default=PASSWORD.decode())
            one.add_argument("--video")
            one.add_argument("--audio")
            one.add_argument("--speak", type=int)
            one.add_argument("--token", action="store_true")
        else:
            one.add_argument("--file", nargs=2)
            one.add_argument("--token")
            one.add_argument("--listen", nargs=2)
    options = parser.parse_args()
    library = ctypes.CDLL(options.library)
    library.IOTC_Initialize2(0)
    library.avInitialize(8)
    {"viewer": viewer, "camera": camera}[options.role](library, options)


main()
