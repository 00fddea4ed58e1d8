"""Where the token comes from: managed identity, workload, CLI or secret; static for a simulator.

Tokens are kept until shortly before they expire, so that a wave asks for a handful.
"""

import asyncio
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Literal, Protocol
from urllib.parse import urlsplit

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from pydantic import SecretStr

SCOPE = "https://graph.microsoft.com/.default"
_RENEW_BEFORE_S = 300.0

CredentialKind = Literal["managed", "cli", "secret", "workload", "static"]


class SignInError(Exception):
    """No token could be had; the cause is chained and holds no secret."""


class TokenSource(Protocol):
    """Something that signs us in."""

    async def token(self) -> str:
        """A bearer token that is valid now.

        Raises:
            SignInError: the identity was refused or its endpoint did not answer.
        """

    def forget(self) -> None:
        """Microsoft refused the token: ask for a new one next time."""

    def check(self, base_url: str) -> None:
        """Raise ValueError if the token must not be sent to this address."""

    async def close(self) -> None:
        """Release connections."""


class StaticToken:
    """A made-up token for the tenant simulator; leaves this machine under no circumstances."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        """The same text every time."""
        return self._token

    def forget(self) -> None:
        """There is no other."""

    def check(self, base_url: str) -> None:
        """Refuse any address that is not loopback."""
        if not is_loopback(base_url):
            raise ValueError("a static token is only for a simulator on this machine")

    async def close(self) -> None:
        """Nothing to release."""


class AzureToken:
    """A credential of azure-identity behind a cache (the CLI credential has none of its own)."""

    def __init__(
        self, credential: AsyncTokenCredential, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._credential = credential
        self._clock = clock
        self._cached: AccessToken | None = None
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """See `TokenSource.token`; concurrent callers share one sign-in."""
        async with self._lock:
            if self._cached is None or self._cached.expires_on - self._clock() < _RENEW_BEFORE_S:
                try:
                    self._cached = await self._credential.get_token(SCOPE)
                except AzureError as error:
                    raise SignInError("no token for Microsoft Graph") from error
            return self._cached.token

    def forget(self) -> None:
        """Drop the cached token."""
        self._cached = None

    def check(self, base_url: str) -> None:
        """A real token travels only inside TLS, or to this machine."""
        if urlsplit(base_url).scheme != "https" and not is_loopback(base_url):
            raise ValueError("a real token is only sent over https")

    async def close(self) -> None:
        """Close the credential's own connections."""
        await self._credential.close()


def token_source(
    kind: CredentialKind,
    *,
    static_token: str = "",
    client_id: str = "",
    tenant_id: str = "",
    client_secret: SecretStr | None = None,
) -> TokenSource:
    """The token source of a kind of credential.

    Args:
        client_id: for `managed` the user-assigned identity, empty for the system-assigned one.

    Raises:
        ValueError: something that the kind needs is missing.
    """
    if kind == "static":
        return StaticToken(_given(static_token, name="static_token"))
    # azure-identity takes most of a second to import, and a rehearsal never needs it.
    from azure.identity import aio  # noqa: PLC0415 - see above

    if kind == "managed":
        return AzureToken(aio.ManagedIdentityCredential(client_id=client_id or None))
    if kind == "cli":
        return AzureToken(aio.AzureCliCredential(tenant_id=tenant_id))
    if kind == "workload":
        named = {"tenant_id": tenant_id or None, "client_id": client_id or None}
        return AzureToken(aio.WorkloadIdentityCredential(**named))
    secret = client_secret.get_secret_value() if client_secret else ""
    return AzureToken(
        aio.ClientSecretCredential(
            tenant_id=_given(tenant_id, name="tenant_id"),
            client_id=_given(client_id, name="client_id"),
            client_secret=_given(secret, name="client_secret"),
        )
    )


def is_loopback(base_url: str) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _given(value: str, *, name: str) -> str:
    if not value:
        raise ValueError(f"this kind of credential needs {name}")
    return value
