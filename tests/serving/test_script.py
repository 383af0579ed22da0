"""Entry scripts as Azure Machine Learning has them, in this process."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.serving.contracts import RequestError, ScriptAnswer
from mlops_ci.serving.script import Script, load_script
from tests.serving.scripts import asked, imports_undone, posted, script_package

OPEN: list[Script] = []


@pytest.fixture(autouse=True)
def _undone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AZUREML_MODEL_DIR", "")
    with imports_undone():
        yield
    while OPEN:
        OPEN.pop().close()


def loaded(folder: Path, script: str, *, timeout: float = 30.0, files: dict[str, bytes] | None = None) -> Script:
    OPEN.append(load_script(script_package(folder, script, files), folder, timeout))
    return OPEN[-1]


def value_of(answer: ScriptAnswer) -> object:
    assert (answer.status, dict(answer.headers)[b"content-type"]) == (200, b"application/json")
    return json.loads(answer.body)


def test_init_is_called_once_and_run_gets_the_body_as_text(tmp_path: Path) -> None:
    script = loaded(
        tmp_path,
        """
import json, os
from pathlib import Path
from beside_it import factor
calls = 0
def init():
    global weight, calls
    calls += 1
    weight = int(Path(os.environ["AZUREML_MODEL_DIR"], "weight.txt").read_text())
def run(data):
    return {"sum": sum(json.loads(data)["data"]) * weight * factor, "type": type(data).__name__, "calls": calls}
""".replace("from beside_it import factor", "factor = int((Path(__file__).parent / 'score.py').exists())"),
        files={"weight.txt": b"3"},
    )
    for _ in range(2):
        assert value_of(script.answer(posted('{"data": [1, 2]}'))) == {"sum": 9, "type": "str", "calls": 1}


def test_a_script_imports_what_lies_beside_it(tmp_path: Path) -> None:
    model = script_package(tmp_path, "from beside import answer\ndef init(): pass\ndef run(data): return answer\n")
    (tmp_path / "models/coin/code/beside.py").write_text("answer = 42\n")
    assert value_of(load_script(model, tmp_path, 30).answer(posted(""))) == 42


RUN = "def init(): pass\ndef run(data):\n    return "


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'text'", "text"),
        ("'{\"a\": 1}'", '{"a": 1}'),  # a string is a JSON string, as there
        ("[1, 2.5, None, True]", [1, 2.5, None, True]),
        ("None", {}),
        ("float('nan')", None),
        ("__import__('numpy').array([[1, 2], [3, 4]])", [[1, 2], [3, 4]]),
        ("{'p': __import__('numpy').float32(0.5), 'n': __import__('numpy').int64(7)}", {"p": 0.5, "n": 7}),
        ("__import__('pandas').DataFrame({'a': [1], 'b': ['x']})", [{"a": 1, "b": "x"}]),
        ("__import__('pandas').Series([1.5, 2.5])", [1.5, 2.5]),
        ("__import__('polars').DataFrame({'a': [1]})", [{"a": 1}]),
        ("{'when': __import__('datetime').date(2026, 1, 2)}", {"when": "2026-01-02"}),
    ],
)
def test_what_run_returns_becomes_json(tmp_path: Path, expression: str, expected: object) -> None:
    assert value_of(loaded(tmp_path, RUN + expression).answer(posted("{}"))) == expected


def test_bytes_are_sent_as_they_are(tmp_path: Path) -> None:
    answer = loaded(tmp_path, RUN + "b'\\x00\\x01'").answer(posted(""))
    assert (answer.body, dict(answer.headers)[b"content-type"]) == (b"\x00\x01", b"application/octet-stream")


def test_run_may_be_asynchronous(tmp_path: Path) -> None:
    script = loaded(
        tmp_path,
        "import asyncio\nasync def init():\n    global lock\n    lock = asyncio.Lock()\n"
        "async def run(data):\n    async with lock:\n        await asyncio.sleep(0)\n        return len(data)\n",
    )
    assert [value_of(script.answer(posted("abc"))) for _ in range(2)] == [3, 3]


def test_a_parameter_for_the_headers_gets_them(tmp_path: Path) -> None:
    script = loaded(tmp_path, "def init(): pass\ndef run(data, request_headers): return request_headers['x-team']\n")
    assert value_of(script.answer(posted("", (b"x-team", b"fraud")))) == "fraud"


def test_a_get_request_gives_the_query_as_json(tmp_path: Path) -> None:
    script = loaded(tmp_path, "import json\n" + RUN + "json.loads(data)")
    assert value_of(script.answer(asked("a=1&b=[1,2]&c=x&d=1&d=y"))) == {"a": 1, "b": [1, 2], "c": "x", "d": [1, "y"]}


@pytest.mark.parametrize("package", ["azureml.contrib.services", "azureml_inference_server_http.api"])
def test_rawhttp_gives_the_request_and_takes_a_response(tmp_path: Path, package: str) -> None:
    script = loaded(
        tmp_path,
        f"""
from {package}.aml_request import AMLRequest, rawhttp
from {package}.aml_response import AMLResponse
def init(): pass
@rawhttp
def run(request):
    assert isinstance(request, AMLRequest)
    text = f"{{request.method}} {{request.get_data(as_text=True)}} {{request.headers['X-Team']}}"
    return AMLResponse(text.encode(), 201, {{"Content-Type": "text/plain", "X-Kind": "raw", "Content-Length": "1"}})
""",
    )
    answer = script.answer(posted("body", (b"x-team", b"fraud")))
    assert (answer.status, answer.body) == (201, b"POST body fraud")
    assert dict(answer.headers) == {b"content-type": b"text/plain", b"x-kind": b"raw"}


def test_a_response_cannot_smuggle_headers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    script = loaded(
        tmp_path,
        "from azureml.contrib.services.aml_response import AMLResponse\n"
        + RUN
        + "AMLResponse('x', 200, {'X-A': 'b\\r\\nSet-Cookie: c=d'})",
    )
    with pytest.raises(RequestError) as caught:
        script.answer(posted(""))
    assert caught.value.status == 500


def test_a_failure_is_500_with_an_id_and_its_traceback_is_only_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = loaded(tmp_path, "def init(): pass\ndef run(data):\n    raise KeyError('password=hunter2')\n")
    with pytest.raises(RequestError) as caught:
        script.answer(posted(""))
    assert caught.value.status == 500
    assert "r-1" in caught.value.message
    assert "hunter2" not in caught.value.message
    (record,) = caplog.records
    assert "r-1" in record.getMessage()
    assert 'score.py", line 3, in run' in record.getMessage()
    assert "mlops_ci/serving" not in record.getMessage()


@pytest.mark.parametrize("expression", ["exit(3)", "object()", "1 / 0", "'\\ud800'", "{(1, 2): object()}"])
def test_whatever_run_does_is_one_500(tmp_path: Path, expression: str, caplog: pytest.LogCaptureFixture) -> None:
    script = loaded(tmp_path, RUN + expression)
    with pytest.raises(RequestError) as caught:
        script.answer(posted(""))
    assert caught.value.status == 500


def test_a_run_that_takes_too_long_is_interrupted_and_the_next_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = "def init(): pass\ndef run(data):\n    while data == 'for ever':\n        pass\n    return 'done'\n"
    script = loaded(tmp_path, text, timeout=0.2)
    with pytest.raises(RequestError) as caught:
        script.answer(posted("for ever"))
    assert caught.value.status == 504
    assert value_of(script.answer(posted("quick"))) == "done"


def test_an_asynchronous_run_that_takes_too_long_is_cancelled(tmp_path: Path) -> None:
    text = (
        "import asyncio\nasync def run(data):\n    await asyncio.sleep(float(data))\n    return 1\n\ndef init(): pass\n"
    )
    script = loaded(tmp_path, text, timeout=0.2)
    with pytest.raises(RequestError) as caught:
        script.answer(posted("60"))
    assert caught.value.status == 504
    assert value_of(script.answer(posted("0"))) == 1


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (
            "def run(data): pass\n",
            "the entry script has no function init(); models/coin/code/score.py; an entry script ",
        ),
        ("def init(): pass\nrun = 3\n", "the entry script has no function run(); models/coin/code/score.py; an entry "),
        ("x = (\n", "the entry script has a syntax error: '(' was never closed; models/coin/code/score.py:1"),
        (
            "\nimport no_such\n",
            "the entry script imports 'no_such', which is not installed; models/coin/code/score.py:2;",
        ),
        (
            "\n\n1 / 0\n",
            "the entry script failed while it was imported: ZeroDivisionError: division by zero; models/coin",
        ),
        (
            "def init():\n    open('/no/model')\ndef run(data): pass\n",
            "the entry script failed in init(): FileNotFoundError: [Errno 2] No such file or directory: '/no/model'; "
            "models/coin/code/score.py:2",
        ),
        ("def init():\n    exit()\ndef run(data): pass\n", "the entry script ended the process in init(); models/coin"),
        ("def init(): pass\ndef run(): pass\n", "run() has no parameter for the request; models/coin/code/score.py:2;"),
        ("def init(): pass\ndef run(*data): pass\n", "run() has parameters that have no name for callers; models/coin"),
    ],
)
def test_a_script_that_cannot_start_is_one_line_with_its_place(tmp_path: Path, script: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path, script)
    assert caught.value.line().startswith(line)


def test_files_of_a_model_that_were_changed_are_refused_before_the_script_can_read_them(tmp_path: Path) -> None:
    script = f"open({str(tmp_path / 'ran')!r}, 'w')\n{RUN}1"
    model = script_package(tmp_path, script, {"model.pkl": b"good"})
    (tmp_path / "models/coin/files/model.pkl").write_bytes(b"evil")
    with pytest.raises(IntegrityError, match=r"not the one that was registered; models/coin/files/model.pkl"):
        load_script(model, tmp_path, 30)
    assert not (tmp_path / "ran").exists()


DECORATED = """
import numpy as np, pandas as pd
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
def init(): pass
@input_schema("data", PandasParameterType(pd.DataFrame({"a": [1.5], "b": ["x"]})))
@input_schema("rows", NumpyParameterType(np.array([[1, 2]])))
@input_schema("limit", StandardPythonParameterType(3))
@output_schema(NumpyParameterType(np.array([1.0])))
def run(data, rows, limit=3):
    assert isinstance(data, pd.DataFrame) and isinstance(rows, np.ndarray)
    return data["a"].to_numpy() * rows.sum() + limit
"""


def test_the_decorators_of_inference_schema_give_decoded_parameters(tmp_path: Path) -> None:
    script = loaded(tmp_path, DECORATED)
    body = {"data": [{"a": 2.0, "b": "y"}, {"a": 3.0, "b": "z"}], "rows": [[1, 1]]}
    assert value_of(script.answer(posted(json.dumps(body)))) == [7.0, 9.0]
    assert script.schema is not None
    assert script.schema.input is not None
    assert script.schema.input["properties"]["limit"] == {"type": "integer", "format": "int64"}
    assert script.schema.output == {
        "type": "array", "items": {"type": "number", "format": "double"}, "example": [1.0], "format": "numpy.ndarray",
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        "[]", "{", "", '{"data": [], "limit": 3}', "[" * 100_000, '{"data": 3, "rows": [[1, 2]]}',
        '{"data": [{"a": "no number", "b": 1}], "rows": [[1, 2]]}', '{"data": [], "rows": "x", "limit": ' + "9" * 5000,
    ],
    ids=lambda body: body[:20],
)  # fmt: skip
def test_what_the_decorators_cannot_convert_is_the_callers_fault(
    tmp_path: Path, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    script = loaded(tmp_path, DECORATED)
    with pytest.raises(RequestError) as caught:
        script.answer(posted(body))
    assert caught.value.status == 400
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_an_undecorated_script_has_no_schema(tmp_path: Path) -> None:
    assert loaded(tmp_path, RUN + "1").schema is None
