"""Details of reports, made by hand."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.records.explanation import ChangedRow, ChangedRows
from mlops_ci.records.model_explanation import ExplainedRow, Importance, ModelExplanation
from mlops_ci.records.report import History, Point, Report
from mlops_ci.records.report_details import (
    Answers,
    Calibration,
    ClassCurve,
    Confusion,
    Curve,
    ReportDetails,
    Residuals,
    Spread,
)
from tests.report.reports import REPORTS

HISTORY = History("accuracy", (Point("v11", 0.80), Point("v12", 0.83, champion=True), Point("this", 0.84)), before=0.79)
ROW = ChangedRow("AA-17", "late", "late 0.71", "on time 0.32", 0.8, {"carrier": "HA"})
BINARY = Answers(
    rows=18_240,
    roc=Curve((0.0, 0.1, 1.0), (0.0, 0.6, 1.0), 0.8529),
    precision_recall=Curve((0.2, 1.0), (0.9, 0.3), 0.61),
    calibration=Calibration((0.05, 0.55), (0.04, 0.6), (17_000, 1_240)),
    confusion=Confusion(("on time", "late"), ((14_000.0, 500.0), (2_000.0, 1_740.0))),
)
EXPLANATION = ModelExplanation(
    "roc_auc", 5_000, 5, 0, (Importance("hour", 0.06, 0.004), Importance("carrier", 0.01, 0.002)),
    attribution="TreeSHAP (lightgbm)", unit="log odds",
    explained=(ExplainedRow("AA-17", -1.2, 0.4, {"hour": 1.1, "carrier": 0.5}, {"hour": 17, "carrier": "HA"}, "late"),),
)  # fmt: skip
DETAILS = ReportDetails(
    task="binary", positive="late", candidate=BINARY,
    champion=replace(BINARY, roc=Curve((0.0, 0.2, 1.0), (0.0, 0.6, 1.0), 0.8471)), compared_with="v12",
    changed=ChangedRows(555, 641, (ROW,), (ROW,), (ROW,), "log loss", "late"),
    needs={"prepare": (), "train": ("prepare",), "evaluate": ("prepare", "train")},
    notes=("3 rows have no score or answer that is a number: no curve has them",),
)  # fmt: skip
REGRESSION = Answers(
    rows=4, residuals=Residuals(Curve((1.0, 2.0), (0.5, -0.5)), (1.5,), (-0.4,), (0.1,), (0.4,)),
    spreads=(Spread("absolute error", Curve((0.1, 0.5, 9.0), (0.5, 0.99, 1.0)), "low"),),
)  # fmt: skip
CLASSES = Answers(
    rows=10,
    confusion=Confusion(("a", "b", "2 others"), ((4.0, 1.0, 0.0), (0.0, 3.0, 0.0), (0, 1, 1)), 2),
    class_rocs=(
        ClassCurve("a", Curve((0.0, 0.1, 1.0), (0.0, 0.8, 1.0), 0.85)),
        ClassCurve("b", Curve((0.0, 0.4, 1.0), (0.0, 0.6, 1.0), 0.6)),
    ),
)


def detailed(details: ReportDetails | None = DETAILS, **more: object) -> Report:
    """A report with everything in it."""
    report = replace(REPORTS["inconclusive"], details=details, history=HISTORY, explanation=EXPLANATION)
    return replace(report, **more)  # type: ignore[arg-type]  # the fields of a report, by name
