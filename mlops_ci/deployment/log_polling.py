"""Follows logs that can only be read, not listened to: asks again, and tells what is new. Lines have time stamps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

Read = Callable[[], Mapping[str, list[str]]]
_PAUSE = 2.0


def polled(read: Read, is_over: Callable[[], bool], sleep: Callable[[float], None], *, follow: bool) -> Iterator[str]:
    """The lines of all sources, in the order of their stamps, without them.

    Args:
        read: the lines that each source has now, each beginning with its stamp (RFC 3339) and a space. A source may
            have forgotten its oldest lines. With more than one, or once there were more, each line says its source.
        is_over: whether nothing will be written any more.
        sleep: waits between two looks.
        follow: go on until it is over.
    """
    last: dict[str, str] = {}
    while True:
        # Asked first, so that what is written between the two is read.
        over = not follow or is_over()
        new: list[tuple[str, str, str]] = []
        for source, lines in read().items():
            for line in _after(lines, last.get(source)):
                stamp, _, text = line.partition(" ")
                new.append((stamp, source, text))
                last[source] = line
        # Stable: lines of one source that have one stamp stay as they were written.
        for _, source, text in sorted(new, key=lambda item: item[0]):
            yield f"{source}: {text}" if source else text
        if over:
            return
        sleep(_PAUSE)


def _after(lines: list[str], last: str | None) -> list[str]:
    """What follows the line that was told last."""
    if last is None:
        return lines
    for index in range(len(lines) - 1, -1, -1):
        if lines[index] == last:
            return lines[index + 1 :]
    stamp = last.partition(" ")[0]
    return [line for line in lines if line.partition(" ")[0] > stamp]
