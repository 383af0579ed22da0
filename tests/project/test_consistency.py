from __future__ import annotations

import pytest

from tests.project.conftest import Lines

CASES = [
    ("an unknown dataset", "data: [d]", "data: [e]", "6:42: unknown dataset 'e'; datasets: d"),
    ("an output outside", "outputs: [p.csv,", "outputs: [../p.csv,", "7:59: an output must lie below"),
    ("one output of two steps", "outputs: [p.csv,", "outputs: [out, p.csv,", "'out' is an output of 'train' already"),
    ("overlapping outputs", "[p.csv, n.json]", "[p.csv, n.json, p.csv/x]", "'p.csv/x' overlaps the output 'p.csv'"),
    ("a step reading its own output", "inputs: [e.py,", "inputs: [p.csv,", "7:31: the step reads its own output"),
    ("a circle", "inputs: [t.py]", "inputs: [n.json]", "6:3: steps wait for one another: "),
    ("no model files", ", files: [out/m.pkl]", "", "2:8: the key 'files' is missing; name the outputs"),
    ("a model nobody writes", "files: [out/m.pkl]", "files: [out/n.pkl]", "no step writes 'out/n.pkl'; did you mean"),
    ("model inputs nobody writes", "name: m,", "name: m, inputs: {path: t.csv},", "no step writes 't.csv'"),
    ("an unknown metric", "accuracy >", "latency >", None),
    ("a metric of another task", "accuracy >", "rmse <", "11:7: rmse does not fit a binary task; use one of: accuracy"),
    ("a metric without its argument", "accuracy >", "f_beta >", "f_beta lacks its beta, a number above 0; write f_"),
    ("an unknown average", "accuracy >", "f1(marco) >", "11:7: marco is no argument of f1; did you mean 'macro'?"),
    ("a class of a metric without", "accuracy >", "mcc[late] >", "mcc is not defined for a single class; write mcc"),
    ("an average of another task", "accuracy >", "roc_auc(macro) >", "roc_auc(macro) does not fit a binary task"),
    ("a class of an own number", "accuracy >", "latency[late] <", "latency is a number of the metrics file and takes"),
    ("a comparison compared", "accuracy >", "win_rate(x) >", "compares with the baseline already; write win_rate"),
    ("a class of ours", "accuracy >", "recall[late] >", None),
    ("an unknown evaluation step", "step: evaluate", "step: evalute", "unknown step 'evalute'; did you"),
    ("predictions nobody writes", "path: p.csv", "path: q.csv", "8:64: no step writes 'q.csv'"),
    ("metrics nobody writes", "metrics: n.json", "metrics: o.json", "no step writes 'o.json'"),
    ("slices of a plain number", "accuracy > baseline", "{rule: n < 1, per: c}", "n has one value, no slices"),
    ("a baseline like a version", "gate:\n", "gate:\n  baseline: v3\n", "10:13: 'v3' is not an alias name"),
    ("a budget of nothing", "gate:\n", "gate:\n  budget: {reveal: gains}\n", "spend: even needs a number of looks"),
    ("an end without end", "gate:\n", "gate:\n  budget: {looks: 5, spend: anytime}\n", "spend: anytime has no end"),
    ("a baseline like a commit", "gate:\n", "gate:\n  baseline: beef\n", "'beef' is not an alias name"),
    ("params without params", "params: {train: {depth: 6}}\n", "", "5:54: the project has no params; add params"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "part", "instead", "complaint"), CASES, ids=[case[0] for case in CASES])
def test_parts_that_do_not_fit_together_are_reported(
    _case: str, part: str, instead: str, complaint: str | None, lines: Lines, good: str
) -> None:
    assert good.count(part) == 1
    found = lines(good.replace(part, instead))
    if complaint is None:
        assert found == []
    else:
        assert [line for line in found if complaint in line], found


REMOTE = [
    ("uri: 's3://b/k', fingerprint: version", None),
    ("uri: 'az://c/k/?account=acme', fingerprint: content", None),
    ("uri: 'https://host/t.csv'", None),
    ("fingerprint: etag", "'uri' is needed with 'fingerprint'"),
    ("uri: 'ftp://host/t.csv'", '"ftp://host/t.csv" is not valid here; Where it is'),
    ("uri: 'http://host/t.csv'", "the address is not encrypted; use https://"),
    ("uri: 'https://ada:secret@host/t.csv'", "the address has a credential in it"),
    ("uri: 'https://host/t.csv?sig=secret'", "an address of data takes no query"),
    ("uri: 'https://host/folder/'", "a web server lists no folders"),
    ("uri: 'https://host'", "a web server lists no folders"),
    ("uri: 'https://host/t.csv', fingerprint: version", "a web server has no versions; use etag or content"),
    ("uri: 'gs://b/f/', fingerprint: version", "a listing of a folder tells no versions"),
    ("uri: 's3://bucket?region=x'", "the address names no object; add its key, or a slash"),
    ("uri: 's3://b/k', fingerprint: md5", '"md5" is not one of etag, version, content'),
]


@pytest.mark.parametrize(("more", "complaint"), REMOTE)
def test_an_address_that_cannot_be_read_from_is_reported_without_its_secrets(
    more: str, complaint: str | None, lines: Lines, good: str
) -> None:
    found = lines(good.replace("{d: {path: d.csv}}", f"{{d: {{path: d.csv, {more}}}}}"))
    if complaint is None:
        assert found == []
    else:
        assert [line for line in found if complaint in line], found
        assert "secret" not in "".join(found)


def test_what_is_elsewhere_appears_below_the_folder_and_where_no_step_writes(lines: Lines, good: str) -> None:
    for path, complaint in (("../d.csv", "must lie below the folder"), ("out/m.pkl", "is written by a step")):
        found = lines(good.replace("{d: {path: d.csv}}", f"{{d: {{path: {path}, uri: 's3://b/k'}}}}"))
        assert [line for line in found if complaint in line], found


SEEDS = [
    ("of the training", {"train": 3}, None),
    ("of both, in step", {"train": 3, "evaluate": 3}, None),
    ("of other numbers", {"train": 3, "evaluate": 2}, "'evaluate' has 2 seeds, and 'train' 3; give all the same"),
    ("that nobody evaluates", {"report": 2}, "no result of the evaluation depends on it, so that several seeds"),
    ("one, for its own sake", {"report": 1}, None),
]


@pytest.mark.parametrize(("_case", "seeds", "complaint"), SEEDS, ids=[case[0] for case in SEEDS])
def test_seeds_that_do_not_fit_are_reported(
    _case: str, seeds: dict[str, int], complaint: str | None, lines: Lines, good: str
) -> None:
    text = good.replace("evaluation:", "  report: {run: x, inputs: [p.csv], outputs: [r.html]}\nevaluation:")
    for name, number in seeds.items():
        text = text.replace(f"  {name}: {{", f"  {name}: {{seeds: {number}, ")
    found = lines(text)
    assert (len(found) == 1 and complaint in found[0]) if complaint else not found, found


CONVERSIONS = [
    ("no rows", ", inputs: {path: p.csv}", "", "3:7: the conversion needs the model's inputs; add model.inputs"),
    ("its name taken", "  train:", "  onnx:", "7:9: the name 'onnx' is that of the conversion; rename the step"),
    ("no file that can be", "[out/m.pkl]", "[out/m.bin]", "3:7: which of the model's files is to be converted?"),
    ("a file of others", "onnx: {}", "onnx: {model: p.csv}", "3:15: 'p.csv' is none of model.files"),
    ("its folder taken", "[p.csv, n.json]", "[p.csv, n.json, .mlops-ci]", "is where the conversion writes"),
    ("all well", "onnx: {}", "onnx: {model: out/m.pkl}", None),
]


@pytest.mark.parametrize(("_case", "part", "instead", "complaint"), CONVERSIONS, ids=[case[0] for case in CONVERSIONS])
def test_a_conversion_that_does_not_fit_is_reported(
    _case: str, part: str, instead: str, complaint: str | None, lines: Lines, good: str
) -> None:
    text = good.replace("[out/m.pkl]}\n", "[out/m.pkl], inputs: {path: p.csv}}\nonnx: {}\n", 1)
    assert lines(text) == []
    found = lines(text.replace(part, instead))
    assert any(complaint in line for line in found) if complaint else not found, found


def test_an_unknown_metric_is_reported_where_no_metrics_file_could_hold_it(lines: Lines, good: str) -> None:
    text = good.replace(", metrics: n.json", "").replace("accuracy >", "acuracy >")
    assert lines(text) == [
        "mlops.yaml:11:7: unknown metric 'acuracy'; did you mean 'accuracy'? your own numbers come from "
        "evaluation.metrics"
    ]


def test_a_metric_of_the_users_own_needs_no_metrics_file(lines: Lines, good: str) -> None:
    text = good.replace(", metrics: n.json", ", custom: [m.py:revenue]").replace("accuracy >", "revenue >")
    assert lines(text) == []


def test_many_classes_need_one_of_them_or_an_average(lines: Lines, good: str) -> None:
    text = good.replace("task: binary", "task: multiclass").replace("accuracy >", "recall >")
    assert lines(text) == [
        "mlops.yaml:11:7: recall does not fit a multiclass task; write recall(macro), recall(micro), recall(weighted) "
        "or recall[class]"
    ]
    assert lines(text.replace("recall >", "recall(macro) >")) == []


def test_a_rule_inside_any_is_checked_at_its_place(lines: Lines, good: str) -> None:
    found = lines(good.replace("accuracy > baseline", "{any: [accuracy > 0.5, rmse < 3]}"))
    assert len(found) == 1 and found[0].startswith("mlops.yaml:11:30: rmse does not fit")


def test_rules_that_do_not_parse_do_not_shift_the_places_of_others(lines: Lines, good: str) -> None:
    found = lines(good.replace("accuracy > baseline\n", "nonsense\n    - accuracy > 80%\n") + "zzz: 1\n")
    assert found == [line for line in found if "zzz" in line]
    found = lines(good.replace("accuracy > baseline\n", "nonsense\n    - accuracy > 80%\n"))
    assert [line.split(":")[1] for line in found] == ["11", "12"]


def test_problems_of_all_parts_are_reported_at_once_and_in_order(lines: Lines, good: str) -> None:
    broken = good.replace("data: [d]", "data: [e]").replace("step: evaluate", "step: gone").replace("accuracy", "rmse")
    assert [line.split(":")[1] for line in lines(broken)] == ["6", "8", "11"]
