"""Where everything is that a run could have looked at, so that the next one need not look if nothing changes there."""

from __future__ import annotations

from pathlib import Path

from mlops_ci.edge.standing_answer import Looked
from mlops_ci.edge.stat_cache import is_switched_off
from mlops_ci.hosts.select import found
from mlops_ci.lifecycle.session import Session
from mlops_ci.records.run import Run
from mlops_ci.source.settings_elsewhere import settings_elsewhere
from mlops_ci.workspace.durable_files import TEMPORARY
from mlops_ci.workspace.format import places_of
from mlops_ci.workspace.layout import PULL_REQUESTS, run_key
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store


def looked_at(session: Session, run: Run) -> Looked | None:
    """All places that a run depends on; None where some of it is not on this machine, or cannot be told.

    A service of CI wants outputs of each run, and has a new machine for it anyway.
    """
    checkout, environ = session.checkout, session.environ
    top = checkout.root.resolve()
    folders = _folders_of(session.store, session.cache.store)
    if (
        folders is None
        or session.context.host != "local"
        or found(environ)
        or is_switched_off(environ)
        or environ.get("MLOPS_CI_PYTHON")  # whose packages are anywhere
        or any(dataset.uri for dataset in session.project.datasets)
        or not (top / ".git").is_dir()  # a linked worktree: its repository is elsewhere
    ):
        return None
    beside = (folder / name for folder in folders for name in (TEMPORARY, "runs", f"{PULL_REQUESTS}runs"))
    outside = (folder for folder in folders if not folder.is_relative_to(top))
    return Looked(
        folders=_texts(top, *outside),
        # Objects of git are named by what they hold. Runs are what a run leaves, and nothing that it reads.
        without=_texts(top / ".git" / "objects", *beside),
        files=_texts(*settings_elsewhere(top, environ)),
        needed=str(folders[0] / run_key(run.id, session.area)),
    )


def _folders_of(*stores: Store) -> list[Path] | None:
    places = [place for store in stores for place in places_of(store)]
    folders = [place.root.resolve() for place in places if isinstance(place, LocalStore)]
    return folders if len(folders) == len(places) else None


def _texts(*paths: Path) -> tuple[str, ...]:
    return tuple(map(str, dict.fromkeys(paths)))
