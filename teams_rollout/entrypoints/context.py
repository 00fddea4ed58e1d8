"""What the routes share within one process: the services, made ready once, and small caches."""

import asyncio
from typing import Annotated

from fastapi import Depends, Request
from pydantic import ValidationError

from teams_rollout.entrypoints.durable import current_starter
from teams_rollout.entrypoints.plan_pages import PlanCache
from teams_rollout.entrypoints.ports import Services, ServicesProvider, Starter
from teams_rollout.entrypoints.problems import ProblemError, settings_wrong
from teams_rollout.entrypoints.tally import TallyCache
from teams_rollout.ledger.records import RolloutRecord, WaveRecord


def wrong_settings(error: ValueError) -> list[str]:
    """Names of the settings that a failed load complains about, never their values."""
    if not isinstance(error, ValidationError):
        return [str(error)]  # our own sentence, which names settings
    names = {f"ROLLOUT_{'_'.join(map(str, e['loc'])).upper()}" for e in error.errors() if e["loc"]}
    # A rule over several settings has no location; its own sentence names them.
    sentences = {e["msg"].removeprefix("Value error, ") for e in error.errors() if not e["loc"]}
    return sorted(names | sentences)


class Context:
    """One per application object."""

    def __init__(self, provider: ServicesProvider) -> None:
        self.provider = provider
        self._prepared = False
        self._lock = asyncio.Lock()
        self.tallies = TallyCache()
        self.plans = PlanCache()

    def services(self) -> Services:
        """The services; a wrong setting becomes a problem that names it."""
        try:
            return self.provider()
        except ValueError as error:
            raise settings_wrong(wrong_settings(error)) from error

    async def ready(self) -> Services:
        """The services with tables and queues in place; tried again until that has worked once."""
        services = self.services()
        if not self._prepared:
            async with self._lock:
                if not self._prepared:
                    await services.ledger.prepare()
                    self._prepared = True
        return services


def get_context(request: Request) -> Context:
    """The application's context."""
    context: Context = request.app.state.context
    return context


async def get_services(request: Request) -> Services:
    """The services, ready to use."""
    return await get_context(request).ready()


def get_starter() -> Starter:
    """The starter of the invocation that carries this request."""
    return current_starter.get()


ContextDep = Annotated[Context, Depends(get_context)]
ServicesDep = Annotated[Services, Depends(get_services)]
StarterDep = Annotated[Starter, Depends(get_starter)]


async def get_rollout(services: ServicesDep) -> RolloutRecord:
    """The rollout. Raises a 404 problem before the first import."""
    record = await services.ledger.find_rollout()
    if record is None:
        raise ProblemError(
            404,
            kind="nothing-imported",
            title="There is no rollout yet.",
            detail="No files have been imported into this deployment.",
            do="Import them: rollout import --rollout F.toml --users F.csv --teams F.csv",
        )
    return record


RolloutDep = Annotated[RolloutRecord, Depends(get_rollout)]


async def get_wave(wave: str, services: ServicesDep, rollout: RolloutDep) -> WaveRecord:
    """The wave of the path, by name or slug. Raises a 404 problem that lists the waves."""
    waves = await services.ledger.list_waves(rollout.rollout_id)
    for record in waves:
        if wave in (record.name, record.slug):
            return record
    known = ", ".join(w.name for w in sorted(waves, key=lambda w: w.position)) or "none"
    raise ProblemError(
        404,
        kind="wave-unknown",
        title="There is no wave of this name.",
        detail=f"The waves of this rollout are: {known}.",
        do="Use one of these names.",
    )


WaveDep = Annotated[WaveRecord, Depends(get_wave)]
