"""The five commits of the demo, as edits of the bundled example."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.records.report import CiOutcome


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace one piece of text by another; the old one stands exactly once in the file."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A commit, what it is about, and what has to come of it."""

    message: str
    about: str
    edits: tuple[Edit, ...]
    outcome: CiOutcome
    exit_code: int


STORY = (
    Chapter(
        message="Train a first model",
        about="The hour, the distance and the carrier. Nothing to compare with yet.",
        edits=(),
        outcome="promoted",
        exit_code=0,
    ),
    Chapter(
        message="Add the weather and the delays at the airport",
        about="A real improvement.",
        edits=(
            Edit(
                "features.py",
                'NUMERIC = ["hour", "distance"]\nCATEGORICAL = ["carrier"]\n',
                'NUMERIC = [\n    "month",\n    "weekday",\n    "hour",\n    "distance",\n    "plane_age",\n'
                '    "temperature",\n    "wind_speed",\n    "precipitation",\n    "visibility",\n'
                '    "recent_delay",\n]\nCATEGORICAL = ["carrier", "origin"]\n',
            ),
        ),
        outcome="promoted",
        exit_code=0,
    ),
    Chapter(
        message="Take larger steps to train in half the time",
        about="A mistake that looks like a good idea.",
        edits=(
            Edit(
                "params.yaml",
                "  learning_rate: 0.1\n  max_iter: 100\n",
                "  learning_rate: 0.8\n  max_iter: 50\n",
            ),
        ),
        outcome="refused",
        exit_code=1,
    ),
    Chapter(
        message="Say in the README what the model looks at",
        about="Nothing that a step reads.",
        edits=(
            Edit(
                "README.md",
                "given the hour, the carrier and the distance,\nhow likely is it to arrive 15 minutes late or more?",
                "given its schedule, the weather and the\n"
                "delays at the airport so far, how likely is it to arrive 15 minutes late or more?",
            ),
        ),
        outcome="unchanged",
        exit_code=0,
    ),
    Chapter(
        message="Go back to small steps, with another seed",
        about="The champion's recipe with another seed: any difference is noise.",
        edits=(
            Edit(
                "params.yaml",
                "  learning_rate: 0.8\n  max_iter: 50\n",
                "  learning_rate: 0.1\n  max_iter: 100\n",
            ),
            Edit("params.yaml", "  random_state: 1\n", "  random_state: 42\n"),
        ),
        outcome="inconclusive",
        exit_code=1,
    ),
)
