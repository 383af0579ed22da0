"""What the documents say is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlops_ci.cli.gate import gate
from mlops_ci.cli.gate_files import COLUMNS
from mlops_ci.metrics import NAMES, metric_of
from mlops_ci.project.load import load_project
from mlops_ci.project.metric_names import ANY, BUILT_IN, SIGNATURES, Signature
from mlops_ci.project.rules import parse_rule

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
)


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", document.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
        assert (document.parent / target).exists(), target


def test_the_index_names_every_page_once() -> None:
    index = ROOT / "docs/README.md"
    named = re.findall(r"^- \[[^]]+\]\(([^)]+)\): \S", index.read_text("utf-8"), re.MULTILINE)
    pages = sorted(path.relative_to(index.parent).as_posix() for path in index.parent.glob("**/*.md") if path != index)
    assert sorted(named) == pages


def test_the_readme_leads_to_the_index_and_ten_pages() -> None:
    read_on = (ROOT / "README.md").read_text("utf-8").partition("## Read on\n")[2]
    assert len(re.findall(r"^- \[", read_on, re.MULTILINE)) == 10
    assert "](docs/README.md)" in read_on


def test_every_example_of_a_project_is_valid() -> None:
    found = [block for document in DOCUMENTS for block in blocks(document, "yaml") if block.startswith("version: 1")]
    assert len(found) >= 2
    for text in found:
        load_project(text.encode(), "mlops.yaml")


def test_every_rule_of_the_gates_document_is_a_rule() -> None:
    text = (ROOT / "docs/gate.md").read_text("utf-8")
    rows = [row for row in text.splitlines() if row.startswith("| `") and any(sign in row for sign in "<>")]
    rules = [match for row in rows for match in re.findall(r"([\w.]+ [<>]=? [\w.@ *+-]+)", row.split("|")[1])]
    assert len(rules) >= 8
    for rule in rules:
        parse_rule(rule.strip())


def test_every_option_of_a_plan_is_documented() -> None:
    text = (ROOT / "docs/gate-planning.md").read_text("utf-8")
    usual = {*COLUMNS, "project", "workspace", "as_json"}
    options = {parameter.opts[0] for parameter in gate.commands["plan"].params if parameter.name not in usual}
    assert all(f"`{name}`" in text for name in options)


def test_every_metric_is_documented_with_its_calls_its_tasks_and_its_direction() -> None:
    text = (ROOT / "docs/metrics.md").read_text("utf-8")
    table = [
        re.split(r" *\| *", row)[1:5] for row in text.splitlines() if re.match(r"\| `\w+.*\| (higher|lower|you)", row)
    ]
    documented = {re.split(r"[`(\[]", calls)[1]: (calls, tasks, better) for calls, tasks, better, _ in table}
    assert tuple(documented) == NAMES == tuple(SIGNATURES)
    for name, (calls, tasks, better) in documented.items():
        signature = SIGNATURES[name]
        assert [call.strip("`") for call in calls.split(", `")] == ways(name, signature)
        assert set(tasks.split(", ")) == ({"any"} if BUILT_IN[name] == ANY else BUILT_IN[name])
        examples: dict[str, float | str] = {"beta": 2.0, "precision": 0.9, "quantile": 0.5, "column": "latency"}
        metric = metric_of(name, [examples[item.called] for item in signature.arguments if not item.optional])
        assert (
            metric is not None and better == {True: "higher", False: "lower", None: "you say"}[metric.higher_is_better]
        )


def ways(name: str, signature: Signature) -> list[str]:
    """The ways to call a metric, as the document writes them."""
    inside = ", ".join(item.called for item in signature.arguments)
    plain = f"{name}({inside})" if inside else name
    found = [name, plain] if any(item.optional for item in signature.arguments) else [plain]
    if signature.averages:
        found.append(f"{name}({inside}{', ' if inside else ''}average)")
    return [*found, f"{plain}[class]"] if signature.of_class else found


def test_every_exit_code_is_documented() -> None:
    text = (ROOT / "docs/command-line.md").read_text("utf-8")
    for code in ("0", "1", "2", "3", "4", "5", "6", "70", "129, 130, 143", "141"):
        assert f"| {code} |" in text
