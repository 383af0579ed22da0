"""CountVectorizer and TfidfVectorizer: words of texts as counts and weights, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from mlops_ci.converter.emitter import Emitter, cast
from mlops_ci.converter.trouble import NotConvertibleError

DEFAULT_PATTERN = r"(?u)\b\w\w+\b"
# What Python calls a word's character, for the expressions of ONNX Runtime (RE2), whose \w is ASCII only.
WORD = r"[\pL\pN_]"
FIX = "texts are cut into words as Python does, Unicode letters and digits included"


def emit_vectorizer(emit: Emitter, text: str, vectorizer: Any) -> str:
    """Emit a vectoriser over a tensor of texts [rows, 1]; returns its features (float64)."""
    _refuse(vectorizer)
    flat = emit.node("Reshape", [text, emit.constant(np.array([-1]))])[0]
    if vectorizer.lowercase:
        flat = emit.node("StringNormalizer", [flat], case_change_action="LOWER", is_case_sensitive=1, locale="C.UTF-8")[0]
    tokens = emit.node(
        "Tokenizer", [flat], domain="com.microsoft", mark=0, mincharnum=1, pad_value="#",
        tokenexp=f"{WORD}{{2,}}",
    )[0]  # fmt: skip
    counts = cast(emit, _counts(emit, tokens, vectorizer), TensorProto.DOUBLE)
    if vectorizer.binary:
        counts = emit.node("Sign", [counts])[0]
    if not hasattr(vectorizer, "use_idf"):
        return counts
    return _weighted(emit, counts, vectorizer)


def _refuse(vectorizer: Any) -> None:
    name = type(vectorizer).__name__
    if not hasattr(vectorizer, "vocabulary_"):
        raise NotConvertibleError(f"{name} keeps no vocabulary", "use TfidfVectorizer or CountVectorizer")
    for setting in ("preprocessor", "tokenizer", "strip_accents"):
        if getattr(vectorizer, setting) is not None:
            raise NotConvertibleError(f"{name}({setting}=…) has no operator in ONNX", f"train it without {setting}")
    if vectorizer.analyzer != "word" or vectorizer.token_pattern != DEFAULT_PATTERN:
        raise NotConvertibleError(
            f"{name} cuts texts by {vectorizer.analyzer!r} and {vectorizer.token_pattern!r}, which ONNX cannot",
            "train it with analyzer='word' and the default token_pattern",
        )
    if vectorizer.stop_words is not None and vectorizer.ngram_range[1] > 1:
        raise NotConvertibleError(f"{name}: stop words between words that form a phrase", "train it without stop_words")


def _counts(emit: Emitter, tokens: str, vectorizer: Any) -> str:
    low, high = vectorizer.ngram_range
    vocabulary = sorted(vectorizer.vocabulary_.items(), key=lambda item: (item[0].count(" "), item[1]))
    by_length = [[(term, int(at)) for term, at in vocabulary if term.count(" ") == n] for n in range(high)]
    pool: list[str] = []
    starts = []
    for terms in by_length:
        starts.append(len(pool))
        pool += [word for term, _ in terms for word in term.split(" ")]
    indices = [at for terms in by_length for _, at in terms]
    return emit.node(
        "TfIdfVectorizer", [tokens], mode="TF", min_gram_length=low, max_gram_length=high, max_skip_count=0,
        ngram_counts=starts, ngram_indexes=indices, pool_strings=pool,
    )[0]  # fmt: skip


def _weighted(emit: Emitter, counts: str, vectorizer: Any) -> str:
    if vectorizer.sublinear_tf:
        zero = emit.constant(np.array(0.0))
        raised = emit.node("Max", [counts, emit.constant(np.array(1.0))])[0]
        logs = emit.node("Add", [emit.node("Log", [raised])[0], emit.constant(np.array(1.0))])[0]
        counts = emit.node("Where", [emit.node("Greater", [counts, zero])[0], logs, counts])[0]
    if vectorizer.use_idf:
        counts = emit.node("Mul", [counts, emit.constant(np.asarray(vectorizer.idf_, np.float64)[None, :])])[0]
    if vectorizer.norm is None:
        return counts
    op = "ReduceL2" if vectorizer.norm == "l2" else "ReduceL1"
    size = emit.node(op, [counts, emit.constant(np.array([1]))], keepdims=1)[0]
    # A text without known words stays zero.
    one = emit.constant(np.array(1.0))
    empty = emit.node("Equal", [size, emit.constant(np.array(0.0))])[0]
    return emit.node("Div", [counts, emit.node("Where", [empty, one, size])[0]])[0]
