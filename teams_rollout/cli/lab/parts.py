"""What the lab is made of: commands, environments, and how to see that each part is ready."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from teams_rollout.cli.errors import CliError
from teams_rollout.cli.lab.ports import HOST, choose_port, listens

BLOB_PORT, QUEUE_PORT, TABLE_PORT = 10000, 10001, 10002
TENANT_PORT = 8801
API_PORT = 7071
TASK_HUB = "TeamsRolloutLab"
WORKFLOW = "/workflows/project/triggers/manual/paths/invoke?sig=rehearsal"
# Not `tenant-state.json`: that is what the demo hands out.
TENANT_STATE = "tenant-live.json"
HOST_STATE = "host.sqlite"
STORAGE_DATA = "azurite"
ACCOUNT = "devstoreaccount1"
# Azurite's published development account: the same for everybody, no secret.
# https://learn.microsoft.com/azure/storage/common/storage-use-azurite
ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
OURS = ("ROLLOUT_", "AZURE_", "AzureWebJobs", "FUNCTIONS_")  # settings that a lab sets itself
PART_STOPS_WITHIN = 10.0
HOST_STOPS_WITHIN = 20.0  # it lets running activities finish


@dataclass(frozen=True)
class LabOptions:
    """What a lab is asked to be.

    Attributes:
        seed: the tenant's seed file.
        clock_speed: divides Microsoft's delays, in the simulator and in the app's waits.
        limits: factor on Microsoft's published quotas.
        faults: rules of faults that the simulator injects.
        quota_model: `window` or `bucket`; None = the simulator's default.
        app: folder of `function_app.py`.
        folder: where state, logs and addresses go.
    """

    seed: Path
    app: Path
    folder: Path
    clock_speed: float = 3600.0
    limits: float = 1.0
    faults: Path | None = None
    quota_model: str | None = None


@dataclass(frozen=True)
class Part:
    """One process of the lab.

    Attributes:
        key: short name; the log is called after it.
        title: what it is, for people.
        address: where it answers, for people.
        ports: on which it listens.
        connection: how other parts reach it, where that is more than the address.
        answers: whether it is ready; must not raise.
        starts_within: seconds until it must be ready.
        may_return: started again when a signal killed it (it keeps its state on disk).
    """

    key: str
    title: str
    address: str
    command: list[str]
    answers: Callable[[], bool]
    ports: tuple[int, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    starts_within: float = 60.0
    stops_within: float = PART_STOPS_WITHIN
    may_return: bool = False
    connection: str = ""


def storage(options: LabOptions) -> Part:
    """Azurite for blobs, queues and tables, its data in the lab's folder.

    Raises:
        CliError: it is not installed.
    """
    program = options.app / "node_modules" / ".bin" / "azurite"
    if not program.exists():
        raise CliError(f"Azurite is not installed in {options.app}: run `make setup` there.")
    blob = choose_port(BLOB_PORT)
    queue = choose_port(QUEUE_PORT, avoid=(blob,))
    table = choose_port(TABLE_PORT, avoid=(blob, queue))
    data = options.folder / STORAGE_DATA
    ports = {"--blobPort": blob, "--queuePort": queue, "--tablePort": table}
    return Part(
        key="azurite",
        title="storage (Azurite)",
        address=f"{HOST}:{blob}, {queue}, {table}",
        command=[
            str(program),
            *("--silent", "--skipApiVersionCheck", "--disableTelemetry"),
            *("--location", str(data)),
            *(str(word) for pair in ports.items() for word in pair),
        ],
        answers=lambda: all(listens(port) for port in ports.values()),
        ports=tuple(ports.values()),
        env=_environment(),
        connection=_connection(blob=blob, queue=queue, table=table),
    )


def tenant(options: LabOptions) -> Part:
    """The Microsoft 365 tenant simulator."""
    address = f"http://{HOST}:{choose_port(TENANT_PORT)}"
    extra: dict[str, object] = {"--faults": options.faults, "--quota-model": options.quota_model}
    settings: dict[str, object] = {
        "--seed": options.seed,
        "--port": address.rpartition(":")[2],
        "--limits": f"{options.limits:g}",
        "--clock-speed": f"{options.clock_speed:g}",
        "--state": options.folder / TENANT_STATE,
    } | {name: value for name, value in extra.items() if value is not None}
    return Part(
        key="tenant",
        title="Microsoft 365 tenant (simulator)",
        address=address,
        command=_python("teams_rollout.tenant", settings),
        answers=lambda: _answers(f"{address}/_tenant/requests"),
        ports=(int(address.rpartition(":")[2]),),
        env=_environment(),
    )


def host(options: LabOptions, *, connection: str, tenant_address: str) -> Part:
    """The local host running the function app against the lab's storage and tenant."""
    address = f"http://{HOST}:{choose_port(API_PORT)}"
    settings: dict[str, object] = {
        "--app": options.app,
        "--port": address.rpartition(":")[2],
        "--state": options.folder / HOST_STATE,
    }
    return Part(
        key="host",
        title="function app (local host)",
        address=address,
        command=[*_python("teams_rollout.localhost", settings), "--fast-dates"],
        answers=lambda: _answers(f"{address}/api/v1/health"),
        ports=(int(address.rpartition(":")[2]),),
        env=_environment() | _app_settings(options, connection, tenant_address),
        stops_within=HOST_STOPS_WITHIN,
        may_return=True,
    )


def _app_settings(options: LabOptions, connection: str, tenant_address: str) -> dict[str, str]:
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": connection,
        "RolloutStorage": connection,
        "ROLLOUT_STORAGE_CONNECTION": connection,
        "ROLLOUT_GRAPH_BASE_URL": f"{tenant_address}/v1.0",
        "ROLLOUT_GRAPH_CREDENTIAL": "static",
        "ROLLOUT_TIME_SCALE": f"{options.clock_speed:g}",
        "ROLLOUT_GRAPH_LIMITS": f"{options.limits:g}",
        "ROLLOUT_ENVIRONMENT": "REHEARSAL",
        "ROLLOUT_NOTICE_WEBHOOK": f"{tenant_address}{WORKFLOW}",
        "TASKHUB_NAME": TASK_HUB,
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
    }


def _environment() -> dict[str, str]:
    """This process's environment without settings that could lead to a real tenant or account."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def _python(module: str, settings: Mapping[str, object]) -> list[str]:
    words = (str(word) for pair in settings.items() for word in pair)
    return [sys.executable, "-m", module, *words]


def _connection(*, blob: int, queue: int, table: int) -> str:
    ports = {"Blob": blob, "Queue": queue, "Table": table}
    ends = (f"{name}Endpoint=http://{HOST}:{port}/{ACCOUNT};" for name, port in ports.items())
    head = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
    return head + "".join(ends)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False
