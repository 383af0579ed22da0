"""Loads a model from a file. Pickles run what they say, which is why all this runs in the sandbox of the model."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlops_ci.converter.catboost_objectives import CLASSIFIERS
from mlops_ci.converter.trouble import BrokenInputError, one_line


def load_model(path: Path) -> Any:
    """Load a model; for a file of ONNX or PyTorch that is its path.

    Raises:
        BrokenInputError: there is no such file, or no library here loads it.
    """
    if not path.is_file():
        raise BrokenInputError(f"no such model; {path}")
    loader = LOADERS.get(path.suffix.lower(), _load_pickle)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return loader(path)
    except BrokenInputError:
        raise
    except ImportError as error:
        raise BrokenInputError(f"the model needs a module that is not here: {one_line(error)}; {path}") from error
    except Exception as error:  # a pickle may raise anything
        raise BrokenInputError(
            f"the model cannot be loaded: {type(error).__name__}: {one_line(error)}; {path}"
        ) from error


def _load_pickle(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            return pickle.load(file)  # noqa: S301 - the model's own environment, see above
    except Exception as first:
        # joblib writes pickles that only joblib reads: its arrays stand between the instructions.
        try:
            import joblib
        except ImportError:
            raise first from None
        try:
            return joblib.load(path)
        except Exception:
            raise first from None


def _load_skops(path: Path) -> Any:
    from skops import io

    return io.load(path, trusted=io.get_untrusted_types(file=path))


def _load_lightgbm(path: Path) -> Any:
    import lightgbm

    return lightgbm.Booster(model_file=str(path))


def _load_xgboost(path: Path) -> Any:
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(str(path))
    return booster


def _load_catboost(path: Path) -> Any:
    import catboost

    loss = str(catboost.CatBoost().load_model(str(path)).get_all_params().get("loss_function", ""))
    kind = catboost.CatBoostClassifier if loss in CLASSIFIERS else catboost.CatBoostRegressor
    return kind().load_model(str(path))


LOADERS: dict[str, Callable[[Path], Any]] = {
    ".onnx": lambda path: path,
    ".pt": lambda path: path,  # see torch_kind.py
    ".pth": lambda path: path,
    ".pt2": lambda path: path,
    ".skops": _load_skops,
    ".txt": _load_lightgbm,
    ".lgb": _load_lightgbm,
    ".json": _load_xgboost,
    ".ubj": _load_xgboost,
    ".cbm": _load_catboost,
}
