"""``demo``."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_ci.cli.output import coloured, echo, width
from mlops_ci.lifecycle.demo import run_demo


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the repository here.  [default: a temporary one]")
def demo(folder: Path | None) -> None:
    """Watch five commits go through the whole journey.

    Copies a small project on real data into a scratch git repository and calls 'mlops-ci ci' after each of five
    commits: a first model, a better one, a worse one, a new README, and a change that is only noise.
    """
    run_demo(folder, say=echo, colour=coloured(), width=width())
