"""The comment on a pull request: the sections of all models, as long as the host allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mlops_ci.report.section import PARTS, Section, marker, part

_SHORTENED = part("cut", "*Shortened: the whole report is on the page of the run.*")
# What is left out first, step by step; a step is taken in all sections, calm ones first, before the next.
_STEPS: tuple[frozenset[str], ...] = (
    frozenset({"details"}),
    frozenset({"slices"}),
    frozenset({"charts"}),
    frozenset({"rules", "notes", "changes"}),
    frozenset(PARTS) - {"headline"},
)


def render_comment(repository: str, sections: Sequence[Section], limit: int) -> str:
    """The body of a comment of at most ``limit`` bytes.

    Too much is shortened by whole parts: folded details, slices, charts, then all but the decision and what to do
    next; of models that ask nobody to act before those that do. The decision on every model stays, unless there are so
    many models that their headlines alone are too long: then their number is said.

    Args:
        repository: as the host calls it.
        sections: merged, so in the order in which they are to stand.
        limit: of the body in UTF-8.
    """
    head = marker(repository) + "\n"
    shown = list(sections)
    sizes = [_size(section) for section in shown]
    room = limit - len(head.encode()) - max(0, len(shown) - 1)  # a newline between sections
    for index, shortened in _shortenings(shown):
        if sum(sizes) <= room:
            break
        shown[index] = shortened
        sizes[index] = _size(shortened)
    hidden = 0
    while shown and sum(sizes) > room - (len(_hidden(hidden).encode()) if hidden else 0):
        hidden += 1
        shown.pop()
        sizes.pop()
    return head + "\n".join(section.text() for section in shown) + (_hidden(hidden) if hidden else "")


def _shortenings(sections: list[Section]) -> Iterator[tuple[int, Section]]:
    """Each section, one step shorter, as it stands in the list by then."""
    for step in _STEPS:
        for index in reversed(range(len(sections))):
            shortened = _without(sections[index], step)
            if shortened != sections[index]:
                yield index, shortened


def _without(section: Section, names: frozenset[str]) -> Section:
    kept = tuple(item for item in section.parts if item[0] not in names)
    if len(kept) == len(section.parts):
        return section
    if "cut" not in names and not any(name == "cut" for name, _ in kept):
        kept = tuple(sorted((*kept, _SHORTENED), key=lambda item: PARTS.index(item[0])))
    return replace(section, parts=kept)


def _size(section: Section) -> int:
    return len(section.text().encode())


def _hidden(count: int) -> str:
    return f"\n{count:,} more models are not shown here: see the pages of their runs.\n"
