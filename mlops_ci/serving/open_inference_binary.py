"""The protocol's extension for binary tensor data: JSON first, as long as a header says, then the bytes of tensors.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/binary_data_extension.md
Numbers are little-endian and row-major; each text is preceded by its length in four bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlops_ci.serving.contracts import RequestError

HEADER_LENGTH = b"inference-header-content-length"


def split(body: bytes, header_length: bytes | None) -> tuple[bytes, memoryview]:
    """The JSON of a body, and the binary data after it.

    Raises:
        RequestError: the header is not the length of something in the body.
    """
    if header_length is None:
        return body, memoryview(b"")
    if not header_length.isdigit() or len(header_length) > 12 or int(header_length) > len(body):
        raise RequestError(400, "Inference-Header-Content-Length is not the length of the JSON in the body")
    length = int(header_length)
    return body[:length], memoryview(body)[length:]


def array_of(data: memoryview, dtype: np.dtype[Any], shape: Sequence[int], name: str) -> np.ndarray[Any, Any]:
    """The tensor in some bytes.

    Raises:
        RequestError: they are more or less than the tensor has, or no UTF-8.
    """
    count = int(np.prod(shape, dtype=object))
    if dtype.kind == "O":
        texts = _texts(data, count, name)
        array = np.empty(count, object)
        array[:] = texts
        return array.reshape(shape)
    if len(data) != count * dtype.itemsize:
        raise RequestError(400, f'input "{name}" has {len(data)} bytes, its shape has {count * dtype.itemsize}')
    if dtype.kind == "b":
        return np.asarray(np.frombuffer(data, np.uint8) != 0).reshape(shape)
    return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype, copy=False).reshape(shape)


def bytes_of(array: np.ndarray[Any, Any]) -> bytes:
    """The bytes of a tensor."""
    if array.dtype.kind in "OUS":
        encoded = [str(text).encode() for text in array.reshape(-1).tolist()]
        return b"".join(struct.pack("<I", len(text)) + text for text in encoded)
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False)).tobytes()


def _texts(data: memoryview, count: int, name: str) -> list[str]:
    texts: list[str] = []
    at = 0
    try:
        while at < len(data) and len(texts) <= count:
            (size,) = struct.unpack_from("<I", data, at)
            at += 4 + size
            if at > len(data):
                raise ValueError("cut short")
            texts.append(str(data[at - size : at], "utf-8"))
    except (struct.error, ValueError) as error:
        raise RequestError(400, f'the bytes of input "{name}" are no texts with their lengths') from error
    if len(texts) != count or at != len(data):
        raise RequestError(400, f'input "{name}" has another number of texts than its shape')
    return texts
