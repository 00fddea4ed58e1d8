"""What an activity is given to work with; built in the blueprint, never looked up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from graph.session import GraphSession
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.ledger.ports import Ledger


@dataclass(frozen=True)
class Deps:
    """The effects at hand.

    Attributes:
        clock: the present as an aware UTC datetime.
        scale: divides waits that Microsoft's delays cause (1 on a real tenant).
    """

    ledger: Ledger
    graph: GraphSession
    clock: Callable[[], datetime]
    scale: float
    environment: Environment
