"""GTO's grammar of git tags, and what its tags say together. Pure.

``name@v1.2.3`` registers a version, ``name@v1.2.3!`` takes it back; ``name#stage`` gives a stage to the version of the
same commit, ``name#stage!`` takes it away; ``name@deprecated`` ends an artifact. Any may end in ``#`` and a number.
In a tag ``=`` stands for the ``:`` between a folder and a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z0-9](?:[a-zA-Z0-9\-/_]*[a-zA-Z0-9])?"
_PART = r"(?:0|[1-9]\d*)"
_PRERELEASE = rf"(?:{_PART}|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_SEMVER = rf"v{_PART}\.{_PART}\.{_PART}(?:-{_PRERELEASE}(?:\.{_PRERELEASE})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
_TAG = re.compile(
    rf"(?P<artifact>(?:[a-zA-Z0-9\-_./]+=)?{_NAME})"
    rf"(?:(?:#(?P<stage>{_NAME})|@(?P<version>{_SEMVER}))(?P<cancel>!?)|@(?P<word>deprecated|created))(?:#[0-9]+)?"
)


@dataclass(frozen=True, slots=True)
class GitTag:
    """An annotated tag: its commit, its time (epoch seconds), who made it, and what it says."""

    name: str
    commit: str
    time: int
    tagger: str
    message: str


@dataclass(slots=True)
class GtoVersion:
    """A registered version, and the stages it has."""

    version: str
    tag: GitTag
    stages: set[str] = field(default_factory=set)


@dataclass(slots=True)
class GtoArtifact:
    """An artifact; ``lost`` are stages of commits that have no version."""

    name: str
    versions: dict[str, GtoVersion] = field(default_factory=dict)
    deprecated: bool = False
    lost: dict[str, str] = field(default_factory=dict)

    def in_order(self) -> list[GtoVersion]:
        """The versions as they were registered; those of one second by their numbers."""
        return sorted(self.versions.values(), key=lambda item: (item.tag.time, precedence(item.version)))

    def stages(self) -> dict[str, str]:
        """The version of each stage: the highest that has it, as ``gto show`` says."""
        found: dict[str, str] = {}
        for item in sorted(self.versions.values(), key=lambda item: precedence(item.version)):
            found |= dict.fromkeys(sorted(item.stages), item.version)
        return found


def read_tags(tags: Iterable[GitTag]) -> dict[str, GtoArtifact]:
    """What all tags say together, by artifact; tags of another grammar are somebody else's."""
    artifacts: dict[str, GtoArtifact] = {}
    for tag in sorted(tags, key=lambda tag: tag.time):
        match = _TAG.fullmatch(tag.name)
        if match is None:
            continue
        name = match["artifact"].replace("=", ":")
        artifact = artifacts.setdefault(name, GtoArtifact(name))
        artifact.deprecated = match["word"] == "deprecated"
        if match["version"] and match["cancel"]:
            artifact.versions.pop(match["version"], None)
        elif match["version"]:
            artifact.versions.setdefault(match["version"], GtoVersion(match["version"], tag))
        elif match["stage"]:
            _assign(artifact, match["stage"], tag, cancel=bool(match["cancel"]))
    return artifacts


def _assign(artifact: GtoArtifact, stage: str, tag: GitTag, *, cancel: bool) -> None:
    there = [item for item in artifact.versions.values() if item.tag.commit == tag.commit]
    if not there and not cancel:
        artifact.lost[stage] = tag.commit
    for item in there:
        (item.stages.discard if cancel else item.stages.add)(stage)


def precedence(version: str) -> tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]:
    """The order of semantic versions: a prerelease comes before its release; numbers before words."""
    core, _, prerelease = version.removeprefix("v").partition("+")[0].partition("-")
    words = tuple(
        (not word.isdecimal(), int(word) if word.isdecimal() else 0, word) for word in prerelease.split(".") if word
    )
    return tuple(map(int, core.split("."))), not prerelease, words
