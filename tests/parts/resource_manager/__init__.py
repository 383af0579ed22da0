"""A stand-in for Azure Resource Manager, with state, as far as container groups need it."""

from tests.parts.resource_manager.fake import GROUP, SUBSCRIPTION, Azure, azure

__all__ = ["GROUP", "SUBSCRIPTION", "Azure", "azure"]
