"""Comments, checks and triggers over a bad line, with jobs that are late, repeated, killed, and at the same time.

In the end there is one comment with the newest section of each model, what stands beside each commit is what the newest
job said, every receiver has heard of everything in order, and nobody else's words were touched.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.parts.azure_devops import FakeAzureDevOps
from tests.parts.github import FakeGitHub
from tests.parts.need import soak
from tests.storms.azure import AzureSite
from tests.storms.github import GitHubSite
from tests.storms.scenario import Storm

BLOCKS = 4
SCENARIOS = soak(25, 250)


def faults_of(seed: int) -> float:
    return random.Random(-seed).choice([0.0, 0.1, 0.25])


@pytest.mark.parametrize("block", range(BLOCKS))
def test_on_github(github: FakeGitHub, tmp_path: Path, block: int) -> None:
    for seed in range(block * SCENARIOS, (block + 1) * SCENARIOS):
        site = GitHubSite(github, tmp_path / str(seed), seed, faults_of(seed))
        _require_calm_after(Storm(seed, site, tmp_path / "sources"), github.violations)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_on_azure(tmp_path: Path, block: int) -> None:
    with FakeAzureDevOps.started() as azure:
        for seed in range(block * SCENARIOS, (block + 1) * SCENARIOS):
            site = AzureSite(azure, tmp_path / str(seed), seed, faults_of(seed))
            _require_calm_after(Storm(seed, site, tmp_path / "sources"), azure.violations)


def _require_calm_after(storm: Storm, violations: list[str]) -> None:
    try:
        storm.blow()
        storm.site.require(storm)
        assert violations == []
    except AssertionError as error:
        jobs = "\n".join(f"{job} {storm.begun.get(job)}" for job in storm.jobs)
        pytest.fail(f"seed {storm.seed}: {error}\n{jobs}")
