"""Tenant simulator: the command line, `python -m teams_rollout.tenant --seed FILE --port P`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from teams_rollout.tenant import seed as seeds
from teams_rollout.tenant.app import TenantApp
from teams_rollout.tenant.build import Settings, build
from teams_rollout.tenant.faults import FaultError
from teams_rollout.tenant.seed import SeedError
from teams_rollout.tenant.server import make_server, serve


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m teams_rollout.tenant", description="A simulated Microsoft 365 tenant."
    )
    parser.add_argument("--seed", type=Path, required=True, help="tenant seed, .json or .json.gz")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8790, help="0 picks a free one")
    parser.add_argument("--limits", type=_positive, default=1.0, help="multiplies every limit")
    parser.add_argument("--clock-speed", type=_positive, default=1.0, help="divides every lag")
    parser.add_argument("--quota-model", choices=("window", "bucket"), default="window")
    parser.add_argument("--faults", type=Path, help="fault rules, JSON")
    parser.add_argument("--state", type=Path, help="read if it exists, written on a polite stop")
    parser.add_argument("--rng-seed", type=int, default=1, help="makes lags reproducible")
    parser.add_argument("--tls-cert", type=Path)
    parser.add_argument("--tls-key", type=Path)
    return parser


def _faults(path: Path | None) -> Any:
    if path is None:
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise FaultError(f"The fault file {path} cannot be read: {exc}.") from exc


def _run(options: argparse.Namespace) -> None:
    source = options.state if options.state and options.state.exists() else options.seed
    settings = Settings(
        limits=options.limits,
        clock_speed=options.clock_speed,
        quota_model=options.quota_model,
        rng_seed=options.rng_seed,
    )
    sim = build(seeds.read(source), settings=settings, faults=_faults(options.faults))
    if source is options.state:
        seeds.resume(sim.world, source)
    tls = (options.tls_cert, options.tls_key) if options.tls_cert and options.tls_key else None
    server, listener = make_server(
        TenantApp(sim), host=options.host, port=options.port, state=options.state, tls=tls
    )
    serve(server, listener)


def main(arguments: list[str] | None = None) -> int:
    """Run the simulator; returns the exit code: 0, or 1 with one sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except (SeedError, FaultError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 1
    except OSError as wrong:
        sys.stderr.write(f"The tenant simulator cannot start: {wrong.strerror or wrong}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
