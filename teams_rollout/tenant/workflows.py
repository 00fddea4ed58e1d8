"""Tenant simulator: the address of a Teams workflow that posts what it is sent into a channel.

Not Graph: no sign-in, the secret is the `sig` of the address. As strict as the channel is: one
message of Adaptive Cards, at most 28 KB, answered 202 long before anybody sees it.
Source: learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors (size, shape).
"""

from __future__ import annotations

from typing import Any

from teams_rollout.tenant.errors import GraphError, bad_request
from teams_rollout.tenant.journal import Cause
from teams_rollout.tenant.limits import Cost
from teams_rollout.tenant.routing import Routes, Table
from teams_rollout.tenant.wire import Answer, Call, Json, dumps
from teams_rollout.tenant.world import World

PREFIX = "/workflows/"
MAX_BYTES = 28 * 1024
_CARD = "application/vnd.microsoft.card.adaptive"
_routes = Routes()


@_routes.add(
    "POST",
    "/workflows/{workflow}/triggers/manual/paths/invoke",
    permissions=(),
    cost=Cost(write=True),
    body=True,
)
def post_card(world: World, call: Call) -> Answer:
    """Take a card for the channel; every call posts one."""
    if not call.query.get("sig"):
        raise GraphError(401, "AuthorizationFailed", "The request has no signature.")
    message = call.json_object()
    if len(dumps(message)) > MAX_BYTES:
        raise GraphError(413, "RequestEntityTooLarge", "The card is larger than 28 KB.")
    attachments: Any = message.get("attachments")
    if message.get("type") != "message" or not isinstance(attachments, list) or not attachments:
        raise bad_request("The request needs a message with attachments.")
    for attachment in attachments:
        _check_card(attachment)
    cause = Cause("request", call.received_at, call.request_id)
    world.record("card.posted", call.params["workflow"], cause=cause, after=world.new_id())
    return Answer(202)


TABLE = Table(_routes.items)


def _check_card(attachment: Any) -> None:
    content: Json | None = attachment.get("content") if isinstance(attachment, dict) else None
    if not isinstance(content, dict) or attachment.get("contentType") != _CARD:
        raise bad_request(f"An attachment must be of the type {_CARD}.")
    body = content.get("body")
    if content.get("type") != "AdaptiveCard" or not isinstance(content.get("version"), str):
        raise bad_request("The content is no Adaptive Card.")
    if not isinstance(body, list) or not all(isinstance(x, dict) and "type" in x for x in body):
        raise bad_request("The card's body must be a list of elements.")
