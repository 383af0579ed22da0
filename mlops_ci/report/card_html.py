"""A model card as a page of its own: the same text, in which no markup counts but Markdown's."""

from __future__ import annotations

import html

from markdown_it import MarkdownIt

from mlops_ci.report.card import card_body, title
from mlops_ci.report.card_facts import CardFacts
from mlops_ci.report.card_front import split_front

# Nothing is fetched and nothing runs, whatever the text says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2rem; border-bottom: 1px solid #8884; padding-bottom: .2rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #8883; }
th:empty { padding: 0; border: 0; }
code { font-size: .9em; background: #8882; border-radius: .2rem; padding: .1rem .25rem; overflow-wrap: anywhere; }
td:first-child code { overflow-wrap: break-word; }
@media (max-width: 40rem) { table { font-size: .8rem; } th, td { padding-right: .5rem; } }
pre { overflow-x: auto; background: #8882; border-radius: .3rem; padding: .7rem; }
pre code { background: none; padding: 0; }
"""


def render_card_page(facts: CardFacts) -> str:
    """The card as HTML."""
    body = card_body(facts, *split_front(facts.text or ""))
    # Without "html" a tag is text; the library itself refuses targets of links that would run something.
    rendered = MarkdownIt("commonmark", {"html": False}).enable("table").render(body)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(_POLICY)}">\n'
        f"<title>{html.escape(title(facts))}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n{rendered}</body>\n</html>\n"
    )
