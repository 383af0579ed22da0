"""The records that are stored or printed, and random ones of each."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mlops_ci.records.bundle import Bundle
from mlops_ci.records.ci_result import CiResult
from mlops_ci.records.collected import CollectedBodies, CollectedRequest, CompactionPlan, SegmentHead
from mlops_ci.records.conversion import Conversion
from mlops_ci.records.dataset import DatasetTagging, KnownDataset, SeenDataset
from mlops_ci.records.deployment import DeploymentState
from mlops_ci.records.difference import DatasetChange, Difference
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.event import CloudEvent
from mlops_ci.records.hand_over import HandOver
from mlops_ci.records.image import BaseLock
from mlops_ci.records.lineage import Lineage, VersionMetric, Why
from mlops_ci.records.log_group import LogGroup
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.operations import OPERATIONS
from mlops_ci.records.plan import Plan
from mlops_ci.records.report import Report
from mlops_ci.records.reproduction import Reproduction
from mlops_ci.records.run import Run
from mlops_ci.records.samples import Samples
from mlops_ci.records.serving import ServedModel, ServingManifest
from mlops_ci.records.step_result import LastResult, StepResult
from mlops_ci.records.verdict import RuleResult, Verdict
from mlops_ci.records.workspace_format import WorkspaceFormat

STORED: dict[str, type] = {
    "seen-dataset": SeenDataset,
    "dataset-tagging": DatasetTagging,
    "known-dataset": KnownDataset,
    "dataset-change": DatasetChange,
    "run": Run,
    "reproduction": Reproduction,
    "report": Report,
    "bundle": Bundle,
    "difference": Difference,
    "lineage": Lineage,
    "why": Why,
    "version-metric": VersionMetric,
    "verdict": Verdict,
    "model-version": ModelVersion,
    "log-group": LogGroup,
    "plan": Plan,
    "ci-result": CiResult,
    "hand-over": HandOver,
    "workspace-format": WorkspaceFormat,
    "step-result": StepResult,
    "last-result": LastResult,
    "environment-lock": EnvironmentLock,
    "event": CloudEvent,
    "base-lock": BaseLock,
    "conversion": Conversion,
    "samples": Samples,
    "serving": ServingManifest,
    "deployment": DeploymentState,
    "segment": SegmentHead,
    "collected-request": CollectedRequest,
    "collected-bodies": CollectedBodies,
    "compaction-plan": CompactionPlan,
}

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)

st.register_type_strategy(str, TEXT)
st.register_type_strategy(float, NUMBERS)


def records(kind: type) -> st.SearchStrategy[Any]:
    """Random records of a kind."""
    bound = st.none() | NUMBERS
    given: dict[type, dict[str, st.SearchStrategy[Any]]] = {
        Run: {"params": st.dictionaries(TEXT, PLAIN, max_size=3)},
        ModelVersion: {"params": st.dictionaries(TEXT, PLAIN, max_size=3)},
        OPERATIONS["register"]: {"params": st.dictionaries(TEXT, PLAIN, max_size=3)},
        Samples: {
            "rows": st.lists(st.lists(PLAIN, max_size=3).map(tuple), max_size=3).map(tuple),
            "predictions": st.dictionaries(TEXT, st.lists(PLAIN, max_size=3).map(tuple), max_size=2),
            "positive": PLAIN,
        },
        CollectedRequest: {
            name: st.dictionaries(TEXT, st.lists(PLAIN, max_size=3), max_size=2) for name in ("inputs", "outputs")
        },
        CollectedBodies: {"asked": PLAIN, "answered": st.dictionaries(TEXT, PLAIN, max_size=3)},
        ServedModel: {"sample": st.none() | st.lists(PLAIN, max_size=3).map(tuple)},
        ServingManifest: {"models": st.lists(st.deferred(lambda: records(ServedModel)), max_size=2).map(tuple)},
        Bundle: {"run": st.deferred(lambda: records(Run))},
        RuleResult: {"interval": st.none() | st.tuples(bound, bound)},
    }
    return st.builds(kind, **given.get(kind, {}))
