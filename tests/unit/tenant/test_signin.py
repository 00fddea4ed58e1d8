"""The sign-in endpoint and the tokens it gives."""

from __future__ import annotations

import base64
import json

import pytest

from tests.unit.tenant.kit import ANN, TENANT, Tenant, seed

GRAPH = b"https://graph.microsoft.com/.default"
FORM = b"grant_type=client_credentials&client_id=app-1&client_secret=s&scope=" + GRAPH


def sign_in(tenant, name="common", form=FORM):
    return tenant.raw("POST", f"/{name}/oauth2/v2.0/token", form)


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_given_a_secret_when_signing_in_then_a_token_of_this_tenant_that_works():
    tenant = Tenant(seed(grantedPermissions=["User.Read.All"]))

    reply = sign_in(tenant)
    token = reply.body["access_token"]

    assert claims(token)["tid"] == TENANT
    assert claims(token)["roles"] == ["User.Read.All"]
    assert tenant.call("GET", "/users", headers={"Authorization": f"Bearer {token}"}).status == 200
    assert tenant.requests()["sign_ins"] == 1


def test_given_an_old_token_when_used_then_401():
    tenant = Tenant()
    token = sign_in(tenant).body["access_token"]

    tenant.later(3700)

    assert tenant.call("GET", "/users", headers={"Authorization": f"Bearer {token}"}).status == 401


def test_given_another_tenant_or_a_poor_form_when_signing_in_then_refused():
    tenant = Tenant()

    replies = [
        sign_in(tenant, "other"),
        sign_in(tenant, form=b"grant_type=password"),
        sign_in(tenant, form=b"grant_type=client_credentials"),
        sign_in(tenant, form=b"grant_type=client_credentials&client_id=x"),
    ]

    assert [x.status for x in replies] == [400, 400, 400, 401]


@pytest.mark.parametrize("scope", [b"", b"&scope=User.Read.All", b"&scope=a/.default%20b/.default"])
def test_given_no_scope_of_one_resource_when_signing_in_then_refused(scope):
    form = b"grant_type=client_credentials&client_id=app-1&client_secret=s" + scope

    reply = sign_in(Tenant(), form=form)

    assert (reply.status, reply.body["error"]) == (400, "invalid_scope")
    assert reply.body["error_codes"] == [1002012]


def test_given_a_token_for_another_service_when_used_then_401_that_says_so():
    tenant = Tenant()
    form = FORM.replace(b"graph.microsoft.com", b"vault.azure.net")
    token = sign_in(tenant, form=form).body["access_token"]

    reply = tenant.call("GET", "/users", headers={"Authorization": f"Bearer {token}"})

    assert (reply.status, reply.code) == (401, "InvalidAuthenticationToken")
    assert "audience" in reply.message


def test_given_the_older_form_when_signing_in_then_its_resource_is_the_audience():
    form = FORM.partition(b"&scope")[0] + b"&resource=https://graph.microsoft.com/"
    tenant = Tenant()

    token = tenant.raw("POST", f"/{TENANT}/oauth2/token", form).body["access_token"]

    assert claims(token)["aud"] == "https://graph.microsoft.com"
    assert tenant.call("GET", "/users", headers={"Authorization": f"Bearer {token}"}).status == 200


def test_given_a_token_of_another_tenant_when_used_then_the_application_is_unknown_here():
    token = sign_in(Tenant(seed(id=ANN))).body["access_token"]

    reply = Tenant().call("GET", "/users", headers={"Authorization": f"Bearer {token}"})

    assert (reply.status, reply.code) == (401, "Authorization_IdentityNotFound")


def test_given_a_sign_in_library_when_it_discovers_then_the_endpoints_are_here():
    tenant = Tenant()

    found = tenant.raw("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration").body
    instances = tenant.raw("GET", "/common/discovery/instance").body

    assert found["token_endpoint"] == f"http://tenant.test/{TENANT}/oauth2/v2.0/token"
    assert instances["metadata"][0]["aliases"] == ["tenant.test"]


def test_given_the_tenant_by_its_id_when_read_then_found_and_another_one_not():
    tenant = Tenant()

    assert tenant.get(f"/organization/{TENANT}").body["id"] == TENANT
    assert tenant.get("/organization/other").status == 404


def test_given_a_token_that_only_looks_like_one_when_used_then_it_will_do():
    token = {"Authorization": "Bearer a.b.c"}

    assert Tenant().call("GET", "/users", headers=token).status == 200
