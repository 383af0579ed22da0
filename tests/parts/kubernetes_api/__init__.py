"""A stand-in for the API server of a Kubernetes cluster, with state, for the calls that we make."""

from tests.parts.kubernetes_api.server import Cluster, cluster

__all__ = ["Cluster", "cluster"]
