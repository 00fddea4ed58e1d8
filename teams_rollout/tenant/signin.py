"""Tenant simulator: the sign-in endpoint, and reading the tokens that come back.

`POST /{tenant}/oauth2/v2.0/token` gives a token that looks like Entra's (a JWT with `tid`,
`appid`, `roles`, `exp`) but carries no real signature. Any other non-empty bearer token is
accepted as well, for clients with a static one. A token that can be read must be meant for
Graph (`aud`) and come from this tenant (`tid`).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from teams_rollout.tenant.errors import GraphError, unauthenticated
from teams_rollout.tenant.wire import Answer, Json, dumps
from teams_rollout.tenant.world import World

LIFETIME_S = 3599
DEFAULT_APP = "00000000-0000-0000-0000-000000000001"
GRAPH = "https://graph.microsoft.com"
GRAPH_APP = "00000003-0000-0000-c000-000000000000"
APP_NAME = "Teams Rollout"
_DEFAULT_SCOPE = "/.default"
_AADSTS = re.compile(r"^AADSTS(\d+)")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the application id of the token."""

    app_id: str


def _b64(value: Any) -> str:
    return base64.urlsafe_b64encode(dumps(value)).decode().rstrip("=")


def _refuse(code: str, text: str, status: int = 400) -> Answer:
    number = _AADSTS.match(text)
    numbers = [int(number[1])] if number else []
    return Answer(status, {"error": code, "error_description": text, "error_codes": numbers})


def issue(world: World, tenant: str, body: bytes, *, now: float) -> Answer:
    """Answer a token request of the client credentials flow."""
    form = dict(parse_qsl(body.decode("utf-8", "replace")))
    if tenant.lower() not in _names(world):
        return _refuse("invalid_request", f"AADSTS90002: Tenant '{tenant}' not found.")
    if form.get("grant_type") != "client_credentials":
        return _refuse("unsupported_grant_type", "AADSTS70003: The grant type is not supported.")
    if not form.get("client_id"):
        return _refuse("invalid_request", "AADSTS900144: 'client_id' is missing.")
    if not (form.get("client_secret") or form.get("client_assertion")):
        return _refuse("invalid_client", "AADSTS7000218: a client secret is missing.", 401)
    audience = _audience(form)
    if not audience:
        return _refuse(
            "invalid_scope",
            "AADSTS1002012: client credential flows need a scope of the resource with "
            "/.default at its end.",
        )
    return Answer(
        200,
        {
            "token_type": "Bearer",
            "expires_in": LIFETIME_S,
            "ext_expires_in": LIFETIME_S,
            "access_token": _token(world, form["client_id"], audience, now=now),
        },
    )


def _token(world: World, app_id: str, audience: str, *, now: float) -> str:
    claims: Json = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{world.id}/",
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now) + LIFETIME_S,
        "appid": app_id,
        "app_displayname": APP_NAME,
        "idtyp": "app",
        "oid": app_id,
        "sub": app_id,
        "tid": world.id,
        "roles": world.tenant.get("grantedPermissions", []),
        "ver": "1.0",
    }
    return f"{_b64({'typ': 'JWT', 'alg': 'RS256'})}.{_b64(claims)}.{_b64('simulated')}"


def _audience(form: Json) -> str:
    """Return the resource asked for (`resource` in the older form); empty when there is none."""
    if form.get("resource"):
        return str(form["resource"]).rstrip("/")
    scope = str(form.get("scope", ""))
    named = scope.endswith(_DEFAULT_SCOPE) and " " not in scope
    return scope.removesuffix(_DEFAULT_SCOPE).rstrip("/") if named else ""


def _names(world: World) -> set[str]:
    return {
        world.id.lower(),
        str(world.tenant.get("domain", "")).lower(),
        "common",
        "organizations",
    }


def discovery(world: World, tenant: str, base_url: str) -> Answer:
    """Answer OpenID discovery, which sign-in libraries ask for first."""
    root = f"{base_url}/{tenant}"
    return Answer(
        200,
        {
            "issuer": f"{base_url}/{world.id}/v2.0",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
        },
    )


def instances(base_url: str) -> Answer:
    """Answer instance discovery: this host is its own authority."""
    host = base_url.partition("://")[2]
    metadata = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
    endpoint = f"{base_url}/common/v2.0/.well-known/openid-configuration"
    return Answer(
        200,
        {"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": [metadata]},
    )


def caller(world: World, authorization: str, *, base_url: str, now: float) -> Caller:
    """Return the application behind an Authorization header.

    Raises:
        GraphError: 401; no bearer token, or one that can be read and has run out, is meant for
            another service, or comes from another tenant.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthenticated("Access token is empty.")
    claims = _claims(token.strip())
    if claims.get("exp") is not None and float(claims["exp"]) < now:
        raise unauthenticated("Lifetime validation failed, the token is expired.")
    audience = str(claims.get("aud", GRAPH)).rstrip("/")
    if audience not in (GRAPH, GRAPH_APP, base_url):
        raise unauthenticated("Access token validation failure. Invalid audience.")
    if str(claims.get("tid", world.id)).lower() != world.id.lower():
        raise GraphError(
            401,
            "Authorization_IdentityNotFound",
            "The identity of the calling application could not be established.",
        )
    return Caller(str(claims.get("appid") or DEFAULT_APP))


def _claims(token: str) -> Json:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}
