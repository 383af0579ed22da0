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
    rf"(?:(?:#(?P<stage>{_NAME})|@(?P<version>{_SEMVER}))(?P<cancel>!?)|@(?P<word>deprecated|created))(?:#(?P<count>[0-9]+))?"
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
    """A registered version, and the stages it has, each with its place among all assignments."""

    version: str
    tag: GitTag
    stages: dict[str, int] = field(default_factory=dict)


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
        """The version of each stage: of those that have it, the one that got it last, as ``gto show`` says."""
        given = [
            (place, stage, item.version) for item in self.versions.values() for stage, place in item.stages.items()
        ]
        return {stage: version for _, stage, version in sorted(given)}


def read_tags(tags: Iterable[GitTag]) -> dict[str, GtoArtifact]:
    """What all tags say together, by artifact; tags of another grammar are somebody else's."""
    artifacts: dict[str, GtoArtifact] = {}
    matched = [(tag, match) for tag in tags if (match := _TAG.fullmatch(tag.name))]
    # Times are whole seconds; GTO counts its tags, too, and what it says goes in steps.
    matched.sort(key=lambda item: (item[0].time, int(item[1]["count"] or 0), _step(item[1])))
    for place, (tag, match) in enumerate(matched):
        name = match["artifact"].replace("=", ":")
        artifact = artifacts.setdefault(name, GtoArtifact(name))
        artifact.deprecated = match["word"] == "deprecated"
        if match["version"] and match["cancel"]:
            artifact.versions.pop(match["version"], None)
        elif match["version"]:
            artifact.versions.setdefault(match["version"], GtoVersion(match["version"], tag))
        elif match["stage"]:
            _assign(artifact, match["stage"], tag, None if match["cancel"] else place)
    return artifacts


def _step(tag: re.Match[str]) -> int:
    """Where a tag comes among those of one second: a version, its stage, and the ends of both."""
    if tag["word"] == "deprecated":
        return 4
    return (3 if tag["cancel"] else 0) if tag["version"] else (2 if tag["cancel"] else 1)


def _assign(artifact: GtoArtifact, stage: str, tag: GitTag, place: int | None) -> None:
    """Give a stage to the versions of a commit, or take it away where there is no place for it."""
    there = [item for item in artifact.versions.values() if item.tag.commit == tag.commit]
    if not there and place is not None:
        artifact.lost[stage] = tag.commit
    for item in there:
        item.stages.pop(stage, None)
        if place is not None:
            item.stages[stage] = place


def precedence(version: str) -> tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]:
    """The order of semantic versions: a prerelease comes before its release; numbers before words."""
    core, _, prerelease = version.removeprefix("v").partition("+")[0].partition("-")
    words = tuple(
        (not word.isdecimal(), int(word) if word.isdecimal() else 0, word) for word in prerelease.split(".") if word
    )
    return tuple(map(int, core.split("."))), not prerelease, words
