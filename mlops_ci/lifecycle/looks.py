"""Spends looks at an evaluation set, and records what is told of them."""

from __future__ import annotations

from mlops_ci.errors import UsageError
from mlops_ci.gate.asking import is_worn_out, item_asks
from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.judge import BASELINE
from mlops_ci.gate.withholding import gain_values
from mlops_ci.lifecycle.session import Session
from mlops_ci.project.metric_names import SIGNATURES
from mlops_ci.project.project import BudgetChoice, EvaluationChoice, GateChoice
from mlops_ci.project.rules import AnyOf, Rule
from mlops_ci.records.digest import digest_of_value
from mlops_ci.records.entry import Revealed
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.verdict import Side, Spent, Verdict
from mlops_ci.registry.looks import look_of, numbers_of, reveal, spend_looks
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import resolve
from mlops_ci.registry.state import Look, ModelState
from mlops_ci.statistics import adaptive_error, error_of_look

_OFTEN = 10


def take_look(
    session: Session,
    log: ModelLog,
    gate: GateChoice,
    evaluation: EvaluationChoice,
    side: Side,
    evaluated: Evaluation | None,
    asked: Evidence,
) -> Spent | None:
    """Put a look on record before anything of it is computed, and return what it costs; None if it costs nothing.

    Args:
        session: the session.
        log: the model's log.
        gate: the rules, and the budget.
        evaluation: how predictions are read.
        side: what is judged.
        evaluated: the record of its evaluation.
        asked: what is known of it.
    """
    evaluation_set, budget = asked.evaluation_set, gate.budget
    if budget is None or evaluation_set is None or session.unreadable:
        return None
    state = log.read()
    items = [item for item in gate.rules if item_asks(item, asked) and not _is_skipped(item, gate, state)]
    if not items:
        return None
    predictions = evaluated.predictions.digest if evaluated and evaluated.predictions else None
    candidate = digest_of_value([side.digest, predictions])
    reading = digest_of_value([evaluation.task, evaluation.positive, evaluation.predictions, gate.interval])
    more = _level(gate, budget)
    wanted = [
        look_of(
            candidate,
            _baselines(state, gate, item),
            evaluation_set,
            digest_of_value([item, reading, *more, *_functions(session, evaluation, item)]),
        )
        for item in items
    ]
    if budget.reveal == "gains":
        # One answer is all that is told, and so the rules are one question: others, or fewer, are another.
        wanted = [digest_of_value(sorted(wanted))]
    before = state.looks.get(evaluation_set, ())
    numbers = numbers_of(before, wanted)
    advisory = session.read_only and max(numbers.values()) > len(before)
    if not session.read_only:
        numbers = spend_looks(log, evaluation_set, wanted, most=budget.looks)
    looks, told = log.read().looks.get(evaluation_set, ()), _told(state, evaluation_set)
    return Spent(
        look=max(numbers.values()),
        looks=budget.looks,
        # Each look was given its own error; the verdict as a whole is held to the least of them.
        error=min(_error(gate, budget, number, looks, told) for number in numbers.values()),
        total=1.0 - gate.confidence,
        method=budget.spend,
        reveal=budget.reveal,
        advisory=advisory,
    )


def tell(session: Session, log: ModelLog, gate: GateChoice, asked: Evidence, verdict: Verdict) -> None:
    """Put on record what a verdict that reveals only gains is about to tell."""
    spent = verdict.spent
    if spent is None or verdict.evaluation_set is None or session.read_only or is_worn_out(spent):
        return
    passed = verdict.outcome == "pass"
    reveal(log, Revealed(verdict.evaluation_set, spent.look, passed, gain_values(gate, asked) if passed else 1))


def notes_on_looks(session: Session, state: ModelState, gate: GateChoice, verdict: Verdict) -> tuple[str, ...]:
    """A note on a set that was asked again and again without anybody counting, or by somebody who cannot count."""
    if verdict.evaluation_set is None:
        return ()
    if gate.budget:
        why = "how often this evaluation set was asked is not known from here, and this look is not counted: advisory"
        return (why,) if session.unreadable else ()
    distinct = {
        (number, judgement.rules_digest, judgement.basis)
        for number, version in state.versions.items()
        for judgement in version.judgements
        if judgement.evaluation_set == verdict.evaluation_set
    }
    if len(distinct) < _OFTEN:
        return ()
    return (
        f"this evaluation set was asked {len(distinct)} times before; each look is one more chance to pass by luck:"
        " a `budget` would count them",
    )


def _level(gate: GateChoice, budget: BudgetChoice) -> list[object]:
    """What an answer depends on besides the rows and the rule, where nothing else of it is told.

    A pass at one level and none at the next would tell how large the gain is, one question after the other.
    """
    if budget.reveal == "all":
        return []
    return [gate.confidence, gate.on_inconclusive, budget.looks, budget.spend]


def _functions(session: Session, evaluation: EvaluationChoice, item: Rule | AnyOf) -> list[object]:
    """The code of the functions that a rule or its alternatives ask: another code is another question."""
    asked = {rule.metric for rule in _rules(item)}
    return [
        (metric.function, session.snapshot.identity(metric.file))
        for metric in evaluation.custom
        if metric.function in asked
    ]


def _is_skipped(item: Rule | AnyOf, gate: GateChoice, state: ModelState) -> bool:
    """Whether a rule only compares with a champion that there is not yet: nothing is asked then."""
    return state.alias(gate.baseline) is None and all(compared_with(rule) == BASELINE for rule in _rules(item))


def _baselines(state: ModelState, gate: GateChoice, item: Rule | AnyOf) -> dict[str, str | None]:
    """The digest of each version that a rule or its alternatives compare with."""
    found: dict[str, str | None] = {}
    for name in sorted({name for rule in _rules(item) if (name := compared_with(rule))}):
        try:
            found[name] = resolve(state, gate.baseline if name == BASELINE else name.removeprefix("@")).digest
        except UsageError:
            found[name] = None
    return found


def _rules(item: Rule | AnyOf) -> tuple[Rule, ...]:
    return item.rules if isinstance(item, AnyOf) else (item,)


def compared_with(rule: Rule) -> str | None:
    """The version that a rule compares with; a win rate does so without naming it."""
    signature = SIGNATURES.get(rule.call.name)
    return BASELINE if signature and signature.versus else rule.bound.reference


def _told(state: ModelState, evaluation_set: str) -> tuple[int, ...]:
    return tuple(one.values for one in state.revealed.get(evaluation_set, {}).values() if one.passed)


def _error(gate: GateChoice, budget: BudgetChoice, number: int, looks: tuple[Look, ...], now: tuple[int, ...]) -> float:
    """The error of a look: by what was told before it was put on record, or, if it never is, by what is told now."""
    total = 1.0 - gate.confidence
    if budget.reveal == "all":
        return error_of_look(total, number, budget.looks, budget.spend)
    told = looks[number - 1].told if number <= len(looks) else now
    return adaptive_error(total, number, budget.looks, budget.spend, told)
