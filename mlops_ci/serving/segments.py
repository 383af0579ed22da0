"""Segments of collected requests: lines of JSON, compressed, under a name that says what is in them. Pure.

A name is the time of the first request, the number of requests, and the digest of the bytes: the same segment is never
two objects, however often it is sent, and a damaged one shows.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.collected import COLLECTED_FORMAT, CollectedBodies, CollectedRequest, SegmentHead
from mlops_ci.serving.score_rows import columns_answered, columns_asked

_NAME = re.compile(r"([0-9]{8}T[0-9]{9}Z)-([0-9]+)-([0-9a-f]{64})\.jsonl\.gz")
_TIME = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z")
_QUICK = 1  # the level of compression: it runs beside the model
_LARGEST = 256 << 20
_BODIES = b'{"answered":'  # what the line of CollectedBodies begins with


def pack(head: SegmentHead, lines: bytes) -> tuple[str, bytes]:
    """A segment's name and bytes, a function of what is in it; each line ends with a line feed."""
    number = lines.count(b"\n")
    data = gzip.compress(encode(head) + b"\n" + lines, _QUICK, mtime=0)
    moment = re.sub(r"[-:.]", "", head.started)
    return f"{moment}-{number}-{hashlib.sha256(data).hexdigest()}.jsonl.gz", data


def requests_in(name: str) -> int | None:
    """The number of requests that a segment's name tells; None for anything else's."""
    match = _NAME.fullmatch(name)
    return int(match[2]) if match else None


def unpack(name: str, data: bytes) -> tuple[SegmentHead, list[CollectedRequest]]:
    """What is in a segment.

    Raises:
        IntegrityError: it is not what its name says, or nothing that this program can read.
    """
    match = _NAME.fullmatch(name)
    if match is None or hashlib.sha256(data).hexdigest() != match[3]:
        raise IntegrityError("a segment of collected requests is damaged", where=name)
    stream = zlib.decompressobj(31)
    try:
        text = stream.decompress(data, _LARGEST)
    except zlib.error as error:
        raise IntegrityError(f"a segment of collected requests is damaged: {error}", where=name) from error
    if not stream.eof:
        raise IntegrityError("a segment of collected requests is cut short, or too large", where=name)
    first, *lines = text.removesuffix(b"\n").split(b"\n")
    head = decode(first, SegmentHead, where=name)
    if head.format > COLLECTED_FORMAT:
        raise IntegrityError(f"a segment has the format {head.format}", where=name, hint="use a newer mlops-ci")
    requests = [_request(line, head, name) for line in lines]
    for each in requests:
        if any(len(values) != each.rows for part in (each.inputs or {}, each.outputs) for values in part.values()):
            raise IntegrityError("a segment has columns of different lengths", where=name)
        if not _TIME.fullmatch(each.time):
            raise IntegrityError("a segment has a request without a time", where=name)
    return head, requests


def _request(line: bytes, head: SegmentHead, where: str) -> CollectedRequest:
    if not line.startswith(_BODIES):
        return decode(line, CollectedRequest, where=where)
    kept = decode(line, CollectedBodies, where=where)
    names = [column.name for column in head.columns]
    inputs = None if kept.asked is None else columns_asked(kept.asked, names)
    outputs = columns_answered(kept.answered)
    return CollectedRequest(kept.id, kept.time, kept.status, kept.seconds, kept.rows, inputs, outputs)
