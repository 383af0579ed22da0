"""The words for people in a chat."""

from __future__ import annotations

from mlops_ci.records.event import CloudEvent

_METRICS = 5
_LONGEST = 60
_LONGEST_REASON = 300


def headline(event: CloudEvent) -> str:
    """What happened, in one line of plain text."""
    news = event.data
    test = "A test, nothing happened: " if news.test else ""
    if news.event == "model-registered":
        return f"{test}{news.model} v{news.version} is registered"
    if news.event == "deployment-failed":
        return f"{test}{_shown(news.deployment or '')}: {news.model} v{news.version} failed"
    if news.event == "deployment-deleted":
        return f"{test}{_shown(news.deployment or '')} is no more: {news.model} v{news.version} served there"
    if news.event == "model-deployed":
        before = f", instead of v{news.previous}" if news.previous else ""
        return f"{test}{news.model} v{news.version} now serves as {_shown(news.deployment or '')}{before}"
    before = f", after v{news.previous}" if news.previous else ""
    return f"{test}{news.model} v{news.version} is now {news.alias}{before}"


def details(event: CloudEvent) -> tuple[str, ...]:
    """Lines of plain text, all foreign words of which are short and printable."""
    news = event.data
    numbers = [f"{_shown(name)} {value:.4g}" for name, value in sorted(news.metrics.items()) if value is not None]
    lines = (
        f"commit {news.commit[:7]}" if news.commit else None,
        f"verdict: {news.verdict}" if news.verdict else None,
        f"why: {_shown(news.reason, _LONGEST_REASON)}" if news.reason else None,
        f"at {_shown(news.endpoint, _LONGEST_REASON)}" if news.endpoint else None,
        ", ".join(numbers[:_METRICS]) or None,
        f"mlops-ci models show {news.model}@v{news.version}",
    )
    return tuple(line for line in lines if line)


def _shown(text: str, longest: int = _LONGEST) -> str:
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line if len(line) <= longest else line[:longest] + "…"
