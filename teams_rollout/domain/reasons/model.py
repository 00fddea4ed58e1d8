"""What the helpdesk has to know about one code. Room: domain, pure."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.vocabulary import UserState


class Owner(StrEnum):
    """Who has to act next, as the helpdesk calls them."""

    SERVICE_DESK = "service desk"
    LICENSING_TEAM = "licensing team"
    SERVER_TEAM = "server team"
    TEAMS_ADMINISTRATORS = "Teams administrators"
    PROJECT_TEAM = "project team"
    MICROSOFT = "Microsoft"


class Reason(BaseModel):
    """One code in plain words.

    Attributes:
        state: the state of a person who carries the code.
        sentence: why, as one sentence of which "the person" is the subject or object.
        say: what to tell the person, in words to be read out.
        do: what the helpdesk does next.
        owner: whose turn it is.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    state: UserState
    sentence: str
    say: str
    do: str
    owner: Owner
