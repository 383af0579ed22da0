"""The actions of others that we use, each pinned to a commit; the one place to change."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Action -> the commit, and the release that it is.
PINS: Mapping[str, tuple[str, str]] = {
    "actions/cache": ("0057852bfaa89a56745cba8c7296529d2fc39830", "v4.3.0"),
    "actions/checkout": ("08c6903cd8c0fde910a37f88322edcfb5dd907a8", "v5.0.0"),
    "actions/download-artifact": ("634f93cb2916e3fdff6788551b99b062d0335ce0", "v5.0.0"),
    "actions/setup-python": ("a26af69be951a213d495a4c3e4e4022e16d87065", "v5.6.0"),
    "actions/upload-artifact": ("ea165f8d65b6e75b540449e92b4886f43607fa02", "v4.6.2"),
}
_USES = re.compile(r"(uses: )(actions/[a-z-]+)((?:/[a-z-]+)*)$", re.MULTILINE)


def pinned(yaml: str) -> str:
    """Pin every ``uses: actions/...`` of a YAML text that names no version, with the release as a comment."""

    def pin(found: re.Match[str]) -> str:
        commit, release = PINS[found[2]]
        return f"{found[0]}@{commit} # {release}"

    return _USES.sub(pin, yaml)
