"""The section ``serve`` of ``mlops.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mlops_ci.project.durations import seconds, size
from mlops_ci.project.paths import normalise
from mlops_ci.records.serving import Collection, ServeSettings


@dataclass(frozen=True, slots=True)
class EnsembleChoice:
    """Models asked together; without ``weights`` all count the same."""

    name: str
    members: tuple[str, ...]
    combine: Literal["mean", "vote"]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ServeChoice:
    """How a version is served: by its ``script``, else by its ONNX form.

    ``models`` are references to further models in the same server, by the name under which they are served.
    """

    script: str | None = None
    assets: tuple[str, ...] = ()
    models: dict[str, str] = field(default_factory=dict)
    ensembles: tuple[EnsembleChoice, ...] = ()
    settings: ServeSettings = field(default_factory=ServeSettings)


def build_serve(value: dict[str, Any]) -> ServeChoice:
    """The section as a value; its form was checked by the schema."""
    script, batch, collect = value.get("script"), value.get("batch", {}), value.get("collect")
    return ServeChoice(
        script=normalise(script) if script else None,
        assets=tuple(map(normalise, value.get("assets", ()))),
        models=dict(value.get("models", {})),
        ensembles=tuple(
            EnsembleChoice(
                name, tuple(item["members"]), item.get("combine", "mean"), tuple(map(float, item.get("weights", ())))
            )
            for name, item in value.get("ensembles", {}).items()
        ),
        settings=ServeSettings(
            workers=value.get("workers", 0),
            threads=value.get("threads", 1),
            providers=tuple(value.get("providers", ("cpu",))),
            batch_rows=batch.get("rows", 256),
            batch_wait=seconds(batch.get("wait", "0s")),
            queue=value.get("queue", 256),
            timeout=seconds(value.get("timeout", "30s")),
            max_request=size(value.get("max_request", "10MB")),
            keys=tuple(value.get("keys", ())),
            collect=None
            if collect is None
            else Collection(sample=float(collect.get("sample", 1.0)), inputs=collect.get("inputs", True)),
        ),
    )
