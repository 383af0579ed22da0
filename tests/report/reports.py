"""Reports made by hand."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.gate.comparing.outcomes import combine_all, combine_any
from mlops_ci.records.commit import Commit
from mlops_ci.records.conversion import CONVERSION_FORMAT, Conversion, OnnxForm, Parity, Precision, Speed
from mlops_ci.records.dataset import DatasetProfile, DatasetVersion
from mlops_ci.records.difference import Change, ColumnChange, DatasetChange, Difference, FileChange
from mlops_ci.records.files import FileRecord
from mlops_ci.records.report import REPORT_FORMAT, CiOutcome, Report
from mlops_ci.records.run import StepRun
from mlops_ci.records.verdict import (
    Disagreement,
    Outcome,
    RuleOutcome,
    RuleResult,
    SeedSpread,
    Side,
    Spent,
    Verdict,
)

SET = "sha256:" + "a41c" * 16
CHAMPION = Side("sha256:" + "1" * 64, version=12, commit="9be04d7" + "0" * 33, name="champion")
CANDIDATE = Side("sha256:" + "2" * 64, commit="3f2a91c" + "0" * 33)
COMMIT = Commit(
    "3f2a91c" + "0" * 33, "more-delay", "https://example.org/ml", "Ada <a@b>", "Add a feature\n", "2026-01-01"
)
STEPS = (
    StepRun("prepare", "reused", seconds=31.0),
    StepRun("train", "ran", seconds=372.0, peak_memory=2_254_857_830),
    StepRun("evaluate", "ran", seconds=2.5),
)
FLIGHTS = DatasetChange(
    "flights",
    DatasetVersion("flights.parquet", "sha256:" + "3" * 64, 812_000, 1, DatasetProfile(18_240, ())),
    DatasetVersion("flights.parquet", "sha256:" + "4" * 64, 861_000, 1, DatasetProfile(19_004, ())),
    (ColumnChange("inbound_delay_min", "added", None, "Int64"),),
)
CHANGES = Difference(
    "v12",
    "3f2a91c",
    files=(FileChange("features.py", "modified"), FileChange("src/holidays.py", "added")),
    params=(Change("train.max_depth", "6", "8"),),
    packages=(Change("scikit-learn", "1.5.2", "1.6.0"),),
)

BETTER = RuleResult(
    "accuracy > baseline", "accuracy", "accuracy, better", "pass", "the bound clears it", "higher",
    candidate=0.8359, baseline=0.8312, change=0.0047, interval=(0.0016, 0.0078),
    method="paired proportions, Tango score", rows=18240,
)  # fmt: skip
AREA = RuleResult(
    "roc_auc >= baseline - 0.005", "roc_auc", "ROC AUC, at most 0.005 worse", "pass", "the bound clears it", "higher",
    candidate=0.8529, baseline=0.8471, change=0.0058, interval=(0.0035, 0.0081), method="DeLong, paired", rows=18240,
)  # fmt: skip
FLOOR = RuleResult(
    "accuracy >= 0.8", "accuracy", "accuracy ≥ 0.8", "pass", "the bound clears it", "higher",
    candidate=0.8359, interval=(0.8314, 0.8403), method="Clopper–Pearson", rows=18240,
)  # fmt: skip
LATENCY = RuleResult(
    "latency_ms <= baseline * 1.2", "latency_ms", "latency_ms ≤ baseline × 1.2", "pass",
    "no uncertainty known", "lower",
    candidate=13.4, baseline=12.1, change=1.3,
)  # fmt: skip
WORSE = replace(
    BETTER, outcome="fail", reason="even the opposite bound misses it",
    candidate=0.8201, change=-0.0111, interval=(-0.0143, -0.0079),
)  # fmt: skip
UNDECIDED = replace(
    BETTER, outcome="inconclusive",
    reason="18,240 rows cannot tell; about 51,000 would, if the change is as large as it looks",
    candidate=0.8321, change=0.0009, interval=(-0.0012, 0.003), rows_needed=51_000,
)  # fmt: skip


def carrier(name: str, outcome: Outcome, rows: int, *, decides: bool = True, needed: int | None = None) -> RuleResult:
    reason = "the bound clears it" if decides else "fewer than 200 rows: shown only"
    if needed:
        reason = f"{rows:,} rows cannot tell; about {needed:,} would, if nothing changed"
    return RuleResult(
        "accuracy >= baseline - 0.02", "accuracy", "accuracy, at most 0.02 worse", outcome, reason, "higher",
        candidate=0.7888, baseline=0.7985, change=-0.0097, interval=(-0.0309, 0.0115),
        method="paired proportions, Tango score", slice=("carrier", name),
        rows=rows, rows_needed=needed, decides=decides,
    )  # fmt: skip


SLICES = (
    carrier("AA", "pass", 4100),
    carrier("B6", "pass", 3900),
    carrier("HA", "inconclusive", 412, needed=1052),
    carrier("OO", "fail", 31, decides=False),
)


def outcomes_of(results: tuple[RuleResult, ...]) -> tuple[RuleOutcome, ...]:
    """The outcomes of the rules that these results belong to, as the gate comes to them."""
    rules: dict[object, dict[int | None, list[RuleResult]]] = {}
    for result in results:
        key = result.any if result.any is not None else (result.rule, result.slice and result.slice[0])
        rules.setdefault(key, {}).setdefault(result.alternative, []).append(result)
    combined = [combine_any([combine_all(group) for group in rule.values()]) for rule in rules.values()]
    return tuple("skipped" if item.skipped else item.outcome for item in combined)


def verdict(outcome: Outcome, summary: str, *rules: RuleResult, baseline: Side | None = CHAMPION) -> Verdict:
    return Verdict(
        outcome, summary, outcomes_of(rules), rules, CANDIDATE, baseline, SET, 18_240, 0.95, "block",
        "sha256:rules", "sha256:basis", Disagreement(641, 555) if baseline else None,
    )  # fmt: skip


def report(outcome: CiOutcome, summary: str, judged: Verdict | None, **more: object) -> Report:
    made = Report(
        format=REPORT_FORMAT, model="flight-delay", outcome=outcome, event="pull_request",
        run="20260101-120000-3f2a91c",
        commit=COMMIT, dirty=False, version=None, champion=12, summary=summary, verdict=judged, steps=STEPS,
        seconds=520.0, metrics={"accuracy": 0.8359}, changes=CHANGES if judged and judged.baseline else None,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]  # the fields of a report, by name


def skipped(result: RuleResult) -> RuleResult:
    return replace(
        result, outcome="skipped", reason="nothing to compare with yet",
        candidate=None, baseline=None, change=None, interval=None, method=None, rows=None,
    )  # fmt: skip


PASSED = verdict(
    "pass", "All 5 rules pass, compared with champion v12.", BETTER, AREA, FLOOR, LATENCY,
    *(replace(result, outcome="pass", rows_needed=None) for result in SLICES[:2]), SLICES[3],
)  # fmt: skip
REFUSED = verdict(
    "fail", "Accuracy, better: 0.8201 after 0.8312.", WORSE, AREA, FLOOR, LATENCY
)  # fmt: skip
ON_HOLD = verdict(
    "inconclusive",
    "Accuracy, at most 0.02 worse, carrier HA: 412 rows cannot tell; about 1,052 would, if nothing changed.",
    BETTER, AREA, FLOOR, LATENCY, *SLICES,
)  # fmt: skip
FIRST = verdict(
    "pass", "There is no champion yet: 2 rules that compare with it are skipped, the other rule passes.",
    *(replace(skipped(rule), candidate=rule.candidate) for rule in (BETTER, AREA)), FLOOR, baseline=None,
)  # fmt: skip
LOST = "champion v12 was evaluated on another evaluation set, so that rows cannot be paired"
_INCOMPARABLE = verdict(
    "inconclusive", f"Accuracy, better, and 1 more: {LOST}.",
    *(replace(skipped(rule), outcome="incomparable", reason=LOST, candidate=rule.candidate) for rule in (BETTER, AREA)),
    FLOOR,
)  # fmt: skip
INCOMPARABLE = replace(_INCOMPARABLE, disagreement=None)
ALTERNATIVES = verdict(
    "pass", "Both rules pass, compared with champion v12.",
    replace(WORSE, any=0, alternative=0), replace(AREA, any=0, alternative=1), FLOOR,
)  # fmt: skip
LOOK = Spent(7, 50, 0.001, 0.05, "even")
_SPENT_UP = "the evaluation set is worn out: all 50 looks are spent; bring new rows, or raise the budget"
WORN_OUT = replace(
    verdict(
        "inconclusive", f"Accuracy, better, and 1 more: {_SPENT_UP}.",
        *(replace(skipped(rule), outcome="inconclusive", reason=_SPENT_UP, waivable=False) for rule in (BETTER, AREA)),
        LATENCY,
    ),
    disagreement=None, spent=Spent(51, 50, 0.0, 0.05, "even"),
)  # fmt: skip
_TOLD = replace(
    skipped(BETTER), outcome="pass", change=0.002, rows=18240, waivable=False,
    reason="or more: the budget reveals gains in steps",
)  # fmt: skip
GAIN = replace(
    verdict(
        "pass", "Both rules pass, compared with champion v12.", _TOLD,
        replace(_TOLD, rule=AREA.rule, label=AREA.label, change=None, reason="the budget reveals no more than that"),
    ),
    confidence=1 - 2.1e-7, disagreement=None, spent=Spent(12, None, 2.1e-7, 0.05, "anytime", "gains"),
)  # fmt: skip
_NOT_TOLD = "not all rules pass, and the budget reveals no more than that"
NO_GAIN = replace(
    verdict(
        "inconclusive", f"Accuracy, better, and 1 more: {_NOT_TOLD}.",
        *(replace(result, change=None, outcome="inconclusive", reason=_NOT_TOLD) for result in GAIN.rules),
    ),
    confidence=GAIN.confidence, disagreement=None, spent=GAIN.spent,
)  # fmt: skip
ABSENT = replace(skipped(LATENCY), outcome="fail", reason="latency_ms is not in the metrics file")


_SEEDED = tuple(
    replace(result, seeds=SeedSpread(3, 5 if result.change else 0, 0.0021, 0.0018 if result.change else None))
    for result in (replace(BETTER, method=f"{BETTER.method}, 3 trainings against 5"), FLOOR)
)
_ALONE = replace(AREA, method=f"{AREA.method}, 3 trainings against 1", seeds=SeedSpread(3, 1, 0.00042, None))
SEEDED = verdict("pass", "All 4 rules pass, compared with champion v12.", *_SEEDED, _ALONE, LATENCY)
SEEDED_STEPS = (
    STEPS[0],
    *(replace(STEPS[1], seed=seed, status="reused" if seed < 2 else "ran") for seed in range(3)),
    *(replace(STEPS[2], seed=seed, status="reused") for seed in range(3)),
)


def _form(precision: Precision, worst: float, differing: int, *times: float) -> OnnxForm:
    file = FileRecord(f"model.{precision}.onnx", "sha256:" + "3" * 64, 4096)
    speed = tuple(Speed(batch, 1e-3, 1e-3 / times) for batch, times in zip((1, 100, 10_000), times, strict=True))
    return OnnxForm(precision, file, (), (), Parity(18240, differing, worst, 1e-5), speed)


CONVERTED = Conversion(
    CONVERSION_FORMAT, "model.pkl", "Pipeline", opset=18, served="float32",
    forms=(_form("float32", 3.1e-7, 0, 48.2, 12.9, 3.4), _form("int8", 0.0112, 41, 51.0, 14.2, 5.6)),
    int8="Accuracy, better: the bound is -0.002",
)  # fmt: skip
NOT_CONVERTED = Conversion(
    CONVERSION_FORMAT, "model.pkl", "Ranker", reason="there is no converter for Ranker",
    hint="serve it with an entry script, which always works",
)  # fmt: skip

REPORTS: dict[str, Report] = {
    "promoted": report("promoted", PASSED.summary, PASSED, version=13, champion=13, event="push"),
    "ready": report("passed", PASSED.summary, PASSED, changes=Difference("v12", "3f2a91c")),
    "first-model": report("promoted", FIRST.summary, FIRST, version=1, champion=1, event="push"),
    "refused": report("refused", REFUSED.summary, REFUSED, changes=replace(CHANGES, datasets=(FLIGHTS,))),
    "refused-without-a-number": report(
        "refused", "latency_ms ≤ baseline × 1.2: latency_ms is not in the metrics file.",
        verdict("fail", "", BETTER, ABSENT),
    ),
    "inconclusive": report("inconclusive", ON_HOLD.summary, ON_HOLD),
    "inconclusive-one-rule": report(
        "inconclusive", f"Accuracy, better: {UNDECIDED.reason}.", verdict("inconclusive", "", UNDECIDED)
    ),
    "incomparable": report("inconclusive", INCOMPARABLE.summary, INCOMPARABLE),
    "alternatives": report("passed", ALTERNATIVES.summary, ALTERNATIVES),
    "converted": report("promoted", PASSED.summary, PASSED, version=13, champion=13, conversion=CONVERTED),
    "not-converted": report("passed", PASSED.summary, PASSED, conversion=NOT_CONVERTED),
    "budget": report("passed", PASSED.summary, replace(PASSED, confidence=0.999, spent=LOOK)),
    "budget-few-left": report(
        "passed", PASSED.summary, replace(PASSED, confidence=0.999, spent=replace(LOOK, look=47, advisory=True))
    ),
    "worn-out": report("inconclusive", WORN_OUT.summary, WORN_OUT),
    "gain": report("passed", GAIN.summary, GAIN, metrics={}),
    "no-gain": report("inconclusive", NO_GAIN.summary, NO_GAIN, metrics={}),
    "three-trainings": report("passed", SEEDED.summary, SEEDED, steps=SEEDED_STEPS),
    "unchanged": report("unchanged", "This is the model of v12, the champion.", None, version=12),
    "superseded": report(
        "superseded", "A later commit has made v14 the champion already.", None, version=13, champion=14, event="push"
    ),
    "dirty": report(
        "passed", PASSED.summary, PASSED, dirty=True,
        notes=("the working tree has changes that are not committed: `train.py`, so that nothing is registered",),
    ),
    "no-gate": report(
        "passed", "Registered as v13; without gate rules nothing is promoted.", None, version=13, champion=None,
        notes=("`gate` differs here; that of `main` is in force until this is merged",),
    ),
}  # fmt: skip
