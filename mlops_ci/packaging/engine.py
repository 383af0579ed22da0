"""Images in the local Docker Engine: loaded into it, built by it from the user's own Dockerfile, pushed from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_ci.edge.docker_engine import telling_of_the_engine
from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.packaging.archive import docker_archive
from mlops_ci.records.digest import is_digest
from mlops_ci.records.image import Image

if TYPE_CHECKING:
    from docker import DockerClient

OnLine = Callable[[str], None]
_LAST_LINES = 5
_CORRECT = "correct the Dockerfile"
_LONGEST_LINE = 2000


def load(engine: DockerClient, config: bytes, layers: Sequence[Path], name: str) -> str:
    """Give an image to the Engine, and return by what it knows the image: its id there.

    Args:
        engine: the Engine.
        config: the image's configuration.
        layers: the files of its layers, from the lowest.
        name: what it is called there, with tag.

    Raises:
        RemoteError: the Engine cannot be reached, or does not take the image.
    """
    with telling_of_the_engine(where=name):
        events = engine.api.load_image(docker_archive(config, layers, name))  # type: ignore[no-untyped-call]
        for event in events:
            if "error" in event:
                raise RemoteError(f"the Docker Engine does not take the image: {_line(event['error'])}", where=name)
        return str(engine.images.get(name).id)


def build(
    engine: DockerClient,
    context: Path,
    dockerfile: str,
    *,
    name: str,
    platform: str,
    labels: Mapping[str, str],
    on_line: OnLine,
) -> Image:
    """Have the Engine build a Dockerfile of the user's, by its classic builder.

    Args:
        engine: the Engine.
        context: the folder that the Dockerfile copies from; its ``.dockerignore`` counts.
        dockerfile: relative to the context.
        name: what the image is called in the Engine, with tag.
        platform: such as ``linux/amd64``.
        labels: further labels of the image.
        on_line: gets each line of the build's output, which is foreign text.

    Returns:
        The image, whose digest is its id in the Engine: it has no other before it is pushed.

    Raises:
        UsageError: there is no such Dockerfile, or it cannot be built; the message ends with the last lines.
        RemoteError: the Engine cannot be reached.
    """
    if not (context / dockerfile).is_file():
        raise UsageError("there is no such Dockerfile", where=dockerfile, hint="see image.dockerfile in mlops.yaml")
    with telling_of_the_engine(where=dockerfile):
        own = f"{engine.info()['OSType']}/{engine.version()['Arch']}"
        with _blaming_the_dockerfile(dockerfile):
            events = engine.api.build(
                path=str(context),
                dockerfile=dockerfile,
                tag=name,
                labels=dict(labels),
                rm=True,
                forcerm=True,
                decode=True,
                # Older Engines know other platforms only where that is switched on.
                platform=None if platform == own else platform,
            )
            _follow(events, on_line, dockerfile)
        return Image(digest=str(engine.images.get(name).id), platform=platform, base=None)


def push(engine: DockerClient, name: str, repository: str, tag: str, *, on_line: OnLine) -> tuple[str, str]:
    """Push an image from the Engine, with the credentials that Docker itself has; return its digest and reference.

    Raises:
        RemoteError: the Engine or the registry cannot be reached, or refuses.
    """
    digest: str | None = None
    with telling_of_the_engine(where=repository):
        engine.images.get(name).tag(repository, tag)
        for event in engine.api.push(repository, tag, stream=True, decode=True):
            if "error" in event:
                hint = "log in with docker login, and check the permission to push"
                raise RemoteError(f"the image is not pushed: {_line(event['error'])}", where=repository, hint=hint)
            if "id" not in event and event.get("status"):
                on_line(_line(event["status"]))
            digest = (event.get("aux") or {}).get("Digest", digest)
    if digest is None or not is_digest(digest):
        raise RemoteError("the registry did not say what the image is called there", where=f"{repository}:{tag}")
    return digest, f"{repository}@{digest}"


@contextmanager
def _blaming_the_dockerfile(dockerfile: str) -> Iterator[None]:
    """What the Engine cannot read, it refuses before it begins."""
    from docker.errors import APIError

    try:
        yield
    except APIError as error:
        if error.status_code != 400:
            raise
        what = f"the image cannot be built: {_line(error.explanation)}"
        raise UsageError(what, where=dockerfile, hint=_CORRECT) from error


def _follow(events: Iterable[dict[str, Any]], on_line: OnLine, dockerfile: str) -> None:
    """Hand on what a build says, line by line; its pieces end anywhere."""
    last: deque[str] = deque(maxlen=_LAST_LINES)
    rest = ""

    def say(line: str) -> None:
        if line := _line(line):
            last.append(line)
            on_line(line)

    for event in events:
        *lines, rest = (rest + str(event.get("stream", ""))).split("\n")
        for line in lines:
            say(line)
        if "error" in event:
            say(rest)
            said = " / ".join([*last, _line(event["error"])])
            raise UsageError(f"the image cannot be built: {said}", where=dockerfile, hint=_CORRECT)
    say(rest)


def _line(text: object) -> str:
    """A text as one line that can be printed: without the sequences by which a terminal is steered."""
    plain = "".join(letter if letter.isprintable() else " " for letter in str(text)[:_LONGEST_LINE])
    return plain.strip()
