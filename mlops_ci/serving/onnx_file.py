"""An ONNX file is somebody else's: what it would make ONNX Runtime read is looked at before it is loaded.

Weights may lie in other files, which the model names by path. The file is read as Protocol Buffers' wire format
(https://protobuf.dev/programming-guides/encoding/), as far as the fields of onnx.proto that lead to tensors, so that
the package onnx is not needed.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from mlops_ci.errors import IntegrityError

# Message -> field number -> the message in it; fields of onnx.proto.
_INTO = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_EXTERNAL_DATA, _KEY, _VALUE = 13, 1, 2
_DEEPEST = 64  # graphs within nodes of graphs; recursion has to end


def check_onnx_file(path: Path, folder: Path) -> None:
    """Make sure that a model is a file of its package, and that all it refers to lies there, too.

    Raises:
        IntegrityError: it is missing, no ONNX, or refers to a file outside of ``folder``.
    """
    root = folder.resolve()
    if not path.resolve().is_relative_to(root):
        raise IntegrityError("the model lies outside of its package", where=path.name)
    if not path.is_file():
        raise IntegrityError("the package lacks its model", where=path.name, hint="make the package again")
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise IntegrityError("not an ONNX model: the file is empty", where=path.name)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                # Trees have millions of small fields; nearly no model has the word, without which there is no path.
                locations = set(_locations(data, 0, len(data), "model", 0)) if data.find(b"location") >= 0 else set()
            except (IndexError, UnicodeDecodeError, ValueError) as error:
                raise IntegrityError("not an ONNX model: the file is damaged", where=path.name) from error
    for location in locations:
        if "\0" in location or not (path.parent / location).resolve().is_relative_to(root):
            what = f"the model wants to read a file outside of its package: {location[:100]!r}"
            raise IntegrityError(what, where=path.name, hint="save the model with its weights inside")


def _locations(data: mmap.mmap, at: int, end: int, message: str, depth: int) -> Iterator[str]:
    """The paths of other files in a message."""
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    for number, begins, ends in _fields(data, at, end):
        if message == "tensor":
            if number == _EXTERNAL_DATA:
                entry = {key: data[first:last].decode() for key, first, last in _fields(data, begins, ends)}
                if entry.get(_KEY) == "location":
                    yield entry.get(_VALUE, "")
        elif inner := _INTO[message].get(number):
            yield from _locations(data, begins, ends, inner, depth + 1)


def _fields(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a message that have a length: number, first byte, byte after the last."""
    while at < end:
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 2:
            size, at = _varint(data, at)
            if at + size > end:
                raise ValueError("cut short")
            yield tag >> 3, at, at + size
            at += size
        elif wire == 0:
            _, at = _varint(data, at)
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise ValueError("an unknown wire type")
    if at != end:
        raise ValueError("cut short")


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
