"""Tokens: kept while they are good, never sent where they must not go."""

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import (
    AzureCliCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from pydantic import SecretStr

from graph.credentials import AzureToken, SignInError, StaticToken, is_loopback, token_source


class Credential:
    """Gives a new token every time, good for an hour."""

    def __init__(self, *, fails: bool = False) -> None:
        self.asked = 0
        self.closed = False
        self._fails = fails

    async def get_token(self, *scopes, **options) -> AccessToken:
        self.asked += 1
        if self._fails:
            raise ClientAuthenticationError("AADSTS700016")
        return AccessToken(f"token-{self.asked}", 1_000 + 3_600 * self.asked)

    async def close(self) -> None:
        self.closed = True

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc) -> None:
        await self.close()


class Watch:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_given_a_token_when_asked_again_then_it_is_kept_until_shortly_before_its_end():
    credential, watch = Credential(), Watch()
    source = AzureToken(credential, clock=watch)

    first = [await source.token(), await source.token()]
    watch.now += 3_301
    later = await source.token()

    assert first == ["token-1", "token-1"]
    assert later == "token-2"


async def test_given_a_refused_token_when_forgotten_then_a_new_one_is_had():
    source = AzureToken(Credential(), clock=Watch())
    await source.token()

    source.forget()

    assert await source.token() == "token-2"


async def test_given_an_identity_that_is_refused_when_asked_then_it_is_a_sign_in_error():
    source = AzureToken(Credential(fails=True), clock=Watch())

    with pytest.raises(SignInError):
        await source.token()


async def test_given_a_source_when_closed_then_its_credential_is_closed():
    credential = Credential()

    await AzureToken(credential).close()

    assert credential.closed


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("managed", ManagedIdentityCredential),
        ("cli", AzureCliCredential),
        ("secret", ClientSecretCredential),
    ],
)
async def test_given_a_kind_when_made_then_it_is_the_credential_of_that_kind(kind, expected):
    source = token_source(
        kind,
        client_id="11111111-1111-1111-1111-111111111111",
        tenant_id="22222222-2222-2222-2222-222222222222",
        client_secret=SecretStr("not-a-secret"),
    )

    assert isinstance(source, AzureToken)
    assert isinstance(source._credential, expected)
    await source.close()


async def test_given_a_workload_when_made_then_it_reads_the_federated_token(monkeypatch, tmp_path):
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    source = token_source(
        "workload",
        client_id="11111111-1111-1111-1111-111111111111",
        tenant_id="22222222-2222-2222-2222-222222222222",
    )

    assert isinstance(source, AzureToken)
    assert isinstance(source._credential, WorkloadIdentityCredential)
    await source.close()


@pytest.mark.parametrize("kind", ["static", "secret"])
def test_given_nothing_to_sign_in_with_when_made_then_what_is_missing_is_said(kind):
    with pytest.raises(ValueError, match="needs"):
        token_source(kind)


def test_given_a_real_token_when_the_address_is_plain_http_elsewhere_then_it_is_refused():
    source = AzureToken(Credential())
    source.check("https://graph.microsoft.com/v1.0")
    source.check("http://127.0.0.1:8790/v1.0")

    with pytest.raises(ValueError, match="https"):
        source.check("http://graph.microsoft.com/v1.0")


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1/v1.0", True),
        ("http://127.0.0.1/v1.0", True),
        ("http://[::1]:80/v1.0", True),
        ("https://graph.microsoft.com/v1.0", False),
        ("http://127.0.0.1.evil.example/v1.0", False),
        ("http://localhost.evil.example/v1.0", False),
        ("", False),
    ],
)
def test_given_an_address_when_asked_then_only_this_machine_is_loopback(url, local):
    assert is_loopback(url) is local


async def test_given_a_static_token_when_used_then_it_never_changes():
    source = token_source("static", static_token="rehearsal")

    source.forget()

    assert isinstance(source, StaticToken)
    assert await source.token() == "rehearsal"
    await source.close()
