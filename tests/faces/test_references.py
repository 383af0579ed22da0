"""The references of verbs and keys say all of them, from whatever declares them."""

from __future__ import annotations

import click

from mlops_ci.faces.keys import keys_page
from mlops_ci.faces.verbs import verbs_page


@click.group()
def verbs() -> None:
    """Weigh things."""


@verbs.group()
def scale() -> None:
    """Scales."""


@scale.command()
@click.argument("thing")
@click.option("--unit", type=click.Choice(["g", "kg"]), default="g", show_default=True, help="Of the result.")
@click.option("--tare", metavar="<G>", help="What to take away.  [default: nothing | all]")
@click.option("--twice/--once", help="To be sure.")
def weigh(**_: object) -> None:
    """Weigh a THING.

    \b
      scale weigh apple
      scale weigh --unit kg pear

    It may take
    a while.
    """


@verbs.command(hidden=True)
def secret() -> None:
    """Nobody sees this."""


def test_verbs_are_told_with_their_text_examples_and_options() -> None:
    page = verbs_page(verbs)
    assert page[page.index("\n## ") :] == (
        "\n## scale weigh\n\nWeigh a THING.\n\n```text\nscale weigh apple\nscale weigh --unit kg pear\n```\n\n"
        "It may take a while.\n\n`mlops-ci scale weigh [OPTIONS] THING`\n\n| option | |\n| --- | --- |\n"
        "| `--unit` [g\\|kg] | Of the result. Default: g. |\n"
        "| `--tare` \\<G> | What to take away. Default: nothing \\| all. |\n"
        "| `--twice`, `--once` | To be sure. |\n"
    )


def test_keys_are_told_wherever_they_stand_in_a_schema() -> None:
    schema = {
        "$defs": {"path": {"type": "string", "description": "A path."}},
        "properties": {
            "version": {"const": 1, "description": "The format."},
            "things": {
                "type": "object",
                "description": "By name.",
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        "file": {"$ref": "#/$defs/path"},
                        "unit": {"enum": ["g", "kg"], "default": "g", "description": "Of the weight."},
                    },
                },
            },
            "rules": {
                "type": "array",
                "description": "All of them.",
                "items": {"oneOf": [{"type": "string"}, {"properties": {"any": {"type": ["array", "null"]}}}]},
            },
        },
    }
    page = keys_page(schema)
    assert page[page.index("\n## ") :] == (
        "\n## version\n\nThe format.\n\n## things\n\nBy name.\n\n| key | value | |\n| --- | --- | --- |\n"
        "| `things.NAME.file` | text | A path. |\n| `things.NAME.unit` | `g` or `kg` | Of the weight. Default: g. |\n\n"
        "## rules\n\nAll of them.\n\n| key | value | |\n| --- | --- | --- |\n| `rules[].any` | list or null |  |\n"
    )
