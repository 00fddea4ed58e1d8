"""Whether a wave may go on: pass, fail or inconclusive. Pure."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.configuration import GatesSection


class Verdict(StrEnum):
    """A gate's decision."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class GateResult(BaseModel):
    """A decision with the figures that led to it."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    unforeseen: int
    attempted: int
    limit: float

    @property
    def sentence(self) -> str:
        """The decision in words, for the wave's reason."""
        return (
            f"{self.unforeseen} of the {self.attempted} people since the last gate had unforeseen "
            f"trouble; the limit is {self.limit:g}."
        )


def evaluate(unforeseen: int, attempted: int, gates: GatesSection) -> GateResult:
    """Compare unforeseen failed or blocked people since the last gate; strictly more fails.

    The limit is the larger of `people` and `percent` of those attempted, and never above
    `people_cap`. What the plan foresaw and expected codes must not be counted by the caller.
    """
    share = gates.percent * attempted / 100
    limit = min(max(float(gates.people), share), float(gates.people_cap))
    verdict = Verdict.FAIL if unforeseen > limit else Verdict.PASS
    return GateResult(verdict=verdict, unforeseen=unforeseen, attempted=attempted, limit=limit)
