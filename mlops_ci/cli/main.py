"""The root command. Verbs are imported when they are called, so that ``--version`` stays quick."""

from __future__ import annotations

from importlib import import_module

import click

from mlops_ci import __version__
from mlops_ci.errors import MissingExtraError

# Verb -> (module, attribute, what it does), in the order in which help shows them.
_VERBS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo", "demo", "Watch five commits go through the whole journey, in a scratch repository."),
    "init": ("project", "init", "Write a first mlops.yaml."),
    "validate": ("project", "validate", "Check mlops.yaml."),
    "ci": ("ci", "ci", "Do what the commit calls for: run, judge, report; register and promote."),
    "affected": ("affected", "affected", "List the models of the repository that a change affects."),
    "plan": ("pipeline", "plan", "Show which steps would run, and why."),
    "run": ("pipeline", "run", "Run the steps, without judging."),
    "gate": ("gate", "gate", "Judge a candidate, from the pipeline or from two files."),
    "report": ("report", "report", "Show the report of a run again."),
    "comment": ("comment", "comment", "Write the report of a run into the comment of its pull request again."),
    "register": ("registry", "register", "Register a model trained anywhere."),
    "promote": ("registry", "promote", "Point an alias at a version."),
    "deploy": ("deploy", "deploy", "Let a version serve: tried beside the old one, then switched."),
    "deployments": ("deployments", "deployments", "List, show, check, roll back and delete deployments."),
    "trigger": ("trigger", "trigger", "Tell others what is due of registrations, promotions and deployments."),
    "events": ("events", "events", "List events and what became of them; test a receiver."),
    "models": ("models", "models", "List, show, compare, explain, tag, alias, delete and download models."),
    "onnx": ("onnx", "onnx", "Convert models to ONNX, compare and time them."),
    "image": ("image", "image", "Build, push and inspect container images of versions."),
    "runs": ("runs", "runs", "List, show, compare and clone runs."),
    "reproduce": ("reproduce", "reproduce", "Run a version or a run again, as it was, and compare."),
    "datasets": ("datasets", "datasets", "List, show, compare and register versions of datasets."),
    "environment": ("environment", "environment", "Lock the software of the steps; check and compare locks."),
    "serve": ("serve", "serve", "Serve a model package over HTTP."),
    "collected": ("collected", "collected", "List and compact what scoring servers collected."),
    "workspace": ("workspace", "workspace", "Create, describe and check a workspace."),
    "extras": ("extras", "extras", "Name the extras that a project needs."),
}
# What verbs that judge, or say what was judged, import from the extra gate.
_OF_THE_GATE = frozenset({"numpy", "polars", "scipy"})


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in _VERBS:
            return None
        module, attribute, _ = _VERBS[cmd_name]
        try:
            command: click.Command = getattr(import_module(f"mlops_ci.cli.{module}"), attribute)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in _OF_THE_GATE:
                raise
            raise MissingExtraError(f"mlops-ci {cmd_name}", "gate") from error
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _VERBS.items()])


_EPILOG = """\b
Exit codes:
  0 done                           4 conflict, or protected
  1 the gate refused or cannot     5 damaged or unsafe
    tell                           6 outcome unknown, run it again
  2 usage or configuration         70 a bug in mlops-ci
  3 environment or remote failed   130, 143 interrupted
"""


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.version_option(__version__, prog_name="mlops-ci", message="%(prog)s %(version)s")
def cli() -> None:
    """The whole life of a model inside the CI you already have.

    Train on commit, compare with the champion statistically, register, promote. Start with: mlops-ci demo
    """
