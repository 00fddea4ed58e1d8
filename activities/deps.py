"""What an activity is given to work with; built in the blueprint, never looked up."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from graph.session import GraphSession
from graph.stop_sign import StopSign
from graph.workflows import CardChannel
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.ledger.ports import Ledger


@dataclass(frozen=True)
class Deps:
    """The effects at hand.

    Attributes:
        clock: the present as an aware UTC datetime.
        scale: divides waits that Microsoft's delays cause (1 on a real tenant).
        stop_sign: what people have stopped; None = nobody can stop anything (tests of bodies).
        channel: of the project's team, for cards; None = no address is configured.
    """

    ledger: Ledger
    graph: GraphSession
    clock: Callable[[], datetime]
    scale: float
    environment: Environment
    channel: CardChannel | None = None
    stop_sign: StopSign | None = None

    def writing_under(self, *names: str) -> Self:
        """The same effects, whose writes end as soon as one of these names is stopped."""
        if self.stop_sign is None:
            return self
        return replace(self, graph=self.graph.behind(self.stop_sign.guard(*names)))
