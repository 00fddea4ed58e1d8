"""Codes about a person's account, licence and mode that need somebody to act, or nobody.

Room: domain, pure.
"""

from teams_rollout.domain.reasons.model import Owner, Reason
from teams_rollout.domain.vocabulary import UserState

_LICENCE_SOON = "Your licence for Teams is not in place yet. Colleagues are sorting it out."

ACCOUNT: tuple[Reason, ...] = (
    Reason(
        code="guest_account",
        state=UserState.SKIPPED,
        sentence="The account belongs to a guest from another organisation, and guests are not "
        "moved.",
        say="You are a guest with us, so Teams comes from your own organisation.",
        do="Nothing; if the person works for us, ask for an account of their own.",
        owner=Owner.SERVICE_DESK,
    ),
    Reason(
        code="account_disabled",
        state=UserState.SKIPPED,
        sentence="The account is switched off, so it is left out.",
        say="Your account is switched off. Please ask your manager to have it opened.",
        do="Check with HR whether the person still works here; if so, have the account enabled.",
        owner=Owner.SERVICE_DESK,
    ),
    Reason(
        code="user_not_found",
        state=UserState.BLOCKED,
        sentence="Microsoft knows nobody by the name that our list gives.",
        say="We have a wrong sign-in name for you on our list and will correct it.",
        do="Find the person's right sign-in name (a new surname is the usual cause) and send it "
        "to the project team.",
        owner=Owner.SERVICE_DESK,
    ),
    Reason(
        code="named_twice",
        state=UserState.BLOCKED,
        sentence="Our list has this person twice under different names, and the other row counts.",
        say="You are on our list twice. Your move goes on under the other entry.",
        do="Look the person up by the other name, and ask the project team to remove this row.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="usage_location_missing",
        state=UserState.BLOCKED,
        sentence="The account has no country, and without one Microsoft gives no licence.",
        say=_LICENCE_SOON,
        do="Have the usage location of the account set in Entra ID, then ask for a retry.",
        owner=Owner.SERVICE_DESK,
    ),
    Reason(
        code="usage_location_not_allowed",
        state=UserState.BLOCKED,
        sentence="Microsoft does not offer this licence in the country that the account names.",
        say=_LICENCE_SOON,
        do="Check the usage location of the account; if it is right, ask the licensing team for "
        "another licence.",
        owner=Owner.LICENSING_TEAM,
    ),
    Reason(
        code="no_seats_left",
        state=UserState.BLOCKED,
        sentence="All licences of this kind are in use.",
        say="We have run out of licences for Teams and are getting more.",
        do="Tell the licensing team which licence is short; the person is retried afterwards.",
        owner=Owner.LICENSING_TEAM,
    ),
    Reason(
        code="sku_not_in_tenant",
        state=UserState.BLOCKED,
        sentence="The licence that the person's profile names has never been bought here.",
        say=_LICENCE_SOON,
        do="Tell the project team: the profile names a wrong licence, or it has to be bought.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="conflicting_license",
        state=UserState.BLOCKED,
        sentence="The person holds another licence that cannot be held together with the new one.",
        say="You have an older licence that has to be exchanged first. What you have keeps "
        "working.",
        do="Ask the licensing team which of the two licences the person shall keep.",
        owner=Owner.LICENSING_TEAM,
    ),
    Reason(
        code="license_dependency_missing",
        state=UserState.BLOCKED,
        sentence="The licence needs another one that the person does not hold.",
        say=_LICENCE_SOON,
        do="Ask the licensing team to add the licence on which this one builds.",
        owner=Owner.LICENSING_TEAM,
    ),
    Reason(
        code="license_held_through_group",
        state=UserState.BLOCKED,
        sentence="The licence comes from a group, so it cannot be changed for one person alone.",
        say=_LICENCE_SOON,
        do="Ask the licensing team to change the person's licensing groups.",
        owner=Owner.LICENSING_TEAM,
    ),
    Reason(
        code="teams_plan_disabled_by_group",
        state=UserState.BLOCKED,
        sentence="The person's licence comes from a group for which Teams is switched off.",
        say="Teams is switched off for your department at the moment. We are asking to have it "
        "switched on.",
        do="Ask the licensing team to switch Teams on in that group, or to take the person out "
        "of it.",
        owner=Owner.LICENSING_TEAM,
    ),
    Reason(
        code="group_not_found",
        state=UserState.BLOCKED,
        sentence="The licensing group that the profile names does not exist, or several groups "
        "have that name.",
        say=_LICENCE_SOON,
        do="Tell the project team: the profile names a wrong group, or the group was deleted.",
        owner=Owner.PROJECT_TEAM,
    ),
    Reason(
        code="group_managed_on_premises",
        state=UserState.BLOCKED,
        sentence="The licensing group that the profile names is kept on our own servers, so "
        "nobody can be put into it from the cloud.",
        say=_LICENCE_SOON,
        do="Ask the server team to put the person into the group; the licence then comes by "
        "itself.",
        owner=Owner.SERVER_TEAM,
    ),
    Reason(
        code="group_filled_by_rule",
        state=UserState.BLOCKED,
        sentence="A rule decides who is in the licensing group that the profile names, so nobody "
        "can be put into it by hand.",
        say=_LICENCE_SOON,
        do="Ask the licensing team to change the rule so that it takes the person in, or the "
        "project team to name another group.",
        owner=Owner.LICENSING_TEAM,
    ),
    Reason(
        code="license_missing_in_group",
        state=UserState.BLOCKED,
        sentence="The licensing group that the profile names does not give all the licences of "
        "the profile.",
        say=_LICENCE_SOON,
        do="Ask the licensing team to assign the missing licence to the group, then ask for a "
        "retry.",
        owner=Owner.LICENSING_TEAM,
    ),
    Reason(
        code="homed_on_premises",
        state=UserState.BLOCKED,
        sentence="The person's Skype for Business account lives on our own server, and this "
        "rollout does not move such accounts.",
        say="Your calls and chats stay in Skype for Business for the time being.",
        do="Ask the server team to move the account; the rollout finishes the rest by itself.",
        owner=Owner.SERVER_TEAM,
    ),
    Reason(
        code="user_on_premises",
        state=UserState.BLOCKED,
        sentence="Microsoft refused the change because the person's Skype for Business account "
        "still lives on our own server.",
        say="Your calls and chats stay in Skype for Business until colleagues move your account.",
        do="Ask the server team to move the account, then ask for a retry.",
        owner=Owner.SERVER_TEAM,
    ),
    Reason(
        code="cloud_user_is_teams_only",
        state=UserState.BLOCKED,
        sentence="The list asks for a mode with Skype for Business, which somebody who never had "
        "it on our server cannot get.",
        say="You use Teams alone; Skype for Business is not available for your account.",
        do="Ask the project team to remove the mode from the person's row.",
        owner=Owner.PROJECT_TEAM,
    ),
)
