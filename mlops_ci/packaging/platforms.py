"""The platforms that images are made for. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_ci.errors import UsageError
from mlops_ci.packaging.oci import Descriptor

# How uv calls the oldest C library that wheels may want: that of Debian 11 and all that is newer.
_WHEELS = {"linux/amd64": "x86_64-manylinux_2_31", "linux/arm64": "aarch64-manylinux_2_31"}


def wheels_for(platform: str) -> str:
    """The platform in uv's words."""
    return _WHEELS[platform]


def choose(manifests: Sequence[Descriptor], platform: str, where: str) -> Descriptor:
    """The manifest of an index that is for a platform.

    Raises:
        UsageError: there is none.
    """
    system, architecture = platform.split("/")
    known: set[str] = set()
    for each in manifests:
        stated = each.platform or {}
        if (stated.get("os"), stated.get("architecture")) == (system, architecture):
            return each
        if stated.get("os") not in {None, "unknown"}:  # what is attached has an unknown platform
            known.add("/".join(filter(None, (stated.get("os"), stated.get("architecture"), stated.get("variant")))))
    hint = f"it has {', '.join(sorted(known))}: mend image.platform" if known else "choose another image.base"
    raise UsageError(f"the base is not made for {platform}", where=where, hint=hint)
