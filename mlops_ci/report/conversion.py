"""What came of converting a model, in a few lines."""

from __future__ import annotations

from mlops_ci.records.conversion import Conversion, OnnxForm, Speed


def conversion_lines(found: Conversion) -> list[str]:
    """Sentences without their full stops: the form that serves, and what became of int8."""
    form = found.form()
    if form is None:
        hint = f"; {found.hint}" if found.hint else ""
        return [f"not converted: {found.reason or 'nobody knows why'}{hint}"]
    lines = [_form_line(form)]
    int8 = next((one for one in found.forms if one.precision == "int8"), None)
    if int8 is not None and found.int8:
        verb = "serves" if found.served == "int8" else "does not serve"
        lines.append(f"int8 {verb}: {found.int8.removesuffix('.')}")
        if found.served != "int8":
            lines[-1] += f" ({_difference(int8)}; {_speed_up(int8)})"
    return lines


def _form_line(form: OnnxForm) -> str:
    equal = form.parity.labels_differing == 0 and form.parity.worst <= form.parity.tolerance
    how = "equal to the original" if equal else f"{form.precision}, compared with the original"
    return f"{how} on {form.parity.rows:,} rows: {_difference(form)}; {_speed_up(form)}"


def _difference(form: OnnxForm) -> str:
    parity = form.parity
    labels = "no label differs" if parity.labels_differing == 0 else f"{parity.labels_differing:,} labels differ"
    return f"worst difference {parity.worst:.1e}, {labels}"


def _speed_up(form: OnnxForm) -> str:
    if not form.speed:
        return "not timed"
    first, *others = form.speed
    rows = "1 row" if first.batch == 1 else f"{first.batch:,} rows"
    return ", ".join([f"{_times(first)} as fast for {rows}", *(f"{_times(one)} for {one.batch:,}" for one in others)])


def _times(speed: Speed) -> str:
    factor = speed.original / speed.onnx
    return f"{factor:,.0f}×" if factor >= 10 else f"{factor:.1f}×"
