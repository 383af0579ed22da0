"""The configuration and the manifest of an image of a version. Pure: the same inputs have the same digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mlops_ci import __version__
from mlops_ci.packaging import oci
from mlops_ci.packaging.oci import BaseManifest, Descriptor, Document
from mlops_ci.packaging.places import HOME, PACKAGE, PACKAGES, PORT, READY, SERVER, USER
from mlops_ci.records.image import Layer
from mlops_ci.records.model_version import ModelVersion

LAYER_KIND = "mlops-ci.layer"
_SECOND = 1_000_000_000  # durations are in nanoseconds there
_CHECK = (
    "import http.client as h; c = h.HTTPConnection('127.0.0.1', {port}, timeout=4); c.request('GET', '{path}'); "
    "raise SystemExit(c.getresponse().status != 200)"
)
_WHAT = {
    "dependencies": "mlops-ci: the software of the lock",
    "server": "mlops-ci: the scoring server",
    "model": "mlops-ci: the model package",
}


@dataclass(frozen=True, slots=True)
class Assembly:
    """The documents of an image, and all its layers in order, those of the base first."""

    manifest: Document
    config: Document
    layers: tuple[Descriptor, ...]


def assemble(
    base: BaseManifest, layers: Sequence[Layer], *, labels: dict[str, str], created: str, platform: str
) -> Assembly:
    """Put an image together.

    Args:
        base: what it stands on.
        layers: what we add, in order.
        labels: of the image; its manifest has them as annotations, too.
        created: when the image counts as made, in the form of RFC 3339.
        platform: its platform.
    """
    system, architecture = platform.split("/")
    rootfs, history = base.config.get("rootfs", {}), base.config.get("history", [])
    config: dict[str, Any] = {
        **{key: base.config[key] for key in ("variant", "os.version", "os.features") if key in base.config},
        "created": created,
        "architecture": architecture,
        "os": system,
        "config": _settings(base.config.get("config") or {}, labels),
        "rootfs": {"type": "layers", "diff_ids": [*rootfs["diff_ids"], *(layer.diff_id for layer in layers)]},
        "history": [*history, *({"created": created, "created_by": _WHAT[layer.kind]} for layer in layers)],
    }
    document = oci.document(oci.CONFIG, config)
    ours = (Descriptor(oci.LAYER, layer.digest, layer.size, {LAYER_KIND: layer.kind}) for layer in layers)
    described = (*base.layers, *ours)
    return Assembly(oci.manifest(document.descriptor, described, labels), document, described)


def labels_of(version: ModelVersion, base: str, created: str) -> dict[str, str]:
    """The labels of a version's image; ``base`` is the reference of what it stands on, with digest."""
    name, _, digest = base.partition("@")
    known = {
        "org.opencontainers.image.title": version.model,
        "org.opencontainers.image.version": str(version.version),
        "org.opencontainers.image.created": created,
        "org.opencontainers.image.revision": version.commit,
        "org.opencontainers.image.source": version.source.repository if version.source else None,
        "org.opencontainers.image.base.name": name,
        "org.opencontainers.image.base.digest": digest,
        "mlops-ci.model": version.model,
        "mlops-ci.version": str(version.version),
        "mlops-ci.digest": version.digest,
        "mlops-ci.run": version.run,
        "mlops-ci.tool": __version__,
    }
    return {key: value for key, value in known.items() if value}


def created_at(version: ModelVersion, epoch: int | None = None) -> str:
    """The time of a version's commit, or else of its registration: not that of the build; unless ``epoch`` says it."""
    if epoch is not None:
        return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return version.source.time if version.source and version.source.time else version.created


def _settings(base: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    """What containers are started with. What the base says of other programs than its own Python is dropped."""
    environ = dict(item.partition("=")[::2] for item in base.get("Env") or () if isinstance(item, str))
    environ |= {
        "PYTHONPATH": f"{SERVER}:{PACKAGES}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {
        "User": USER,
        "Env": [f"{name}={value}" for name, value in environ.items()],
        "Entrypoint": [
            "python3", "-m", "mlops_ci.serving", "--package", PACKAGE, "--host", "0.0.0.0", "--port", str(PORT)  # noqa: S104
        ],
        "WorkingDir": HOME,
        "ExposedPorts": {f"{PORT}/tcp": {}},
        "Healthcheck": {
            "Test": ["CMD", "python3", "-c", _CHECK.format(port=PORT, path=READY)],
            "Interval": 15 * _SECOND,
            "Timeout": 5 * _SECOND,
            "StartPeriod": 60 * _SECOND,
            "Retries": 3,
        },
        "StopSignal": "SIGTERM",
        "Labels": labels,
    }  # fmt: skip
