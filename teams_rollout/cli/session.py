"""What one run of the command was told: where, as whom, in which form to answer."""

from dataclasses import dataclass
from enum import StrEnum

import typer

from teams_rollout.cli.errors import EXIT_ATTENTION


class Output(StrEnum):
    """Form of the answer."""

    TABLE = "table"
    JSON = "json"


@dataclass(frozen=True)
class Session:
    """The options that hold for every command.

    Attributes:
        api: address given on the command line; None = variable or lab.
        identity: development identity on loopback; None = the API's default.
        attention_code: answer 2 when something needs a person.
    """

    api: str | None = None
    output: Output = Output.TABLE
    identity: str | None = None
    debug: bool = False
    attention_code: bool = False

    @property
    def wants_json(self) -> bool:
        """Whether the answer is for a program."""
        return self.output is Output.JSON

    def finish(self, *, attention: bool) -> None:
        """End the command; exit code 2 if asked for and something needs attention."""
        if attention and self.attention_code:
            raise typer.Exit(EXIT_ATTENTION)


def session_of(ctx: typer.Context) -> Session:
    """The session that the command line set up."""
    found = ctx.find_object(Session)
    return found if isinstance(found, Session) else Session()
