"""A wave whose durable instances an administrator ends or purges goes on at the next start."""

import json
import time

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("lab"), pytest.mark.timeout(300)]
CHUNK = 20


def instances(lab, kind):
    """Ids of running instances of an orchestration."""
    found = lab.json("lab", "host", "ps", "--state", "Running")
    return [i["instanceId"] for i in found if i["name"] == kind]


def test_given_terminated_and_purged_instances_when_started_then_it_ends_as_if_nothing_had_been(
    start_lab, tmp_path, invented_council
):
    files = invented_council(tmp_path / "council", "--people", "60", "--waves", "1", "--seed", "9")
    lab = start_lab(files, "--limits", "20")
    lab.fail("/users/*/assignLicense", kind="429", retry_after=10, count=CHUNK)  # met at work
    lab.rollout("import", str(files["users"].parent))
    lab.json("start", "1")
    while not (batches := instances(lab, "batch_orchestration")):
        time.sleep(0.2)

    ended = [*batches, *instances(lab, "wave_orchestration")]
    for instance in ended:
        lab.rollout("lab", "host", "terminate", instance, "--reason", "test")
    lab.rollout("lab", "host", "purge", ended[0])
    answer = lab.json("start", "1")
    again = lab.json("start", "1")
    watched = lab.rollout("watch", "1")

    assert answer["result"] == "resumed"
    assert again["result"] in ("already_running", "nothing_to_do")
    assert watched.returncode == 0, watched.stdout + watched.stderr
    made = [json.dumps([e["kind"], e["objectId"], e["after"]]) for e in lab.effects()]
    assert len(made) == len(set(made))
    assert lab.tenant("requests")["redundant_total"] <= CHUNK * len(batches)
    expected = {r["id"] or r["upn"]: r for r in lab.expected(files)}
    for user in lab.json("user", "list"):
        row = expected[user["id"] or user["upn"]]
        assert (user["state"], user["code"] or "") == (row["state"], row["code"])
