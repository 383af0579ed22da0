"""What each statistical method does, in a sentence, and who published it."""

from __future__ import annotations

# By the beginning of the method's name; of several that fit, the longest counts.
METHODS: dict[str, tuple[str, str]] = {
    "paired proportions, Tango score": (
        "Only rows that just one of the two gets right tell them apart; the score interval of their difference is "
        "never bolder about its sign than the exact sign test.",
        "Tango 1998, Statistics in Medicine 17:891-908; McNemar 1947, Psychometrika 12:153-157",
    ),
    "Clopper–Pearson": (
        "The share of right rows is binomial; the bounds are exact for any number of rows.",
        "Clopper & Pearson 1934, Biometrika 26:404-413",
    ),
    "Clopper–Pearson on disjoint pairs": (
        "All positives are ranked on the same side of all negatives; disjoint pairs of one of each are independent "
        "trials, whose share has exact bounds.",
        "Clopper & Pearson 1934, Biometrika 26:404-413",
    ),
    "DeLong, paired": (
        "Each row's share in either area gives the variance of their difference on the same rows; the bounds use a t "
        "quantile.",
        "DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837-845; Sun & Xu 2014, IEEE Signal Processing Letters "
        "21:1389-1393",
    ),
    "DeLong, logit": (
        "Each row's share in the area gives its variance; the bounds are those of its logit, so that they stay between "
        "0 and 1.",
        "DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837-845; Qin & Hotilovac 2008, Statistical Methods in "
        "Medical Research 17:207-221",
    ),
    "each area alone, Bonferroni": (
        "The areas' own variances tell nothing here; each is bounded alone at half the error, and the bounds are "
        "subtracted.",
        "Dunn 1961, Journal of the American Statistical Association 56:52-64",
    ),
    "same order of all rows": (
        "Both models put all rows in the same order, so that their areas are equal whatever the rows.",
        "by definition of the area",
    ),
    "studentised bootstrap": (
        "Rows are drawn again with replacement; how far each resample lies from the value, in its own standard errors, "
        "gives the bounds.",
        "Hall 1988, Annals of Statistics 16:927-953; Davison & Hinkley 1997, Bootstrap Methods, section 2.4",
    ),
    "delta method, normal": (
        "With so many rows the metric is as good as linear in its row means, and these are normal.",
        "Hall 1992, The Bootstrap and Edgeworth Expansion, section 3.3",
    ),
    "all rows the same": ("No row differs from another, so that there is no spread.", "by definition"),
    "no resample differs": ("The two models come out the same in every resample.", "by definition"),
}


def explained_method(method: str) -> tuple[str, str] | None:
    """A sentence about a method and its source; None for one that is not known."""
    fitting = [prefix for prefix in METHODS if method.startswith(prefix)]
    return METHODS[max(fitting, key=len)] if fitting else None
