"""The verbs that are tasks. Adding one is an entry here and ``make generate``."""

from __future__ import annotations

from mlops_ci.faces.task import Output, Task

_MODEL = Output("model", "The name of the model.")
_VERSION = Output("version", "The number of the version; empty before it is registered.")
_VERDICT = (
    Output("outcome", "promoted, passed, refused, inconclusive, unchanged or superseded."),
    _MODEL,
    _VERSION,
    Output("promoted", "'true' if the champion is this version since this job."),
    Output("run", "The id of the run."),
    Output("report", "The file of the report as Markdown."),
    Output("report-html", "The file of the report with its charts, a page that needs no network."),
    Output("report-json", "The file of the report as JSON, for a workflow that posts it."),
)
# Verbs that judge, or read what is judged, whatever mlops.yaml says.
_NUMBERS = ("gate",)
_PRINTING = frozenset({"as_json", "quiet", "markdown"})
_DEPLOYMENT = Output("deployment", "The name of the deployment.")

TASKS: tuple[Task, ...] = (
    Task(
        "setup",
        "Set up mlops-ci",
        "Installs mlops-ci, apart from your Python, and puts it on the PATH.",
        leave_out=_PRINTING,
    ),
    Task(
        "ci",
        "mlops-ci",
        "Trains on commit, compares with the champion, comments on the pull request, registers and promotes.",
        outputs=_VERDICT,
        leave_out=_PRINTING,
        extras=_NUMBERS,
        runs_steps=True,
    ),
    Task(
        "plan",
        "Plan a model's run",
        "Tells which steps would run, and why; installs and runs nothing.",
        outputs=(
            Output("jobs", "The runners that have steps to run, as a JSON list."),
            Output("matrix", "What a job matrix needs to run them, as JSON."),
        ),
        leave_out=_PRINTING,
        extras=_NUMBERS,
        runs_steps=True,
    ),
    Task(
        "run",
        "Run a model's steps",
        "Runs the steps that have to run, without judging the model.",
        outputs=(
            Output("run", "The id of the run."),
            Output("bundle-digest", "The digest of the bundle's manifest, for the job that publishes it."),
        ),
        leave_out=_PRINTING | {"dry_run"},
        extras=_NUMBERS,
        runs_steps=True,
    ),
    Task(
        "gate",
        "Judge a model",
        "Judges a candidate statistically: the pipeline's model, or the predictions in two files.",
        outputs=(Output("outcome", "pass, fail or inconclusive."),),
        leave_out=_PRINTING,
        extras=_NUMBERS,
        runs_steps=True,
    ),
    Task(
        "comment",
        "Comment on a pull request",
        "Writes the report of a run into the one comment of its pull request; also for the job of a fork.",
        leave_out=_PRINTING,
        extras=_NUMBERS,
    ),
    Task(
        "register",
        "Register a model",
        "Registers a model trained anywhere; the same model again is the same version.",
        outputs=(_MODEL, Output("version", "The number of the version.")),
        leave_out=_PRINTING,
        extras=_NUMBERS,
    ),
    Task(
        "promote",
        "Promote a model",
        "Points an alias at a version, by your decision.",
        outputs=(_MODEL, Output("version", "The number of the version."), Output("changed", "'true' if it moved.")),
        leave_out=_PRINTING,
        extras=_NUMBERS,
    ),
    Task(
        "onnx convert",
        "Convert a model to ONNX",
        "Converts a registered version to ONNX and proves that it answers as the original does.",
        outputs=(
            Output("converted", "'true' if there is an ONNX model within the tolerance."),
            Output("reason", "Why there is none."),
        ),
        leave_out=_PRINTING,
        called="convert",
        needs_more=True,
    ),
    Task(
        "image push",
        "Build an image of a model",
        "Builds the container image of a version, without Docker, and pushes what the registry does not have.",
        outputs=(Output("image", "The image, by its digest."), Output("digest", "The digest of the image.")),
        leave_out=_PRINTING,
        called="build-image",
        needs_more=True,
    ),
    Task(
        "deploy",
        "Deploy a model",
        "Lets a version serve: started beside the old one, tried with real rows, and only then switched to.",
        outputs=(
            Output("outcome", "deployed or unchanged."),
            Output("url", "Where it serves; empty if the place has no address."),
            _DEPLOYMENT,
            Output("version", "The number of the version that serves."),
        ),
        leave_out=_PRINTING | {"to_debug"},
        needs_more=True,
    ),
    Task(
        "deployments rollback",
        "Roll a deployment back",
        "Lets the version serve again that served before; the alias stays where it is.",
        outputs=(
            Output("outcome", "rolled-back."),
            Output("url", "Where it serves; empty if the place has no address."),
            _DEPLOYMENT,
            Output("version", "The number of the version that serves again."),
        ),
        leave_out=_PRINTING,
        called="rollback-deployment",
        needs_more=True,
    ),
    Task(
        "deployments check",
        "Check deployments",
        "Sees whether what serves is well and still answers as was recorded; made for a schedule.",
        outputs=(Output("healthy", "'true' if all that serve are well."),),
        leave_out=_PRINTING,
        called="check-deployments",
        needs_more=True,
    ),
    Task(
        "trigger",
        "Tell of a model that landed",
        "Delivers to the receivers of the triggers what they have not heard yet.",
        leave_out=_PRINTING,
    ),
)
