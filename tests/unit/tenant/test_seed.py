"""Seeds: read, refused with one sentence, and written so that they can be read again."""

from __future__ import annotations

import gzip
import json

import pytest

from teams_rollout.tenant import seed as seeds
from teams_rollout.tenant.build import build
from teams_rollout.tenant.seed import SeedError
from tests.unit.tenant.kit import ANN, BOB, E3, TEAM, Tenant, member, seed, with_team


def test_given_a_worked_on_tenant_when_its_state_is_a_seed_then_the_state_is_the_same():
    tenant = Tenant(with_team())
    tenant.licence(BOB, {"skuId": E3, "disabledPlans": []})
    tenant.post(f"/teams/{TEAM}/members/add", {"values": [member(ANN)]})
    tenant.post(f"/teams/{TEAM}/channels", {"displayName": "News"})
    tenant.change(
        {"op": "setPolicy", "id": ANN, "policyType": "TeamsMeetingPolicy", "policyName": "AllOn"}
    )
    tenant.later(5)
    tenant.get("/users")
    tenant.later(5)
    state = tenant.state()

    again = Tenant(state)

    assert again.state() == state
    assert again.get("/subscribedSkus").body == tenant.get("/subscribedSkus").body


def test_given_a_tenant_when_written_to_a_file_then_it_can_be_read(tmp_path):
    tenant = Tenant()
    path = tmp_path / "state.json"

    seeds.write(tenant.sim.world, path)

    assert seeds.read(path) == tenant.state()


@pytest.mark.parametrize("packed", [False, True])
def test_given_a_seed_file_when_plain_or_packed_then_read(tmp_path, packed):
    raw = json.dumps(seed()).encode()
    path = tmp_path / "seed.json"
    path.write_bytes(gzip.compress(raw) if packed else raw)

    assert seeds.read(path) == seed()


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\x1f\x8bnonsense", b"\xff\xfe"])
def test_given_a_file_that_is_no_seed_when_read_then_one_sentence(tmp_path, raw):
    path = tmp_path / "seed.json"
    path.write_bytes(raw)

    with pytest.raises(SeedError, match="tenant seed"):
        seeds.read(path)


def test_given_no_file_when_read_then_one_sentence(tmp_path):
    with pytest.raises(SeedError, match="cannot be read"):
        seeds.read(tmp_path / "absent.json")


@pytest.mark.parametrize(
    "change",
    [
        {"tenant": None},
        {"skus": None},
        {"users": [{"id": "x"}]},
        {"users": [{"id": "x", "userPrincipalName": "u@v", "sfbHoming": "moon"}]},
        {"users": [{"id": "x", "userPrincipalName": "u@v", "assignedLicenses": [{"skuId": "?"}]}]},
        {"teams": [{"id": "nonsense"}]},
        {"tenant": {"id": "x", "lag": {"directory": "soon"}}},
    ],
)
def test_given_a_malformed_seed_when_built_then_a_seed_error(change):
    with pytest.raises(SeedError):
        build({**seed(), **change})


@pytest.mark.parametrize(
    "lag", [5, [1, 9], {"directory": 3, "licenceToTeams": [1, 2], "policy": {"min": 1, "max": 2}}]
)
def test_given_lags_in_any_spelling_when_built_then_accepted(lag):
    assert build(seed(lag=lag)).world.lags.draw("directory") <= 9
