"""Codes of people who wait: there is nothing to correct. Room: domain, pure."""

from teams_rollout.domain.reasons.model import Owner, Reason
from teams_rollout.domain.vocabulary import UserState

WAITING: tuple[Reason, ...] = (
    Reason(
        code="not_started",
        state=UserState.WAITING,
        sentence="The person's wave has not begun yet.",
        say="Your move to Teams is planned and has not begun. Nothing changes for you until then.",
        do="Look up the date of the wave and give it to the person; nothing is wrong.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="on_hold",
        state=UserState.WAITING,
        sentence="Somebody asked that the person be left alone until a certain date.",
        say="Your move has been put off at your department's request. You carry on as before.",
        do="If the person wants to move earlier, ask the project team to lift the hold.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="waiting_for_window",
        state=UserState.WAITING,
        sentence="Changes are made only at agreed hours, and the next such hour has not come.",
        say="Your move goes on in the next agreed time slot. Please carry on as before until then.",
        do="Nothing; it goes on by itself when the time slot opens.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="waiting_for_microsoft",
        state=UserState.WAITING,
        sentence="Everything has been asked for and Microsoft has accepted it, but does not show "
        "it everywhere yet.",
        say="Your account is being set up by Microsoft. This often takes an hour and may take a "
        "day. Please sign out of Teams, and try again later.",
        do="Wait for up to 24 hours from the time shown; only then pass it to the project team.",
        owner=Owner.MICROSOFT,
    ),
    Reason(
        code="waiting_for_licence",
        state=UserState.WAITING,
        sentence="There is no free licence at the moment, and more are on order.",
        say="A licence for you has been ordered. Teams will work as soon as it arrives.",
        do="Nothing; the person goes on by themselves when licences arrive. The licensing team "
        "knows the date.",
        owner=Owner.LICENSING_TEAM,
    ),
    Reason(
        code="handed_off_server_team",
        state=UserState.WAITING,
        sentence="The person's Skype for Business account lives on our own server, and only the "
        "server team can move it.",
        say="Your calls and chats stay in Skype for Business until colleagues move your account. "
        "We will tell you when.",
        do="Nothing; the server team has the person on its list. Ask it if the date is urgent.",
        owner=Owner.SERVER_TEAM,
    ),
    Reason(
        code="handed_off_teams_admin",
        state=UserState.WAITING,
        sentence="One setting has to be made by hand by the Teams administrators.",
        say="Your account is nearly ready. A colleague makes the last setting by hand.",
        do="Nothing; the Teams administrators have the person on their list.",
        owner=Owner.TEAMS_ADMINISTRATORS,
    ),
    Reason(
        code="throttled",
        state=UserState.IN_PROGRESS,
        sentence="Microsoft asked us to slow down, so this change waits its turn.",
        say="Your account is being set up right now. Please try again in half an hour.",
        do="Nothing; it is tried again by itself.",
        owner=Owner.MICROSOFT,
    ),
    Reason(
        code="paused",
        state=UserState.IN_PROGRESS,
        sentence="The project team has paused the wave, so nothing more is changed for now.",
        say="The move is interrupted for the moment. What you have keeps working.",
        do="Ask the project team when the wave goes on; nothing is wrong with this person.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="microsoft_unavailable",
        state=UserState.IN_PROGRESS,
        sentence="Microsoft's service did not answer, so the change is tried again.",
        say="Microsoft has a short disruption. Your account is finished as soon as it is over.",
        do="Nothing; it is tried again by itself. Look at the service health page if it lasts.",
        owner=Owner.MICROSOFT,
    ),
    Reason(
        code="replication_pending",
        state=UserState.IN_PROGRESS,
        sentence="Something that was made a moment ago is not known everywhere at Microsoft yet.",
        say="Your account is being set up right now. Please try again in half an hour.",
        do="Nothing; it is tried again by itself within minutes.",
        owner=Owner.MICROSOFT,
    ),
    Reason(
        code="concurrent_change",
        state=UserState.IN_PROGRESS,
        sentence="Somebody else changed the same account or team at the same moment.",
        say="Your account is being set up right now. Please try again in half an hour.",
        do="Nothing; it is tried again by itself.",
        owner=Owner.PROJECT_TEAM,
    ),
)
