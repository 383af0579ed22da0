"""Keys as paths of a git tree, and back; pure."""

from __future__ import annotations

from urllib.parse import quote, unquote

from mlops_ci.errors import IntegrityError
from mlops_ci.workspace.keys import require_key

_LITERAL = " !#$&'()+,;=@[]^`{}"


def path_of(key: str) -> str:
    """The path of a key.

    Hosts refuse trees with names that some file system takes for ``.git``, and give ``.gitmodules`` a meaning. A dot
    at the beginning of a name and whatever is not plain ASCII is therefore written as in URLs.

    Raises:
        IntegrityError: the key leaves the workspace.
    """
    return "/".join(map(_name, require_key(key).parts))


def key_of(path: str) -> str | None:
    """The key of a path; None where somebody else has put a file that no key leads to."""
    key = unquote(path, errors="surrogateescape")
    try:
        return key if path_of(key) == path else None
    except IntegrityError:
        return None


def _name(part: str) -> str:
    quoted = quote(part, safe=_LITERAL).replace("~", "%7E")
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted
