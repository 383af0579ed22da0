"""What the tests know of a storage that runs: how to reach it, and who may."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bucket:
    """A bucket of a running storage, as URL parts and environment variables."""

    scheme: str
    name: str
    endpoint: str
    environ: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)

    def url(self, prefix: str = "", *, bucket: str | None = None, endpoint: str | None = None) -> str:
        """The workspace's URL below a prefix."""
        query = "&".join(
            f"{name}={value}" for name, value in ({"endpoint": endpoint or self.endpoint} | self.settings).items()
        )
        return f"{self.scheme}://{bucket or self.name}{'/' if prefix else ''}{prefix}?{query}"
