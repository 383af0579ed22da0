"""What a one-sided confidence level means in numbers."""

from scipy.special import ndtri


def error_rate(confidence: float) -> float:
    """The chance 1 - confidence that a one-sided bound is allowed to be wrong.

    Raises:
        ValueError: `confidence` is not in [0.5, 1). Below one half, a lower bound would lie above its
            estimate.
    """
    if not 0.5 <= confidence < 1.0:
        raise ValueError(f"confidence must be at least 0.5 and below 1; got {confidence}")
    return 1.0 - confidence


def normal_quantile(confidence: float) -> float:
    """The standard normal quantile at `confidence`: 1.645 for 0.95.

    Raises:
        ValueError: As `error_rate`.
    """
    return float(-ndtri(error_rate(confidence)))
