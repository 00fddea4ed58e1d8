"""Tenant simulator: where a user is homed decides which coexistence mode he is in.

- `onPremises` (Skype for Business Server): his explicit mode, any but TeamsOnly; only the
  server team moves him to the cloud.
- `online` (Skype for Business Online, while it exists): his explicit mode until he is
  granted another.
- `none`: TeamsOnly from the moment a Teams plan works for him, and never back.
"""

from __future__ import annotations

from teams_rollout.tenant.model import User
from teams_rollout.tenant.world import World

UPGRADE = "TeamsUpgradePolicy"
TO_TEAMS = "UpgradeToTeams"
TEAMS_ONLY = "TeamsOnly"
TENANT_DEFAULT = "Islands"


def keeps_explicit_mode(world: World, user: User) -> bool:
    """True when the explicit policy decides; otherwise a working Teams plan does."""
    return user.homing == "onPremises" or (user.homing == "online" and world.skype_online)


def effective_mode(world: World, user: User) -> str:
    """Return the coexistence mode in force."""
    if not keeps_explicit_mode(world, user) and (user.teams_only or user.teams_active):
        return TEAMS_ONLY
    policy = user.policies.get(UPGRADE, TENANT_DEFAULT)
    return TEAMS_ONLY if policy == TO_TEAMS else policy


def refusal(world: World, user: User, name: str) -> str | None:
    """Return why this mode cannot be granted to this user; None when it can."""
    if user.homing == "onPremises" and name == TO_TEAMS:
        return f"This user is homed on-premises. Move the user to the cloud before granting {name}."
    cloud_only = not keeps_explicit_mode(world, user) and (user.teams_active or user.teams_only)
    if cloud_only and name != TO_TEAMS:
        return "Users homed in the cloud can't be assigned a mode other than TeamsOnly."
    return None


def account_type(user: User) -> str:
    """Return the account type that Teams reports (before the Prefer header is looked at)."""
    if user.homing == "onPremises":
        return "sfbOnPremUser"
    if user.homing == "online" or user.teams_active:
        return "user"
    return "ineligibleUser"
