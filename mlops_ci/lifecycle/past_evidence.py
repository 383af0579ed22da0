"""Evidence of past versions: read when it is asked for, and few of them held at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace

from mlops_ci.errors import UsageError
from mlops_ci.gate.evidence import Reference
from mlops_ci.gate.judge import BASELINE
from mlops_ci.lifecycle.evidence import recorded_evidence
from mlops_ci.project.project import EvaluationChoice, GateChoice
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.verdict import Side
from mlops_ci.registry.past import Moment
from mlops_ci.registry.references import is_alias, resolve
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.store import Store

_HELD = 3  # a candidate, its champion, and a version that a rule names


class PastEvidence:
    """Reads what is recorded of versions; what was read is kept by the digest of its bytes."""

    def __init__(self, store: Store, state: ModelState, evaluation: EvaluationChoice, gate: GateChoice) -> None:
        self._store, self._state = store, state
        self._evaluation, self._gate = evaluation, gate
        self._held: OrderedDict[tuple[int, str | None], Reference] = OrderedDict()

    def of(self, version: ModelVersion, name: str, evaluation_set: str | None) -> Reference:
        """What is recorded of a version on an evaluation set."""
        recorded = self._state.evaluation_on(version.version, evaluation_set)
        digest = recorded.predictions.digest if recorded and recorded.predictions else evaluation_set
        found = self._held.pop((version.version, digest), None)
        if found is None:
            found = recorded_evidence(
                self._store, self._state, version, name, self._evaluation, self._gate, evaluation_set
            )
        self._held[version.version, digest] = found
        while len(self._held) > _HELD:
            self._held.popitem(last=False)
        return replace(found, side=replace(found.side, name=name))

    def references(self, moment: Moment, evaluation_set: str | None) -> dict[str, Reference | None]:
        """Every version that the rules compare with, as the aliases were at a moment."""
        found: dict[str, Reference | None] = {BASELINE: self._at(self._gate.baseline, moment.aliases, evaluation_set)}
        for name in sorted({rule.bound.reference or "" for rule in self._gate.flat()}):
            if name.startswith("@"):
                at = self._at(name[1:], moment.aliases, evaluation_set)
                found[name] = at or Reference(Side(digest=None, name=name), problem=f"there was no {name} then")
        return found

    def _at(self, selector: str, aliases: Mapping[str, int], evaluation_set: str | None) -> Reference | None:
        number = aliases.get(selector)
        if number is None and is_alias(selector):
            return None
        try:
            version = self._state.versions.get(number) if number is not None else None
            version = version or resolve(self._state, f"v{number}" if number is not None else selector)
        except UsageError as error:
            return Reference(Side(digest=None, version=number, name=selector), problem=error.what)
        return self.of(version, selector, evaluation_set)
