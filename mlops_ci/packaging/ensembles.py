"""Several models of a package asked together. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_ci.errors import UsageError
from mlops_ci.project.serve import EnsembleChoice
from mlops_ci.records.serving import ServedModel

# What a member has to answer, by how the answers are combined.
_ANSWERS = {"mean": ("score", "value"), "vote": ("label",)}


def ensemble(choice: EnsembleChoice, models: Mapping[str, ServedModel]) -> ServedModel:
    """The ensemble as a served model; it reads and answers what its members do.

    Raises:
        UsageError: a member is unknown or has no answers to combine, or the members do not fit together.
    """
    where = f"serve.ensembles.{choice.name}"
    if choice.weights and (choice.combine != "mean" or len(choice.weights) != len(choice.members)):
        hint = f"give {len(choice.members)} weights, one for each member, and combine: mean"
        raise UsageError("the weights do not fit", where=where, hint=hint)
    for name in choice.members:
        if name not in models:
            known = ", ".join(sorted(models))
            raise UsageError(f"no model {name!r} to ask", where=where, hint=f"the models of this server: {known}")
    members = [models[name] for name in choice.members]
    first = members[0]
    for member in members:
        if member.kind != "onnx":
            hint = "an ensemble asks ONNX models; combine in the script instead"
            raise UsageError(f"{member.name} is served by an entry script", where=where, hint=hint)
        if not any(output.role in _ANSWERS[choice.combine] for output in member.outputs):
            other = "mean" if choice.combine == "vote" else "vote"
            what = f"{member.name} answers nothing that {choice.combine!r} could combine"
            raise UsageError(what, where=where, hint=f"combine: {other}")
        for what, ours, its in (
            ("columns", first.inputs, member.inputs),
            ("classes", first.classes, member.classes),
        ):
            if ours != its:
                hint = f"the members of an ensemble have the same {what}"
                raise UsageError(f"{first.name} and {member.name} have different {what}", where=where, hint=hint)
    return ServedModel(
        name=choice.name,
        kind="ensemble",
        inputs=first.inputs,
        outputs=tuple(output for output in first.outputs if output.role != "other"),
        classes=first.classes,
        members=choice.members,
        combine=choice.combine,
        weights=choice.weights,
        sample=first.sample,
    )
