"""A made council with too few seats, through every activity: everybody ends as its file says."""

import csv
import gzip
import json
import subprocess
import sys
import uuid
from collections import Counter
from pathlib import Path

import pytest

from activities.apply_import import apply_import
from activities.find_drift import find_drift
from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.domain.importing.faults import ImportOptions
from teams_rollout.domain.importing.parse import parse_files
from teams_rollout.domain.roster import order_waves, slug
from teams_rollout.domain.vocabulary import WaveState
from teams_rollout.ledger.records import StagedImport

pytestmark = pytest.mark.azurite

SCRIPT = Path(__file__).parents[3] / "scripts" / "make_samples.py"
SHORT = 6


@pytest.fixture(scope="module")
def council(tmp_path_factory):
    folder = tmp_path_factory.mktemp("council")
    options = ["--people", "120", "--waves", "2", "--seats-short", str(SHORT), "--out", folder]
    subprocess.run([sys.executable, SCRIPT, *options], check=True, timeout=60)
    return folder


@pytest.fixture
async def lab(council, start_tenant, open_lab):
    return await open_lab(start_tenant(json.loads(gzip.open(council / "tenant.json.gz").read())))


async def bring_in(lab, council):
    files = {n: (council / f"{n}.csv").read_bytes() for n in ("users", "teams")}
    rollout = (council / "rollout.toml").read_bytes()
    roster = parse_files(rollout=rollout, **files, options=ImportOptions()).roster
    assert roster is not None
    staged = StagedImport(
        import_id=uuid.uuid4().hex, config=roster.config, teams=roster.teams, users=120
    )
    await lab.ledger.stage(staged, roster.users)
    request = OperationRequest(operation_id="", import_id=staged.import_id)
    await apply_import(lab.deps, request)
    waves = order_waves([u.wave for u in roster.users], roster.config)
    return slug(roster.config.rollout.name), [slug(wave) for wave in waves]


def expected(council):
    with (council / "expected.csv").open(encoding="utf-8") as file:
        return {row["upn"]: (row["state"], row["code"]) for row in csv.DictReader(file)}


async def test_given_a_council_short_of_seats_when_it_is_rolled_out_then_everybody_ends_as_foretold(
    lab, council
):
    rollout_id, waves = await bring_in(lab, council)
    for wave in waves:
        run = await lab.schedule(wave, rollout_id=rollout_id)
        await run.open()
        await run.make_teams()
        await run.closed()

    everybody = [u async for u in lab.ledger.list_users(rollout_id)]
    ends = {u.upn: (u.summary.state.value, u.summary.code) for u in everybody}
    assert ends == expected(council)

    # Nobody without a seat was touched, nothing happened twice, nothing was written in vain.
    unlucky = {u.object_id for u in everybody if u.summary.code == "no_seats_left"}
    effects = lab.tenant.effects()
    assert len(unlucky) == SHORT
    assert not unlucky & {e["objectId"] for e in effects}
    twice = Counter((e["kind"], e["objectId"], json.dumps(e["after"])) for e in effects)
    assert max(twice.values()) == 1
    assert lab.tenant.redundant == 0

    await find_drift(lab.deps, OperationRequest(operation_id="", run_id="after"))
    assert (await lab.ledger.find_drift(rollout_id, "after")).items == ()
    closed = await lab.ledger.list_waves(rollout_id)
    assert {w.state for w in closed} == {WaveState.COMPLETED}
