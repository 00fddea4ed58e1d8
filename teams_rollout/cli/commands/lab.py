"""`rollout lab up|down|demo|tenant|host`: everything on this machine, without Azure."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from teams_rollout.cli.addresses import STATE_DIR
from teams_rollout.cli.commands.instances import app as host_app
from teams_rollout.cli.input_files import checked, chosen_files
from teams_rollout.cli.lab import running
from teams_rollout.cli.lab.demo import DemoOptions, run_demo
from teams_rollout.cli.lab.parts import LabOptions
from teams_rollout.cli.lab.safety import refuse_real_tenant
from teams_rollout.cli.lab.seed import check_seed
from teams_rollout.cli.session import session_of

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, name="lab")
app.add_typer(host_app, name="host")

REPOSITORY = Path(__file__).resolve().parents[3]
SAMPLES = Path("samples")
SEED = SAMPLES / "tenant.json.gz"


class QuotaModel(StrEnum):
    """How the simulator counts Microsoft's write quota."""

    WINDOW = "window"
    BUCKET = "bucket"


Seed = Annotated[Path, typer.Option(help="The tenant (.json or .json.gz).")]
Limits = Annotated[float, typer.Option(min=0.001, help="Factor on Microsoft's quotas.")]
ClockSpeed = Annotated[float, typer.Option(min=1, help="Divides Microsoft's delays.")]
Faults = Annotated[Path | None, typer.Option(help="Faults to inject (JSON).")]
Quota = Annotated[QuotaModel | None, typer.Option(help="How write quotas are counted.")]


@app.callback()
def everything_here(ctx: typer.Context) -> None:
    """Run the whole system on this machine, without Azure and without a tenant."""
    refuse_real_tenant(session_of(ctx).api)


@app.command("up")
def lab_up(
    *,
    seed: Annotated[
        Path | None,
        typer.Option(help="The tenant (default: this folder's earlier lab's, else the sample)."),
    ] = None,
    clock_speed: ClockSpeed = 3600.0,
    limits: Limits = 1.0,
    faults: Faults = None,
    quota_model: Quota = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget what an earlier lab did here.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Return when everything is up.")] = False,
) -> None:
    """Start storage, tenant simulator and function app; Ctrl-C stops them."""
    options = LabOptions(
        seed=running.chosen_seed(seed, folder=STATE_DIR, fresh=fresh, default=SEED),
        app=REPOSITORY,
        folder=STATE_DIR.resolve(),
        clock_speed=clock_speed,
        limits=limits,
        faults=checked(faults).resolve() if faults else None,
        quota_model=quota_model.value if quota_model else None,
    )
    if detach:
        running.up_detached(options, line=_foreground(options, fresh=fresh), fresh=fresh)
    else:
        running.up(options, fresh=fresh)


@app.command("down")
def lab_down() -> None:
    """Stop the lab of this folder."""
    running.down(STATE_DIR.resolve())


@app.command("demo")
def lab_demo(
    *,
    rollout: Annotated[Path, typer.Option(help="Settings.")] = SAMPLES / "rollout.toml",
    users: Annotated[Path, typer.Option(help="People.")] = SAMPLES / "users.csv",
    teams: Annotated[Path, typer.Option(help="Teams.")] = SAMPLES / "teams.csv",
    tenant: Annotated[Path, typer.Option(help="Tenant (.json or .json.gz).")] = SEED,
    limits: Limits = 1.0,
    faults: Faults = None,
    leave: Annotated[
        bool, typer.Option("--exit", help="Write the results and stop instead of serving.")
    ] = False,
) -> None:
    """Roll Teams out to a whole council on this machine, from a clean start."""
    files = chosen_files(None, rollout=rollout, users=users, teams=teams)
    check_seed(tenant)
    lab = LabOptions(
        seed=tenant.resolve(),
        app=REPOSITORY,
        folder=STATE_DIR.resolve(),
        limits=limits,
        faults=checked(faults).resolve() if faults else None,
    )
    run_demo(DemoOptions(lab=lab, files=files, leave=leave))


@app.command("tenant")
def lab_tenant(
    *,
    seed: Seed = SEED,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 = any.")] = 8801,
    limits: Limits = 1.0,
    faults: Faults = None,
    clock_speed: ClockSpeed = 1.0,
    state: Annotated[
        Path | None, typer.Option(help="Keep the tenant's state in this file.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate for https (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    quota_model: Quota = None,
) -> None:
    """Run the tenant simulator alone."""
    check_seed(seed)
    for path in (faults, tls_cert, tls_key):
        if path is not None:
            checked(path)
    named: dict[str, object] = {
        "--seed": seed,
        "--port": port,
        "--limits": f"{limits:g}",
        "--faults": faults,
        "--clock-speed": f"{clock_speed:g}",
        "--state": state,
        "--tls-cert": tls_cert,
        "--tls-key": tls_key,
        "--quota-model": quota_model.value if quota_model else None,
    }
    words = [str(word) for pair in named.items() if pair[1] is not None for word in pair]
    # The simulator takes this process over, so that signals and its exit code are its own.
    os.execv(sys.executable, [sys.executable, "-m", "teams_rollout.tenant", *words])  # noqa: S606 - our own module, no shell


def _foreground(options: LabOptions, *, fresh: bool) -> list[str]:
    line = ["lab", "up", "--seed", str(options.seed)]
    line += ["--clock-speed", f"{options.clock_speed:g}", "--limits", f"{options.limits:g}"]
    line += ["--faults", str(options.faults)] if options.faults else []
    line += ["--quota-model", options.quota_model] if options.quota_model else []
    return [*line, "--fresh"] if fresh else line
