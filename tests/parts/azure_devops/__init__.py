"""Azure DevOps, as far as mlops-ci uses it."""

from tests.parts.azure_devops.access import CONTRIBUTE, CREATE_RELEASES, QUEUE_BUILDS
from tests.parts.azure_devops.fake import FakeAzureDevOps
from tests.parts.azure_devops.pipelines import IncomingWebhook, Pipeline, ReleaseDefinition

__all__ = [
    "CONTRIBUTE",
    "CREATE_RELEASES",
    "QUEUE_BUILDS",
    "FakeAzureDevOps",
    "IncomingWebhook",
    "Pipeline",
    "ReleaseDefinition",
]
