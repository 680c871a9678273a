#!/usr/bin/env python3
"""Audio of ours for scripts/matrix, over the C library of this project: frames of 640 bytes, each 40 ms.

audio.py viewer LIBRARY UID SECONDS OUT
audio.py camera LIBRARY UID FRAMES
"""

import ctypes
import sys
import time

START_AUDIO, SIZE, NO_DATA, LOST = 0x0300, 640, (-20012, -20011), -20014


def check(negative):
    if negative < 0:
        sys.exit(f"error {negative}")
    return negative


def viewer(library, uid, seconds, out):
    session = check(library.IOTC_Connect_ByUID_Parallel(uid, check(library.IOTC_Get_SessionID())))
    resend = ctypes.c_int()
    av = check(library.avClientStart2(session, b"admin", b"password", 8, None, 0, ctypes.byref(resend)))
    check(library.avSendIOCtrl(av, START_AUDIO, bytes(8), 8))
    data, info, number = ctypes.create_string_buffer(1 << 16), ctypes.create_string_buffer(64), ctypes.c_uint()
    until, lost = time.monotonic() + float(seconds), 0
    with open(out, "wb") as file:
        while time.monotonic() < until:
            size = library.avRecvAudioData(av, data, len(data), info, len(info), ctypes.byref(number))
            if size >= 0:
                file.write(data.raw[:size])
            elif size in NO_DATA:
                time.sleep(0.005)
            elif size == LOST:
                lost += 1
            else:
                check(size)
    print(f"{lost} lost", flush=True)
    library.avClientStop(av)
    library.IOTC_Session_Close(session)


def camera(library, uid, frames):
    let_in = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p)(lambda _account, _password: 1)
    check(library.IOTC_Device_Login(uid, b"camera", b""))
    print("ready", flush=True)
    session, resend = check(library.IOTC_Listen(0)), ctypes.c_int()
    av = check(library.avServStart3(session, let_in, 20, 0, 0, ctypes.byref(resend)))
    kind, body = ctypes.c_uint(), ctypes.create_string_buffer(4096)
    while kind.value != START_AUDIO:
        check(library.avRecvIOCtrl(av, ctypes.byref(kind), body, len(body), 60000))
    for number in range(int(frames)):
        data = bytes((place * 97 + number) & 0xFF for place in range(SIZE))
        info = bytes((0x8C, 0, 2)) + bytes(9) + (time.monotonic_ns() // 1_000_000 & 0xFFFFFFFF).to_bytes(4, "little")
        check(library.avSendAudioData(av, data, len(data), info, len(info)))
        time.sleep(0.04)
    print(f"sent {frames} frames", flush=True)
    time.sleep(60)


def main():
    role, library, uid, *rest = sys.argv[1:]
    library = ctypes.CDLL(library)
    check(library.IOTC_Initialize2(0))
    check(library.avInitialize(4))
    {"viewer": viewer, "camera": camera}[role](library, uid.encode(), *rest)


main()
