"""Codes of people for whom another team could not do its part. Room: domain, pure."""

from teams_rollout.domain.reasons.model import Owner, Reason
from teams_rollout.domain.vocabulary import UserState

_STAYS = "Your calls and chats stay in Skype for Business for now. We will tell you when they move."

HAND_OFF: tuple[Reason, ...] = (
    Reason(
        code="move_refused",
        state=UserState.BLOCKED,
        sentence="The server team tried to move the person and the server refused.",
        say=_STAYS,
        do="Ask the server team what has to be corrected; it moves the person and hands the result "
        "back.",
        owner=Owner.SERVER_TEAM,
    ),
    Reason(
        code="mode_refused",
        state=UserState.BLOCKED,
        sentence="The Teams administrators tried to make the last setting by hand and Microsoft "
        "refused it.",
        say="One setting of your account could not be made yet. We will call you back.",
        do="Ask the Teams administrators what has to be corrected; they make the setting and hand "
        "the result back.",
        owner=Owner.TEAMS_ADMINISTRATORS,
    ),
    Reason(
        code="unknown_to_other_team",
        state=UserState.BLOCKED,
        sentence="The team that was to act does not find the person in its own system.",
        say=_STAYS,
        do="Compare the person's sign-in name with their address in Skype for Business; the "
        "server team corrects it and hands the result back.",
        owner=Owner.SERVER_TEAM,
    ),
    Reason(
        code="meetings_not_migrated",
        state=UserState.BLOCKED,
        sentence="The person has been moved, but meetings that were in the calendar still lead to "
        "Skype for Business.",
        say="Teams works for you. Meetings that you arranged before the move may still open Skype "
        "for Business: please send new invitations for those.",
        do="Ask the Teams administrators to start the migration of the meetings again; they hand "
        "the result back.",
        owner=Owner.TEAMS_ADMINISTRATORS,
    ),
    Reason(
        code="hand_off_not_seen",
        state=UserState.BLOCKED,
        sentence="Another team reported that its part is done, but Microsoft does not show it "
        "after the time limit.",
        say="Your account should be ready but Microsoft does not confirm it. We are asking there.",
        do="Ask the team that reported it to look again; when it has, the project team takes "
        "the result file once more.",
        owner=Owner.PROJECT_TEAM,
    ),
)
