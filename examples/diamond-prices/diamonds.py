"""What is known of a diamond, as numbers: the words have an order, and trees can use it."""

import numpy as np
import pandas as pd

ORDERS = {
    "cut": ["Fair", "Good", "Very Good", "Premium", "Ideal"],
    "color": ["J", "I", "H", "G", "F", "E", "D"],
    "clarity": ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"],
}


def as_numbers(diamonds: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    table = diamonds[columns].copy()
    for name, order in ORDERS.items():
        if name in table:
            table[name] = table[name].map(order.index)
    return table.astype(float)


class PriceModel:
    """A booster, what it looks at, and whether it has learnt prices or their logarithms."""

    def __init__(self, booster: object, columns: list[str], *, log_price: bool) -> None:
        self.booster = booster
        self.columns = columns
        self.log_price = log_price

    def predict(self, diamonds: pd.DataFrame) -> np.ndarray:
        answers = self.booster.predict(as_numbers(diamonds, self.columns))
        return np.exp(answers) if self.log_price else answers
