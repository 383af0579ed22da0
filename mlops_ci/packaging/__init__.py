"""Model packages and container images, put together without a Docker daemon."""
