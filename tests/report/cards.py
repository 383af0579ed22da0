"""Model cards made by hand: versions of every shape."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.records.actor import Actor
from mlops_ci.records.dataset import ColumnProfile, DatasetProfile, DatasetVersion
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.records.host import HostContext
from mlops_ci.records.machine import Machine
from mlops_ci.records.model_card import CardText
from mlops_ci.records.model_explanation import ExplainedRow, Importance, ModelExplanation
from mlops_ci.records.model_version import Judgement, ModelVersion
from mlops_ci.records.run import RUN_FORMAT, Run
from mlops_ci.records.signature import Column, Signature
from mlops_ci.records.verdict import Verdict
from mlops_ci.report.card_facts import Bounds, CardFacts
from tests.report.reports import COMMIT, ON_HOLD, PASSED, REFUSED, SET, STEPS

DIGEST = "sha256:" + "d1" * 32
ACTOR = Actor("ada", "acme/ml", "ci", "4711", 1)
TEXT = """\
---
license: apache-2.0
tags: [flights]
model-index: [{name: "not ours"}]
---
For planners, **not** for passengers. See [the wiki](https://example.org/wiki).

| Airport | Good enough |
|---|---|
| OSL | yes |
"""
EXPLANATION = ModelExplanation(
    metric="roc_auc",
    rows=5000,
    repeats=5,
    seed=0,
    importances=(Importance("hour", 0.1231, 0.0021), Importance("carrier", 0.04, 0.001), Importance("seat", 0.0, 0.0)),
    attribution="TreeSHAP (lightgbm)",
    unit="log odds",
    explained=(
        ExplainedRow(
            "F-7", -1.2, 1.9, {"hour": 2.4, "carrier": 0.7}, {"hour": 17}, "late", chosen="most wrong", target="on time"
        ),
    ),
)  # fmt: skip
VERSION = ModelVersion(
    model="flight-delay",
    version=12,
    commit=COMMIT.sha,
    fingerprint="sha256:" + "f0" * 32,
    digest=DIGEST,
    created="2026-01-31T10:20:30.000Z",
    attempt="a" * 32,
    files=(FileRecord("build/model.txt", DIGEST, 123456),),
    aliases=("champion",),
    tags={"team": "planning"},
    metrics={"roc_auc": 0.7912, "accuracy": 0.8359, "f1": None},
    params={"train": {"depth": 8}},
    datasets={"flights": DIGEST},
    environment=DIGEST,
    run="20260131T101500123-0a1b2c3d",
    source=COMMIT,
    signature=Signature((Column("hour", "int64"), Column("carrier", "string")), (Column("score", "float64"),)),
    evaluations=(Evaluation(set=SET, rows=18240),),
    judgements=(Judgement(3, "pass", PASSED.summary, SET, PASSED.rules_digest),),
    card=CardText("Will this flight be late?", FileRecord("card.md", DIGEST, 10), "b" * 32),
)
RUN = Run(
    format=RUN_FORMAT, id="20260131T101500123-0a1b2c3d", model_name="flight-delay", status="succeeded", error=None,
    tool="mlops-ci 0.1.0", started="2026-01-31T10:15:00.123Z", seconds=406.0, commit=COMMIT, dirty=None,
    host=HostContext("github", "push", "main", "main", None, True, ACTOR),
    machine=Machine("Linux", "x86_64", 2, 2**33, "3.12.1"),
    environment=EnvironmentLock("pip", "3.12", "linux_x86_64", DIGEST, "numpy==2.4.6\n"), steps=STEPS,
    datasets={
        "flights": DatasetVersion(
            "data/flights.parquet", DIGEST, 1_234_567, 1,
            DatasetProfile(
                91200,
                (ColumnProfile("hour", "int64", 0, 0.0, 23.0), ColumnProfile("carrier", "string", 12, "AA", "ZZ")),
            ),
        )
    },
)  # fmt: skip
BOUNDS = {
    "roc_auc": Bounds(0.7844, 0.7979),
    "accuracy": Bounds(0.8313, None, "too few rows"),
    "f1": Bounds(reason="it has no value"),
}
WHOLE = CardFacts(VERSION, TEXT, RUN, PASSED, EXPLANATION, ACTOR, params={"train.depth": "8"}, bounds=BOUNDS)


def judged(verdict: Verdict) -> CardFacts:
    judgement = Judgement(3, verdict.outcome, verdict.summary, SET, verdict.rules_digest)
    return replace(WHOLE, verdict=verdict, version=replace(VERSION, aliases=(), judgements=(judgement,)))


EXTERNAL = replace(
    VERSION, commit=None, source=None, run=None, signature=None, evaluations=(), judgements=(), params={}, datasets={},
    environment=None, card=None, aliases=(), tags={"licence": "MIT"},
)  # fmt: skip
HOSTILE = "<script>alert(1)</script> | @admin `x`\n# \u202egnp.exe [a](javascript:alert(1))"
LIES = replace(
    WHOLE,
    text="<img src=x onerror=alert(1)>\n\n[click](javascript:alert(1)) <script>alert(2)</script>\n",
    version=replace(
        VERSION,
        tags={"team": HOSTILE},
        metrics={"accuracy": 0.5, HOSTILE: 1.0},
        source=replace(COMMIT, message=HOSTILE, author=HOSTILE, repository=HOSTILE),
        card=CardText(HOSTILE),
        signature=Signature((Column(HOSTILE, HOSTILE),), ()),
    ),
    explanation=replace(
        EXPLANATION,
        importances=(Importance(HOSTILE, 1.0, 0.0),),
        explained=(ExplainedRow(HOSTILE, 0.0, 1.0, {HOSTILE: 1.0}, {HOSTILE: HOSTILE}, HOSTILE, target=HOSTILE),),
    ),
    actor=Actor(HOSTILE),
    params={HOSTILE: HOSTILE},
    bounds={HOSTILE: Bounds(reason=HOSTILE)},
    decisions=(HOSTILE,),
    verdict=replace(PASSED, notes=(HOSTILE,)),
)  # fmt: skip
CARDS = {
    "whole": WHOLE,
    "refused": judged(REFUSED),
    "on hold": judged(ON_HOLD),
    "decided": replace(
        WHOLE, decisions=("ada made it the champion without a verdict: the old one is wrong on holidays",)
    ),
    "external": CardFacts(EXTERNAL),
    "run gone": replace(WHOLE, run=None, text=None, notes=("the record of its run is no more",)),
    "numbers only": replace(
        WHOLE, version=replace(VERSION, evaluations=(Evaluation(numbers={"size": 3.0}),)), verdict=None
    ),
    "lies": LIES,
}
