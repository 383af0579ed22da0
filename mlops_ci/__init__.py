"""mlops-ci: the whole life of a model inside the CI you already have."""

__version__ = "0.1.0"
