"""The search: which texts have the words of a question?"""

import math
import re
from collections import Counter
from typing import Any


def words_of(text: str, letters: int) -> list[str]:
    words = re.findall(r"[a-z]+", text.lower())
    return [word[:letters] for word in words] if letters else words


class Search:
    """Okapi BM25 (Robertson & Zaragoza 2009) and what is simpler, as the parameters say."""

    def __init__(self, index: dict[str, Any]) -> None:
        self.params = index["params"]
        self.texts = {name: Counter(counts) for name, counts in index["texts"].items()}
        self.lengths = {name: sum(counts.values()) for name, counts in self.texts.items()}
        self.usual_length = sum(self.lengths.values()) / len(self.lengths)
        self.weights = index["weights"]

    def ranked(self, question: str) -> list[str]:
        """All texts, the most fitting one first."""
        words = sorted(set(words_of(question, self.params["letters"])))
        scores = {name: sum(self.worth(word, name) for word in words) for name in self.texts}
        return sorted(scores, key=lambda name: (-scores[name], name))

    def worth(self, word: str, name: str) -> float:
        count = self.texts[name][word]
        if not count:
            return 0.0
        k, b = self.params["saturation"], self.params["length"]
        held_back = k * (1 - b + b * self.lengths[name] / self.usual_length)
        return self.weights.get(word, 1.0) * count * (k + 1) / (count + held_back) if k else self.weights.get(word, 1.0)


def index_of(texts: dict[str, str], params: dict[str, Any]) -> dict[str, Any]:
    """What the search has to know, as JSON."""
    counts = {name: Counter(words_of(text, params["letters"])) for name, text in texts.items()}
    weights = {}
    if params["weigh_words"]:
        frequency = Counter(word for found in counts.values() for word in found)
        weights = {word: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for word, n in frequency.items()}
    return {"params": params, "texts": counts, "weights": weights}
