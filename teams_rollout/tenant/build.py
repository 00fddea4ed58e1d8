"""Tenant simulator: puts a simulator together from a seed and its settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from teams_rollout.tenant import seed as seeds
from teams_rollout.tenant.faults import Faults
from teams_rollout.tenant.gateway import Simulator
from teams_rollout.tenant.throttle import Throttle
from teams_rollout.tenant.wire import Json
from teams_rollout.tenant.world import World


@dataclass(frozen=True, slots=True)
class Settings:
    """How the tenant behaves.

    `limits` multiplies every published limit; `clock_speed` divides Microsoft's lags;
    `quota_model` is `window` or `bucket`; `rng_seed` makes lags reproducible.
    """

    limits: float = 1.0
    clock_speed: float = 1.0
    quota_model: str = "window"
    rng_seed: int = 1


def build(
    seed: Json,
    *,
    settings: Settings | None = None,
    faults: Any = None,
    clock: Callable[[], float] = time.time,
) -> Simulator:
    """Build a simulator.

    Raises:
        SeedError: the seed cannot be used.
        FaultError: the faults cannot be understood.
    """
    chosen = settings or Settings()

    def make_world() -> World:
        return seeds.load(seed, rng_seed=chosen.rng_seed, speed=chosen.clock_speed, clock=clock)

    def make_throttle(world: World) -> Throttle:
        return Throttle(
            factor=chosen.limits,
            model=chosen.quota_model,
            users=lambda: len(world.users),
            tenant=world.id,
        )

    world = make_world()
    return Simulator(
        world=world,
        throttle=make_throttle(world),
        make_world=make_world,
        make_throttle=make_throttle,
        faults=Faults(faults),
    )
