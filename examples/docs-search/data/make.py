"""Make functions.csv from the documentation of Python's standard library: python make.py."""

import csv
import importlib
import inspect
import sys
from pathlib import Path

MODULES = """
    argparse array ast asyncio base64 bisect bz2 calendar codecs collections concurrent.futures configparser contextlib
    copy csv datetime decimal difflib doctest enum fnmatch fractions functools getopt gettext glob gzip hashlib heapq hmac
    html inspect io ipaddress itertools json locale logging lzma math mimetypes multiprocessing operator os os.path pathlib
    pickle platform pprint queue random re secrets select selectors shelve shutil signal socket sqlite3 statistics string
    struct subprocess tarfile tempfile textwrap threading time timeit tokenize trace traceback types unicodedata unittest
    urllib.parse urllib.request uuid warnings weakref xml.etree.ElementTree zipfile zlib
""".split()


def documented(module_name: str) -> list[tuple[str, str, str]]:
    """Name, first sentence and the rest of what is said of each function and class that the module defines."""
    module = importlib.import_module(module_name)
    homes = {module_name, module_name.partition(".")[0], f"_{module_name}", "posix", "posixpath", None}
    found = []
    for name, item in sorted(vars(module).items()):
        if name.startswith("_") or not (inspect.isroutine(item) or inspect.isclass(item)):
            continue
        if getattr(item, "__module__", None) not in homes:
            continue
        summary, _, rest = (inspect.getdoc(item) or "").partition("\n\n")
        summary, rest = " ".join(summary.split()), " ".join(rest.split())
        if 4 <= len(summary.split()) <= 30 and len(rest.split()) >= 15 and not summary.startswith((f"{name}(", "(")):
            found.append((f"{module_name}.{name}", summary, rest[:600]))
    return found


def main() -> None:
    seen: set[str] = set()
    rows = []
    for module in MODULES:
        for name, summary, rest in documented(module):
            if summary not in seen:
                seen.add(summary)
                rows.append((name, module, summary, rest))
    with Path("functions.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("id", "module", "question", "text"), *rows])
    print(f"{len(rows)} functions of Python {sys.version.partition(' ')[0]}")


if __name__ == "__main__":
    main()
