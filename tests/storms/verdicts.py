"""What must hold after a storm, wherever it was."""

from __future__ import annotations

from mlops_ci.report.section import Section, parse_comment
from tests.registry.making import MODEL
from tests.storms.scenario import Moment, Storm

_WANTS = {"dispatch": "alias", "run": "alias", "workflow": "register", "hook": "register"}


def require_sections(storm: Storm, bodies: list[str]) -> list[Section]:
    """One comment of ours, with the newest section of each model; none where nobody could have written it."""
    spoken = [job for job in storm.jobs if job not in storm.turned_away and not job.lands > 1]
    if not bodies:
        assert spoken == [], "there is no comment"
        return []
    assert len(bodies) == 1, f"there are {len(bodies)} comments"
    [body] = bodies
    sections = parse_comment(body)
    standing = {section.model: section.moment for section in sections}
    assert len(standing) == len(sections)
    for model in {job.model for job in storm.jobs}:
        mine = [job for job in storm.jobs if job.model == model and not job.lands > 1]
        least = max((storm.ended[job] for job in mine if job in spoken), default=(0, 0))
        # Of a job that was killed and then found the pull request closed, its first attempt may stand.
        known: list[Moment] = [moment for job in mine for moment in storm.begun[job]]
        found = standing.pop(model, (0, 0))
        assert found >= least and found in [*known, (0, 0)], f"{model}: {found}, not {least}"
        job = next((job for job in mine if found in storm.begun[job]), None)
        if job:
            section = next(section for section in sections if section.model == model)
            assert (section.outcome, section.sha) == (job.outcome, job.commit), "a section is a mixture"
    assert standing == {}, f"sections of nobody: {standing}"
    return sections


def require_heard(storm: Storm, sink: str) -> None:
    """A receiver has heard of everything, in order, and of nothing more often than lost answers and deaths explain."""
    operation = _WANTS[sink]
    due = [2 * version - (operation == "register") for version in range(1, len(storm.landed) + 1)]
    numbers = [int(each.removeprefix(f"{storm.workspace}/{MODEL}/")) for each in storm.site.arrived(sink)]
    first = list(dict.fromkeys(numbers))
    assert first == sorted(first) and set(first) <= set(due), f"{sink} hears {numbers}"
    for seq in set(due) - set(first):
        marker = storm.store.objects[f"events/{sink}/{MODEL}/{seq:020d}.done.json"]
        assert b'"superseded"' in marker, f"{sink} never hears of {seq}"
    died = sum(key.startswith(f"events/{sink}/") for key in storm.unmarked)
    assert len(numbers) - len(first) <= storm.site.lost_answers(sink) + died, f"{sink} hears twice: {numbers}"
