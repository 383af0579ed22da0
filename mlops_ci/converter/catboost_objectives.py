"""What the objectives of CatBoost make of the sum of its trees."""

from __future__ import annotations

CLASSIFIERS = {"Logloss": "logistic", "CrossEntropy": "logistic", "MultiClass": "softmax"}
CLASSIFIERS["MultiClassOneVsAll"] = "logistic"
EXP = {"Poisson", "Tweedie"}
