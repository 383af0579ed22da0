"""GitHub Actions: the event, the commands and files of a job, and pull requests by GitHub's REST API."""
