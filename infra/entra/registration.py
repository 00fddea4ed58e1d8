"""What the app registration must look like, and which of it is not so yet. Touches nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

SCOPE_ID = "6b0a1c58-7a0f-4a52-9d0e-0c6f5f6f1d01"

# Our own ids, the same in every tenant, so that a second run finds what the first one made.
ROLES: tuple[tuple[str, str, str, str], ...] = (
    (
        "Rollout.Operate",
        "6b0a1c58-7a0f-4a52-9d0e-0c6f5f6f1d11",
        "Operator",
        "May import, plan, start, pause and undo waves, and see everything.",
    ),
    (
        "Rollout.Approve",
        "6b0a1c58-7a0f-4a52-9d0e-0c6f5f6f1d12",
        "Approver",
        "May approve what an operator planned, and see everything.",
    ),
    (
        "Rollout.Read",
        "6b0a1c58-7a0f-4a52-9d0e-0c6f5f6f1d13",
        "Helpdesk",
        "May look people up and read why and what to say.",
    ),
    (
        "Rollout.Report",
        "6b0a1c58-7a0f-4a52-9d0e-0c6f5f6f1d14",
        "Reporter",
        "May see counts and reports, no person.",
    ),
)


def wanted(display_name: str, *, app_id: str, host: str) -> Json:
    """The registration as it should be.

    Args:
        app_id: client id, empty before there is one.
        host: name of the deployed app, empty before there is one.
    """
    shape: Json = {
        "displayName": display_name,
        "signInAudience": "AzureADMyOrg",
        "appRoles": [_role(*row) for row in ROLES],
        "api": {"requestedAccessTokenVersion": 2, "oauth2PermissionScopes": [_scope()]},
        "web": {"implicitGrantSettings": {"enableIdTokenIssuance": True}},
    }
    if app_id:
        shape["identifierUris"] = [f"api://{app_id}"]
    if host:
        shape["web"]["redirectUris"] = [f"https://{host}/.auth/login/aad/callback"]
    return shape


def _role(value: str, role_id: str, name: str, description: str) -> Json:
    return {
        "id": role_id,
        "value": value,
        "displayName": name,
        "description": description,
        "allowedMemberTypes": ["User", "Application"],
        "isEnabled": True,
    }


def _scope() -> Json:
    return {
        "id": SCOPE_ID,
        "value": "user_impersonation",
        "type": "User",
        "isEnabled": True,
        "adminConsentDisplayName": "Use Teams Rollout",
        "adminConsentDescription": "Lets a tool call Teams Rollout for whoever is signed in.",
    }


def differences(is_now: Mapping[str, Any], should_be: Mapping[str, Any]) -> Json:
    """The top-level properties to send: those of which any part is not as it should be."""
    return {
        key: _merged(is_now.get(key), value)
        for key, value in should_be.items()
        if not _includes(is_now.get(key), value)
    }


def _includes(is_now: Any, should_be: Any) -> bool:
    if isinstance(should_be, Mapping):
        parts = is_now if isinstance(is_now, Mapping) else {}
        return all(_includes(parts.get(key), value) for key, value in should_be.items())
    if isinstance(should_be, list):
        present: Sequence[Any] = is_now if isinstance(is_now, list) else []
        return all(any(_includes(one, value) for one in present) for value in should_be)
    return bool(is_now == should_be)


def _merged(is_now: Any, should_be: Any) -> Any:
    """Ours over what is there; what others added to a list stays."""
    if isinstance(should_be, dict) and isinstance(is_now, dict):
        return is_now | {k: _merged(is_now.get(k), v) for k, v in should_be.items()}
    if isinstance(should_be, list) and isinstance(is_now, list):
        ours = {_key(value) for value in should_be}
        return [value for value in is_now if _key(value) not in ours] + should_be
    return should_be


def _key(value: Any) -> str:
    return str(value["id"]) if isinstance(value, dict) else str(value)
