"""Who is calling and what they may do.

On Azure, App Service authentication (EasyAuth) checks the sign-in and hands over the claims in
`X-MS-CLIENT-PRINCIPAL`; it strips copies sent by clients only while it is on, so the header counts
only then. On a laptop a development identity stands in, on loopback only.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from fastapi import Request
from pydantic import BaseModel, ValidationError

from teams_rollout.domain.vocabulary import Environment
from teams_rollout.entrypoints.context import get_context
from teams_rollout.entrypoints.ports import AccessSettings
from teams_rollout.entrypoints.problems import ProblemError

PRINCIPAL_HEADER = "x-ms-client-principal"
DEVELOPER_HEADER = "x-rollout-user"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TENANT_CLAIMS = frozenset({"tid", "http://schemas.microsoft.com/identity/claims/tenantid"})
_OBJECT_CLAIMS = frozenset({"oid", "http://schemas.microsoft.com/identity/claims/objectidentifier"})


class Role(StrEnum):
    """App roles as defined in Entra."""

    OPERATE = "Rollout.Operate"
    APPROVE = "Rollout.Approve"
    READ = "Rollout.Read"
    REPORT = "Rollout.Report"


_INCLUDED: dict[Role, frozenset[Role]] = {
    Role.OPERATE: frozenset({Role.OPERATE, Role.READ, Role.REPORT}),
    Role.APPROVE: frozenset({Role.APPROVE, Role.READ, Role.REPORT}),
    Role.READ: frozenset({Role.READ, Role.REPORT}),
    Role.REPORT: frozenset({Role.REPORT}),
}


@dataclass(frozen=True)
class Caller:
    """Somebody signed in.

    Attributes:
        name: Entra object id (never a UPN: it goes into the audit), or the developer's name.
    """

    name: str
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        """Whether one of the caller's roles includes this one."""
        return any(role in _INCLUDED[own] for own in self.roles)


class _Claim(BaseModel):
    typ: str
    val: str


class _Principal(BaseModel):
    auth_typ: str
    name_typ: str = ""
    role_typ: str = ""
    claims: list[_Claim]


def identify(headers: Mapping[str, str], *, settings: AccessSettings) -> Caller:
    """The caller of a request.

    Raises:
        ProblemError: 401 when nobody is signed in or the claims are not to be trusted.
    """
    if settings.easy_auth:
        return _signed_in(headers.get(PRINCIPAL_HEADER, ""), tenant_id=settings.graph_tenant_id)
    rehearsing = settings.environment is Environment.REHEARSAL
    if (rehearsing or settings.dev_identity) and is_loopback(headers.get("host", "")):
        name = _developer(headers) or settings.dev_identity or "developer"
        return Caller(name=name[:80], roles=frozenset(Role))
    raise _not_signed_in("Sign-in is not switched on for this app, so it lets nobody in.")


def _developer(headers: Mapping[str, str]) -> str:
    """The name in the header, percent-encoded because headers are ASCII."""
    name = unquote(headers.get(DEVELOPER_HEADER, ""))
    return "".join(c for c in name if c.isprintable()).strip()


def is_loopback(host: str) -> bool:
    """Whether a Host header, with or without port, names this machine itself."""
    try:
        return urlsplit(f"//{host}").hostname in _LOOPBACK
    except ValueError:
        return False


def _signed_in(header: str, *, tenant_id: str) -> Caller:
    principal = _decode(header)
    tenants = {c.val for c in principal.claims if c.typ in _TENANT_CLAIMS}
    if principal.auth_typ != "aad" or not tenant_id or tenants != {tenant_id}:
        raise _not_signed_in("The sign-in is not from this organisation's directory.")
    objects = {c.val for c in principal.claims if c.typ in _OBJECT_CLAIMS}
    if len(objects) != 1:
        raise _not_signed_in("The sign-in does not say who it is for.")
    role_types = {principal.role_typ, "roles"} - {""}
    known = {role.value for role in Role}
    held = {c.val for c in principal.claims if c.typ in role_types}
    return Caller(name=objects.pop(), roles=frozenset(Role(r) for r in held & known))


def _decode(header: str) -> _Principal:
    try:
        return _Principal.model_validate_json(base64.b64decode(header, validate=True))
    except (binascii.Error, ValidationError, ValueError) as error:
        raise _not_signed_in("The sign-in could not be read.") from error


def _not_signed_in(detail: str) -> ProblemError:
    return ProblemError(
        401,
        kind="not-signed-in",
        title="You are not signed in.",
        detail=detail,
        do="Sign in with your work account (rollout login URL), or ask the project team.",
    )


def signed_in(request: Request) -> None:
    """Let nobody further who has not signed in: before storage is asked or a name is told."""
    identify(request.headers, settings=get_context(request).services().settings)


class RequireRole:
    """A route's dependency: lets in who holds one of the roles, and hands the route the caller."""

    def __init__(self, *roles: Role) -> None:
        self.roles = roles

    async def __call__(self, request: Request) -> Caller:
        settings = get_context(request).services().settings
        caller = identify(request.headers, settings=settings)
        if not any(caller.may(role) for role in self.roles):
            named = " or ".join(role.value for role in self.roles)
            raise ProblemError(
                403,
                kind="role-missing",
                title="You may not do this.",
                detail=f"It needs the role {named}, which your account does not have.",
                do="Ask the owner of the Teams rollout app in Entra for the role.",
            )
        return caller


def require(*roles: Role) -> RequireRole:
    """The dependency that every route but the public ones declares; one of the roles is enough."""
    return RequireRole(*roles)
