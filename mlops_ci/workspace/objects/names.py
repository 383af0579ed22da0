"""Keys as names of objects: the same text, but for what some storage would not keep as it is."""

from __future__ import annotations

import re
from urllib.parse import unquote

# Control characters and non-characters break listings in XML; Azure turns a backslash into a slash and drops dots at
# the end of a segment, XML readers drop spaces there. The percent sign is what the others are escaped with.
_FRAGILE = re.compile("[\x00-\x1f\x7f-\x9f\\\\%\ufffe\uffff\u2028\u2029]|\\.(?=/|\\Z)|\\A\\s|\\s\\Z|(?<=/)\\s|\\s(?=/)")


def name_of(key: str) -> str:
    """The object name of a key."""
    return _FRAGILE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), key)


def key_of(name: str) -> str:
    """The key of an object name."""
    return unquote(name)
