"""H.264 streams with access unit delimiters: cutting and comparing them."""

import os

DELIMITER = b"\0\0\0\1\x09"


def access_units(path):
    """The access units of a file, as a camera cuts it."""
    data = open(path, "rb").read() if os.path.exists(path) else b""
    starts, at = [], data.find(DELIMITER)
    while at >= 0:
        starts.append(at)
        at = data.find(DELIMITER, at + 1)
    return [data[begin:end] for begin, end in zip(starts, starts[1:] + [len(data)])]


def is_key(unit):
    """Whether an access unit has a slice of an IDR picture."""
    return b"\0\0\1\x65" in unit


def checksum(data):
    """FNV-1a in 32 bits."""
    result = 2166136261
    for byte in data:
        result = (result ^ byte) * 16777619 & 0xFFFFFFFF
    return result


def compare(sent, received):
    """How many of the frames received are, byte for byte and in order, frames sent; and the numbers of those missing."""
    places = {}
    for number, unit in enumerate(sent):
        places.setdefault(unit, []).append(number)
    last, found = -1, set()
    for unit in received:
        number = next((place for place in places.get(unit, ()) if place > last), None)
        if number is not None:
            last = number
            found.add(number)
    return len(found), [number for number in range(len(sent)) if number not in found]
