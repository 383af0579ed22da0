"""What each statistical method does, in a sentence, and who published it."""

from __future__ import annotations

# By the beginning of the method's name; of several that fit, the longest counts.
METHODS: dict[str, tuple[str, str]] = {
    "paired proportions, Tango score": (
        "Only rows that just one of the two gets right tell them apart; the bounds are those of the score, corrected "
        "for skewness and by half a row, on the side of zero that the mid-p sign test finds.",
        "Tango 1998, Statistics in Medicine 17:891-908; Gart & Nam 1988, Biometrics 44:323-338; Fagerland, Lydersen & "
        "Laake 2013, BMC Medical Research Methodology 13:91",
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
    "DeLong": (
        "Each row's share in the area gives its variance.",
        "DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837-845",
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
    "no row differs": ("No row tells the two models apart.", "by definition"),
    "jackknife, skewness-corrected": (
        "What each row, or group of rows, adds to the value gives its variance and its skewness, which correct "
        "the bounds.",
        "Efron & Stein 1981, Annals of Statistics 9:586-596; Hall 1992, Journal of the Royal Statistical Society B "
        "54:221-228",
    ),
    "bootstrap": (
        "Rows, or groups of rows, are drawn again with replacement; the spread of their values bounds it.",
        "Efron & Tibshirani 1993, An Introduction to the Bootstrap",
    ),
    "bag of": (
        "Small subsets are each drawn up to the full number of rows, and what their resamples say is averaged.",
        "Kleiner, Talwalkar, Sarkar & Jordan 2014, Journal of the Royal Statistical Society B 76:795-816",
    ),
    "order statistics, exact": (
        "How many rows lie below a quantile is binomial, so that two ordered rows bound it, whatever the distribution.",
        "David & Nagaraja 2003, Order Statistics, section 7.1",
    ),
    "order statistics, paired": (
        "Either quantile has exact bounds by order statistics, from which those of the difference follow by how the "
        "two hang together.",
        "Zou & Donner 2008, Statistics in Medicine 27:1693-1702; David & Nagaraja 2003, Order Statistics, section 7.1",
    ),
    "order statistics, each quantile alone": (
        "Many values are tied, so that quantiles move in leaps; each has exact bounds by order statistics at half the "
        "error, which are subtracted.",
        "David & Nagaraja 2003, Order Statistics, section 7.1; Dunn 1961, Journal of the American Statistical "
        "Association 56:52-64",
    ),
    "empirical Bernstein": (
        "For rows of a known range the variance that was seen bounds the mean, for any number of rows.",
        "Maurer & Pontil 2009, Conference on Learning Theory",
    ),
    "betting": (
        "A mean is ruled out if betting against it row by row would have won too much, for any number of rows.",
        "Waudby-Smith & Ramdas 2024, Journal of the Royal Statistical Society B 86:1-27",
    ),
    "Clopper–Pearson on the rows that differ": (
        "Of the rows that tell the two apart, those in favour are binomial; the bounds hold for any number of rows.",
        "Clopper & Pearson 1934, Biometrika 26:404-413",
    ),
    "delta method, skewness-corrected": (
        "What each row adds to the value, summed up as the file is read, gives its variance and skewness, which "
        "correct the bounds.",
        "Hall 1992, Journal of the Royal Statistical Society B 54:221-228",
    ),
    "t interval of the trainings alone": (
        "Nothing is known of rows; the spread over several trainings bounds the mean.",
        "Welch 1947, Biometrika 34:28-35",
    ),
    "BCa bootstrap": (
        "The function was computed on rows drawn again with replacement; bias and skewness correct the bounds.",
        "Efron 1987, Journal of the American Statistical Association 82:171-185",
    ),
    "m out of n bootstrap": (
        "The function was computed on smaller sets of rows drawn with replacement, and their spread scaled to all "
        "rows.",
        "Bickel, Götze & van Zwet 1997, Statistica Sinica 7:1-31",
    ),
    "exact": ("No exact bounds are known for this metric or these rows.", "none"),
    "bernstein": ("No Bernstein bounds are known for this metric or these rows.", "none"),
}


def explained_method(method: str) -> tuple[str, str] | None:
    """A sentence about a method and its source; None for one that is not known."""
    fitting = [prefix for prefix in METHODS if method.startswith(prefix)]
    return METHODS[max(fitting, key=len)] if fitting else None
