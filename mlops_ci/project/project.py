"""The Project: what ``mlops.yaml`` says, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mlops_ci.project import notebooks
from mlops_ci.project.deploy import DeployChoice
from mlops_ci.project.explain import ExplainChoice
from mlops_ci.project.image import ImageChoice
from mlops_ci.project.onnx import OnnxChoice
from mlops_ci.project.receivers import Receiver
from mlops_ci.project.retention import Retention
from mlops_ci.project.rules import AnyOf, Interval, Rule
from mlops_ci.project.serve import ServeChoice

Task = Literal["binary", "multiclass", "regression", "ranking", "rows"]
OnInconclusive = Literal["block", "allow"]
Fingerprint = Literal["etag", "version", "content"]
DEFAULT_WORKSPACE = ".mlops"


@dataclass(frozen=True, slots=True)
class ModelInputs:
    """Real rows of what the model eats: a table that a step writes, and its columns (empty: all)."""

    path: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """The model that the pipeline makes; ``card`` is the file with what its people say of it."""

    name: str
    files: tuple[str, ...]
    inputs: ModelInputs | None
    purpose: str | None
    card: str | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceChoice:
    """Where the workspace is. ``durable`` vouches for a folder that outlives the machine of a CI job.

    ``files`` is where large files are kept, if elsewhere.
    """

    url: str
    durable: bool
    files: str | None = None


@dataclass(frozen=True, slots=True)
class CacheChoice:
    """Where the cache is (None: in the workspace) and whose results the default branch believes."""

    url: str | None
    trust_pull_requests: bool


@dataclass(frozen=True, slots=True)
class EnvironmentChoice:
    """The software the steps want: a Python version (None: ours, or what is solved) and the file that names the rest.

    That is a requirements file of pip or an ``environment.yml`` of conda; with neither it is what is installed.
    """

    python: str | None
    requirements: str | None
    conda: str | None = None


@dataclass(frozen=True, slots=True)
class Params:
    """Parameters: a file, or a mapping in ``mlops.yaml`` itself."""

    path: str | None
    values: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Dataset:
    """Data that no step makes.

    ``uri`` is where they are, if not in the repository's folder: then steps find them at ``path`` all the same, and
    ``fingerprint`` says what tells one version from another. An address that ends in a slash is a folder.
    """

    name: str
    path: str
    uri: str | None = None
    fingerprint: Fingerprint = "etag"


@dataclass(frozen=True, slots=True)
class Output:
    """A file or folder that a step makes.

    ``store`` keeps it with the run's record; False keeps it nowhere, not even in the cache, so that it is made again
    when somebody needs it; None, the default, in the cache alone.
    """

    path: str
    store: bool | None


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and everything it may read and has to write.

    ``inputs`` is None where the user named none: then every tracked file is one. Paths are relative to the
    folder of ``mlops.yaml``. ``timeout`` is in seconds. ``runs_on`` is the runner it wants for a job of its own.
    ``seeds`` is how often it is run, each time with another ``MLOPS_CI_SEED``; None where it is not told any.
    ``tool`` names the package of ours that a step runs which nobody has written: if it fails, only its outputs lack.
    ``notebook`` is the notebook that it is; ``run`` is then the command that runs it.
    """

    name: str
    run: str
    inputs: tuple[str, ...] | None
    data: tuple[str, ...]
    params: tuple[str, ...]
    env: tuple[str, ...]
    timeout: float | None
    outputs: tuple[Output, ...]
    runs_on: str | None = None
    tool: str | None = None
    seeds: int | None = None
    notebook: str | None = None

    @property
    def program(self) -> str | None:
        """The package of ours that it runs, if it runs one."""
        return notebooks.TOOL if self.notebook else self.tool


@dataclass(frozen=True, slots=True)
class PredictionsFile:
    """Where the predictions are and what their columns are called. A column that is None has its usual name."""

    path: str
    id: str | None
    target: str
    prediction: str | None
    score: str | None
    weight: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class CustomMetric:
    """A metric of the user's own: a function in a file of the repository."""

    file: str
    function: str


@dataclass(frozen=True, slots=True)
class EvaluationChoice:
    """How the model is evaluated. ``training_ids`` is a table that a step writes: the ids that it was trained on."""

    step: str | None
    task: Task | None
    positive: Any
    predictions: PredictionsFile | None
    metrics: str | None
    custom: tuple[CustomMetric, ...] = ()
    training_ids: str | None = None

    @property
    def results(self) -> tuple[str, ...]:
        """The files in which an evaluation leaves its results."""
        predictions = self.predictions.path if self.predictions else None
        return tuple(path for path in (predictions, self.metrics) if path)


@dataclass(frozen=True, slots=True)
class BudgetChoice:
    """How often one evaluation set may be asked, and how the error is shared out over the looks.

    ``looks`` is None for an anytime-valid sequence, which has no end. ``reveal`` says what is told of a look: all of
    its numbers, or, as the Ladder does, only whether it passed and by how much if so.
    """

    looks: int | None
    spend: Literal["even", "early", "anytime"] = "even"
    reveal: Literal["all", "gains"] = "all"


@dataclass(frozen=True, slots=True)
class GateChoice:
    """What decides over promotion. ``baseline`` is an alias of the model."""

    baseline: str
    confidence: float
    on_inconclusive: OnInconclusive
    rules: tuple[Rule | AnyOf, ...]
    interval: Interval = "usual"
    budget: BudgetChoice | None = None

    def flat(self) -> tuple[Rule, ...]:
        """All rules, those inside ``any`` too."""
        return tuple(rule for item in self.rules for rule in (item.rules if isinstance(item, AnyOf) else (item,)))


def reveals_gains_only(gate: GateChoice | None) -> bool:
    """Whether nothing may be recorded and shown that was computed from the predictions."""
    return gate is not None and gate.budget is not None and gate.budget.reveal == "gains"


@dataclass(frozen=True, slots=True)
class Project:
    """Everything ``mlops.yaml`` says; ``onnx`` and ``explain`` are None where nobody asks for them.

    ``includes`` are the files whose steps, datasets and parameters it shares.
    """

    model: Model
    steps: tuple[Step, ...]
    environment: EnvironmentChoice
    params: Params
    datasets: tuple[Dataset, ...]
    workspace: WorkspaceChoice
    cache: CacheChoice
    evaluation: EvaluationChoice | None
    gate: GateChoice | None
    triggers: tuple[Receiver, ...] = ()
    onnx: OnnxChoice | None = None
    explain: ExplainChoice | None = None
    image: ImageChoice = field(default_factory=ImageChoice)
    serve: ServeChoice = field(default_factory=ServeChoice)
    deploy: tuple[DeployChoice, ...] = ()
    includes: tuple[str, ...] = ()
    retention: Retention = field(default_factory=Retention)

    def step(self, name: str) -> Step:
        """The step of that name; it exists, or loading would have failed."""
        return next(step for step in self.steps if step.name == name)
