"""Renders a report's Markdown as a hosting service shows it, or its page, and takes its picture.

Usage: python docs/images/render.py REPORT.md|REPORT.html PICTURE.png     (needs chromium; make picture calls it)
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt

PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 20px; background: #fff; width: 860px; }}
main {{ border: 1px solid #d1d9e0; border-radius: 6px; }}
article {{ padding: 16px; }}
article {{ font: 14px/1.5 -apple-system, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif; }}
h3 {{ font-size: 1.25em; margin: 0 0 16px; }}
p, table, details, blockquote {{ margin: 0 0 16px; }}
table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid #d1d9e0; padding: 6px 13px; text-align: left; }}
tr:nth-child(2n) td {{ background: #f6f8fa; }}
[style*="right"] {{ text-align: right; font-variant-numeric: tabular-nums; }}
code {{ background: #818b981f; border-radius: 6px; padding: .2em .4em; font: 85% "DejaVu Sans Mono", monospace; }}
blockquote {{ border-left: .25em solid #d1d9e0; color: #59636e; padding: 0 1em; }}
</style><main><article>{body}</article></main>"""


def main(report: Path, picture: Path) -> None:
    """Write the picture."""
    text, height = report.read_text("utf-8"), 1500
    if report.suffix == ".md":
        body = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
        text, height = PAGE.format(body=body), 600
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(text, "utf-8")
        browser = shutil.which("chromium") or shutil.which("google-chrome")
        if not browser:
            sys.exit("chromium is not installed")
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                f"--user-data-dir={folder}/profile", "--hide-scrollbars", "--force-device-scale-factor=2",
                f"--window-size=900,{height}", f"--screenshot={picture.absolute()}", page.as_uri(),
            ],
            check=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
