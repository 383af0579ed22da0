"""Receivers of events: signed webhooks, Azure Event Grid, Slack and Microsoft Teams."""

from tests.parts.receivers.event_grid import EventGridReceiver
from tests.parts.receivers.receiver import Delivery, Receiver
from tests.parts.receivers.slack import SlackReceiver
from tests.parts.receivers.teams import TeamsReceiver
from tests.parts.receivers.webhook import WebhookReceiver

__all__ = ["Delivery", "EventGridReceiver", "Receiver", "SlackReceiver", "TeamsReceiver", "WebhookReceiver"]
