"""Codes about teams, policies, phone numbers and the rollout itself. Room: domain, pure."""

from teams_rollout.domain.reasons.model import Owner, Reason
from teams_rollout.domain.vocabulary import UserState

_NUMBER_LATER = "You can use Teams, but your phone number does not work there yet."
_TEAM_LATER = "You can use Teams, but one of your teams does not exist yet."
_WE_LOOK = "Something went wrong on our side. We are looking into it and will call you back."

SERVICE: tuple[Reason, ...] = (
    Reason(
        code="team_has_no_owner",
        state=UserState.BLOCKED,
        sentence="One of the person's teams cannot be made because nobody is there to own it.",
        say=_TEAM_LATER,
        do="Ask the department for an owner who works here and has an account; give the name to "
        "the project team.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="team_name_taken",
        state=UserState.BLOCKED,
        sentence="One of the person's teams cannot be made because its address belongs to another "
        "group.",
        say=_TEAM_LATER,
        do="Ask the Teams administrators whether the other group is the wanted team or another "
        "address shall be used.",
        owner=Owner.TEAMS_ADMINISTRATORS,
    ),
    Reason(
        code="team_not_found",
        state=UserState.BLOCKED,
        sentence="A team that the person shall join has been deleted or never existed.",
        say="You can use Teams, but one of your teams cannot be found.",
        do="Ask the Teams administrators whether the team was deleted and can be restored.",
        owner=Owner.TEAMS_ADMINISTRATORS,
    ),
    Reason(
        code="policy_not_found",
        state=UserState.BLOCKED,
        sentence="A Teams policy that the person's profile names does not exist.",
        say="You can use Teams, but some settings for you are still missing.",
        do="Ask the Teams administrators to make the policy, or the project team to correct its "
        "name.",
        owner=Owner.TEAMS_ADMINISTRATORS,
    ),
    Reason(
        code="policy_type_unsupported",
        state=UserState.BLOCKED,
        sentence="Microsoft does not take this kind of policy from a program in our tenant.",
        say="You can use Teams, but some settings for you are still missing.",
        do="Ask the Teams administrators to set the policy by hand.",
        owner=Owner.TEAMS_ADMINISTRATORS,
    ),
    Reason(
        code="number_in_use",
        state=UserState.BLOCKED,
        sentence="The phone number belongs to somebody else in Teams.",
        say=_NUMBER_LATER,
        do="Find out who holds the number; the Teams administrators release it or give another.",
        owner=Owner.TEAMS_ADMINISTRATORS,
    ),
    Reason(
        code="number_not_found",
        state=UserState.BLOCKED,
        sentence="The phone number is not among the numbers that our tenant owns.",
        say=_NUMBER_LATER,
        do="Check the number for a slip; if it is right, the Teams administrators order it.",
        owner=Owner.TEAMS_ADMINISTRATORS,
    ),
    Reason(
        code="phone_system_missing",
        state=UserState.BLOCKED,
        sentence="The person has no licence for telephony, so no number can be given.",
        say=_NUMBER_LATER,
        do="Ask the licensing team for the Teams telephony licence.",
        owner=Owner.LICENSING_TEAM,
    ),
    Reason(
        code="permission_missing",
        state=UserState.BLOCKED,
        sentence="Our program lacks a permission that it needs for this change.",
        say=_WE_LOOK,
        do="Tell the project team at once; others are affected too. An administrator has to "
        "grant the permission.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="sign_in_failed",
        state=UserState.FAILED,
        sentence="Our program could not sign in at Microsoft.",
        say=_WE_LOOK,
        do="Tell the project team at once; others are affected too.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="request_refused",
        state=UserState.FAILED,
        sentence="Microsoft refused the change for a reason that we did not expect.",
        say=_WE_LOOK,
        do="Pass it to the project team with the request number from the timeline.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="unexpected_answer",
        state=UserState.FAILED,
        sentence="Microsoft answered in a way that we do not understand.",
        say=_WE_LOOK,
        do="Pass it to the project team with the request number from the timeline.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="poisoned_batch",
        state=UserState.BLOCKED,
        sentence="The group of people in which the person was to be moved could not be started.",
        say=_WE_LOOK,
        do="Tell the project team, who can start that group again; nothing has been changed.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="not_verified_in_time",
        state=UserState.FAILED,
        sentence="Microsoft accepted everything but still does not show it after the time limit.",
        say="Your account should be ready but Microsoft does not confirm it. We are asking there.",
        do="Try Teams together with the person; if it fails, the project team opens a case with "
        "Microsoft.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="notice_uncertain",
        state=UserState.FAILED,
        sentence="A notice may or may not have reached the person, because the mail system did not "
        "answer; it is not sent again by itself.",
        say="We may have written to you about your move. If you got nothing, I tell you now.",
        do="Tell the person what the notice says; the project team has its text.",
        owner=Owner.SERVICE_DESK,
    ),
    Reason(
        code="internal_error",
        state=UserState.FAILED,
        sentence="Our own program made a mistake.",
        say=_WE_LOOK,
        do="Pass it to the project team with the name of the person and the time.",
        owner=Owner.PROJECT_TEAM,
    ),
)
