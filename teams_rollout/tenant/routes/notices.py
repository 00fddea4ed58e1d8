"""Tenant simulator: mail and activity notices. Accepted, never delivered anywhere."""

from __future__ import annotations

from typing import Any

from teams_rollout.tenant import errors, limits
from teams_rollout.tenant.errors import TEAMS, bad_request
from teams_rollout.tenant.model import User
from teams_rollout.tenant.routes.teams import require_team
from teams_rollout.tenant.routes.users import cause_of, require_user
from teams_rollout.tenant.routing import Routes
from teams_rollout.tenant.wire import Answer, Call, Json
from teams_rollout.tenant.world import World

routes = Routes()

_ACTIVITY = ("TeamsActivity.Send.User", "TeamsActivity.Send.Group", "TeamsActivity.Send")
_MAX_RECIPIENTS = 500


@routes.add(
    "POST", "/users/{mailbox}/sendMail", permissions=("Mail.Send",), cost=limits.MAIL, body=True
)
def send_mail(world: World, call: Call) -> Answer:
    """Accept a mail; every call sends one, there is no client token.

    The effect names the person who gets it, or the sender where nobody of the tenant does.
    """
    sender = require_user(world, call.params["mailbox"])
    body = {key.lower(): value for key, value in call.json_object().items()}
    message: Any = body.get("message")
    if not isinstance(message, dict) or set(body) - {"message", "savetosentitems"}:
        raise bad_request("The request needs a message.")
    recipients: Any = message.get("toRecipients")
    if not isinstance(recipients, list) or not 1 <= len(recipients) <= _MAX_RECIPIENTS:
        raise bad_request("At least one recipient is not valid.")
    addresses = [_address(recipient) for recipient in recipients]
    message_id = world.new_id()
    for address in dict.fromkeys(addresses):
        reached = _owner(world, address)
        object_id = reached.id if reached else sender.id
        world.record("mail.sent", object_id, cause=cause_of(call), after=message_id)
    return Answer(202)


def _address(recipient: Any) -> str:
    row = recipient.get("emailAddress") if isinstance(recipient, dict) else None
    address = row.get("address") if isinstance(row, dict) else None
    if not isinstance(address, str) or "@" not in address:
        raise bad_request("At least one recipient is not valid.")
    return address.lower()


def _owner(world: World, address: str) -> User | None:
    """The person whose mail address it is; None for one outside the tenant."""
    return next(iter(world.users_with("mail", [address])), None) or world.find_user(address)


def _check_activity(body: Json) -> None:
    topic: Any = body.get("topic")
    preview: Any = body.get("previewText")
    if not isinstance(topic, dict) or not isinstance(preview, dict):
        raise errors.teams(400, "An activity needs a topic and a preview text.")
    if not isinstance(body.get("activityType"), str):
        raise errors.teams(400, "An activity needs an activityType of the installed app.")


@routes.add(
    "POST",
    "/users/{user}/teamwork/sendActivityNotification",
    permissions=_ACTIVITY,
    cost=limits.ACTIVITY,
    body=True,
    dialect=TEAMS,
)
def notify_user(world: World, call: Call) -> Answer:
    """Put a card into a user's activity feed, if Teams works for him."""
    user = require_user(world, call.params["user"])
    _check_activity(call.json_object())
    if not user.teams_active:
        raise errors.teams(404, "The Teams app is not installed for the user.", inner="NotFound")
    world.record("card.posted", user.id, cause=cause_of(call), after=world.new_id())
    return Answer(204)


@routes.add(
    "POST",
    "/teams/{team}/sendActivityNotification",
    permissions=_ACTIVITY,
    cost=limits.ACTIVITY_TEAM,
    body=True,
    dialect=TEAMS,
)
def notify_team(world: World, call: Call) -> Answer:
    """Put a card into the feeds of a team's people."""
    team = require_team(world, call.params["team"])
    _check_activity(call.json_object())
    world.record("card.posted", team.id, cause=cause_of(call), after=world.new_id())
    return Answer(204)
