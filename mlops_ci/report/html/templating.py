"""The templates of HTML pages; Jinja is imported when the first page is made."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from mlops_ci.report.html.plot import shortened
from mlops_ci.report.wording import visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_PACKAGE = "mlops_ci.report.html"
_BETWEEN = re.compile(r"( \d+%(?:, |$)|, | … )")  # values of a column, and how many rows have each
_OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]{0,30})(?![\w-])")


def filled(template: str, **values: Any) -> str:
    """A page: its template with these values, each escaped where it is written, and its style.

    A page may name ``style`` and, for its security policy, ``style_hash``.
    """
    from markupsafe import Markup

    style = _templates().get_template("style.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = _templates().get_template(template)
    # The file is ours, and markup in it could only be ours.
    return page.render(style=Markup(style), style_hash=Markup(f"sha256-{digest}"), **values)  # noqa: S704


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["visible"] = visible
    templates.filters["short"] = shortened
    templates.filters["prose"] = prose
    templates.filters["apart"] = apart
    return templates


def prose(text: str) -> Markup:
    """Foreign text as markup, in which no line ends within the name of an option: ``--`` alone means another thing."""
    from markupsafe import Markup, escape

    return Markup(_OPTION.sub(r'<span class="option">\1</span>', str(escape(visible(text)))))  # noqa: S704 - escaped


def apart(text: str) -> Markup:
    """Foreign values with what stands between them; one that is written from right to left turns nothing else round."""
    from markupsafe import Markup, escape

    pieces = enumerate(_BETWEEN.split(visible(text)))  # values, and every second time what is between them
    return Markup("").join(
        escape(piece) if at % 2 else Markup("<bdi>{}</bdi>").format(piece) for at, piece in pieces if piece
    )
