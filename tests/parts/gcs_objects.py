"""What the stand-in for Google Cloud Storage keeps, and how it shows it."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from tests.parts.loopback import Answer, Request

_SMALLEST_PART = 5 << 20


@dataclass(frozen=True)
class Kept:
    """An object."""

    data: bytes
    generation: int
    kind: str
    modified: float

    @property
    def tag(self) -> str:
        """The ETag."""
        return f'"{hashlib.md5(self.data).hexdigest()}-{self.generation}"'

    def headers(self) -> dict[str, str]:
        """What tells its version."""
        return {
            "ETag": self.tag,
            "x-goog-generation": str(self.generation),
            "Last-Modified": formatdate(self.modified, usegmt=True),
        }


def ranged(kept: Kept, request: Request) -> Answer:
    """An object, or the range of it that is asked for."""
    size, headers = len(kept.data), kept.headers() | {"Content-Type": kept.kind, "Accept-Ranges": "bytes"}
    if request.method == "HEAD":
        return Answer(200, b"", headers | {"Content-Length": str(size)})
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if not match:
        return Answer(200, kept.data, headers)
    if match[1]:
        start, end = int(match[1]), min(int(match[2] or size), size - 1)
    else:
        start, end = max(0, size - int(match[2])), size - 1
    if start >= size:
        return Answer(416, b"<Error><Code>InvalidRange</Code></Error>", {"Content-Range": f"bytes */{size}"})
    return Answer(206, kept.data[start : end + 1], headers | {"Content-Range": f"bytes {start}-{end}/{size}"})


def listing(objects: Mapping[str, Kept], query: Mapping[str, str], bucket: str, page: int) -> Answer:
    """One page of the names that start with a prefix, in the order of their bytes."""
    after = query.get("continuation-token") or query.get("start-after", "")
    delimiter, prefix = query.get("delimiter", ""), query.get("prefix", "")
    entries = {_folded(name, prefix, delimiter) for name in objects if name.startswith(prefix)}
    names = sorted((name for name in entries if name.encode() > after.encode()), key=str.encode)
    shown = names[: min(page, int(query.get("max-keys", "1000")))]
    more = len(shown) < len(names)
    folders = "".join(
        f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in shown if name not in objects
    )
    contents = "".join(
        f"<Contents><Key>{escape(name)}</Key><Size>{len(objects[name].data)}</Size>"
        f"<LastModified>{datetime.fromtimestamp(objects[name].modified, UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ')}"
        f"</LastModified><ETag>{escape(objects[name].tag)}</ETag></Contents>"
        for name in shown
        if name in objects
    )
    token = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
    body = (
        f"<ListBucketResult><Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(shown)}</KeyCount>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{contents}{folders}</ListBucketResult>"
    )
    return Answer(200, body.encode(), {"Content-Type": "application/xml; charset=UTF-8"})


def _folded(name: str, prefix: str, delimiter: str) -> str:
    """A name as a listing shows it: up to the first delimiter behind the prefix."""
    end = name.find(delimiter, len(prefix)) if delimiter else -1
    return name if end < 0 else name[: end + len(delimiter)]


@dataclass
class Uploads:
    """Multipart uploads that have begun and have neither been completed nor aborted."""

    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def begin(self, bucket: str, name: str) -> Answer:
        """Begin one."""
        upload = uuid.uuid4().hex
        self.parts[upload] = {}
        body = (
            f"<InitiateMultipartUploadResult><Bucket>{bucket}</Bucket><Key>{escape(name)}</Key>"
            f"<UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
        )
        return Answer(200, body.encode())

    def take(self, upload: str, number: int, data: bytes) -> str | None:
        """Keep a part; returns its tag, None where there is no such upload."""
        if upload not in self.parts:
            return None
        self.parts[upload][number] = data
        return _tag(data)

    def complete(self, upload: str, order: bytes) -> bytes | Answer:
        """The whole object, out of the parts that the order names."""
        parts = self.parts.get(upload)
        if parts is None:
            return Answer(404, b"<Error><Code>NoSuchUpload</Code></Error>")
        named = [
            (int(part.findtext("{*}PartNumber") or 0), part.findtext("{*}ETag") or "")
            for part in ET.fromstring(order).iter()
            if part.tag.endswith("Part")
        ]
        numbers = [number for number, _ in named]
        if not named or numbers != sorted(set(numbers)):
            return Answer(400, b"<Error><Code>InvalidPartOrder</Code></Error>")
        if any(number not in parts or tag != _tag(parts[number]) for number, tag in named):
            return Answer(400, b"<Error><Code>InvalidPart</Code></Error>")
        if any(len(parts[number]) < _SMALLEST_PART for number in numbers[:-1]):
            return Answer(400, b"<Error><Code>EntityTooSmall</Code></Error>")
        del self.parts[upload]
        return b"".join(parts[number] for number in numbers)

    def abort(self, upload: str) -> None:
        """Forget one."""
        self.parts.pop(upload, None)


def _tag(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'
