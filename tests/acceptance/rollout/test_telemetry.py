"""What a wave tells Application Insights through Azure's own exporter: all of it, and nobody."""

import gzip
import json
import re
import sqlite3
from pathlib import Path

import httpx
import pytest

from graph import signals as graph_signals
from teams_rollout.contracts import names, signals
from teams_rollout.domain.roster import fold
from tests.acceptance.rollout.insights import insights

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("lab"), pytest.mark.timeout(400)]

TEMPLATE = Path(__file__).parents[3] / "infra" / "app" / "function-app.bicep"
RARE = {graph_signals.THROTTLE_PERCENTAGE}  # Microsoft sends it near a limit only


class Told:
    """Everything that the app told of one wave, and whom it must not have named."""

    def __init__(self, arrived, logs, history, seed):
        self.arrived, self.logs, self.history = arrived, logs, history
        self.people = seed["users"]

    def spans(self):
        return [e["data"]["baseData"] | e["tags"] for e in self.arrived("RemoteDependencyData")]

    def metrics(self):
        return [
            metric | {"properties": e["data"]["baseData"].get("properties") or {}}
            for e in self.arrived("MetricData")
            for metric in e["data"]["baseData"]["metrics"]
        ]

    def records(self):
        return [e["data"]["baseData"] for e in self.arrived("MessageData")]


def _settings():
    """As a deployment has them, but impatient."""
    off = re.findall(r"uninstrumented = '([^']*)'", TEMPLATE.read_text())[0]
    return {
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": off,
        "OTEL_TRACES_SAMPLER": "always_on",
        "OTEL_METRIC_EXPORT_INTERVAL": "2000",
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory, start_lab, invented_council):
    """One wave, a look-up of somebody, a doctor, a reconciliation and a stocktaking."""
    files = invented_council(tmp_path_factory.mktemp("council"), "--people", "40", "--waves", "2")
    seed = json.loads(gzip.decompress(files["tenant"].read_bytes()))
    with insights() as arrived, pytest.MonkeyPatch.context() as patch:
        settings = {"APPLICATIONINSIGHTS_CONNECTION_STRING": arrived.connection_string}
        for name, value in (settings | _settings()).items():
            patch.setenv(name, value)
        lab = start_lab(files, "--limits", "20")
        lab.rollout("import", str(files["users"].parent))
        for words in (("start", "pilot"), ("watch", "pilot"), ("doctor",), ("reconcile",)):
            lab.rollout(*words)
        somebody = next(u for u in lab.json("user", "list") if u["state"] == "done")
        assert lab.json("user", "show", somebody["upn"])["upn"] == somebody["upn"]
        _take_stock(lab)
        folder = lab.cwd / ".rollout"
        with sqlite3.connect(folder / "host.sqlite") as database:
            history = "\n".join(database.iterdump())
        assert lab.rollout("lab", "down").returncode == 0  # sends what is left
        logs = (folder / "logs" / "host.log").read_text("utf-8")
        yield Told(arrived.envelopes, logs, history, seed)


def _take_stock(lab):
    key = json.loads((lab.cwd / ".rollout" / "host.sqlite.keys.json").read_text())["master"]
    url = f"{lab.addresses['host']}/admin/functions/{names.STOCKTAKING}"
    httpx.post(url, params={"code": key}, trust_env=False).raise_for_status()


def _words(person):
    """What would name a person: ids, addresses, numbers, and the name as a whole."""
    upn = fold(person["userPrincipalName"])
    numbers = [
        n if isinstance(n, str) else n["telephoneNumber"] for n in person["telephoneNumbers"]
    ]
    found = {person["id"], upn, upn.partition("@")[0], fold(person.get("mail") or "")}
    found |= {fold(person["displayName"]), *numbers, *(n.removeprefix("+") for n in numbers)}
    found.add(fold(person.get("employeeId") or ""))
    return {word for word in found if len(word) > 4}


def _named(told, text):
    text = fold(text)
    return sorted({word for person in told.people for word in _words(person) if word in text})


def test_given_a_wave_when_it_has_run_then_no_span_metric_or_record_names_a_person(told):
    sent = [json.dumps(e) for kind in KINDS for e in told.arrived(kind)]

    assert len(sent) > 100
    assert _named(told, told.people[0]["displayName"])  # the search itself finds people
    assert _named(told, "\n".join(sent)) == []


KINDS = ("RemoteDependencyData", "RequestData", "MetricData", "MessageData", "ExceptionData")


def test_given_a_wave_when_it_has_run_then_neither_log_nor_history_names_a_person(told):
    assert names.ASSIGN_LICENSE in told.history
    assert "Executed" in told.logs
    assert _named(told, told.logs) == []
    assert _named(told, told.history) == []


def test_given_a_wave_when_it_has_run_then_its_functions_share_the_trace_of_the_run(told):
    runs: dict[str, set[tuple[str, str]]] = {}
    for span in told.spans():
        run = span["properties"].get(signals.RUN, "")
        if run.endswith(":pilot:1") and not span["name"].startswith("start "):
            runs.setdefault(run, set()).add((span["ai.operation.id"], span["name"]))

    ((_, found),) = runs.items()
    assert len({trace for trace, _ in found}) == 1
    expected = {names.START_BATCH, names.OPEN_WAVE, names.ASSIGN_LICENSE, names.CLOSE_WAVE}
    assert expected <= {name for _, name in found}


def test_given_a_wave_when_it_has_run_then_every_call_to_graph_hangs_below_a_function_of_ours(told):
    spans = {span["id"]: span for span in told.spans()}
    calls = [s for s in spans.values() if graph_signals.CLIENT_REQUEST_ID in s["properties"]]

    above = {spans[call["ai.operation.parentId"]]["name"] for call in calls}
    routes = {call["name"].replace("/v1.0", "") for call in calls}
    assert {"GET /users", "PATCH /groups(uniqueName='{uniqueName}')"} <= routes
    assert above <= names.ALL_FUNCTIONS
    ids = [call["properties"][graph_signals.CLIENT_REQUEST_ID] for call in calls]
    assert len(set(ids)) == len(ids)


def test_given_a_start_when_asked_over_http_then_its_span_leads_to_the_instance(told):
    starts = [s for s in told.spans() if s["name"] == f"start {names.WAVE}"]
    spans = {span["id"]: span for span in told.spans()}

    (start,) = starts
    assert start["properties"][signals.INSTANCE].endswith(":pilot:wave:1")
    assert spans[start["ai.operation.parentId"]]["name"] == "POST /api/v1/waves/{wave}/start"


def test_given_a_stocktaking_when_it_has_run_then_every_metric_of_the_workbook_has_arrived(told):
    found = {metric["name"] for metric in told.metrics()}
    wanted = {*signals.METRICS, *graph_signals.METRICS} - RARE

    assert wanted - found == set()
    users = {
        m["properties"][signals.STATE]: m["value"]
        for m in told.metrics()
        if m["name"] == signals.USERS
    }
    assert users["done"] > 0


def test_given_metrics_when_they_arrive_then_their_labels_are_few_and_known(told):
    ours = [m for m in told.metrics() if m["name"].startswith("rollout.")]
    labels = {(key, value) for m in ours for key, value in m["properties"].items()}

    assert {key for key, _ in labels} <= {*signals.LABELS, *graph_signals.LABELS}
    assert len(labels) < 60


def test_given_a_stocktaking_when_it_has_run_then_its_record_has_the_action_that_alerts_ask_for(
    told,
):
    actions = {(r.get("properties") or {}).get(signals.ACTION) for r in told.records()}

    assert signals.STOCK_TAKEN in actions
