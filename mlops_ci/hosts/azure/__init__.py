"""A job of Azure Pipelines, and the pull requests of Azure Repos."""
