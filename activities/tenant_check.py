"""Is this the tenant that the rollout is for? Asked before anything is written."""

from teams_rollout.domain.configuration import RolloutConfig
from teams_rollout.domain.vocabulary import Environment


def tenant_trouble(config: RolloutConfig, tenant_id: str, environment: Environment) -> str:
    """Why the tenant is the wrong one, in a sentence, or nothing.

    On LIVE the file must name the tenant; in REHEARSAL an absent one is taken from the tenant.
    """
    wanted = config.rollout.tenant_id
    if wanted is None:
        if environment is Environment.LIVE:
            return (
                "rollout.toml names no tenant_id, which a real tenant needs; add "
                f'tenant_id = "{tenant_id}" to [rollout] if that is the right one.'
            )
        return ""
    if wanted.casefold() == tenant_id.casefold():
        return ""
    return (
        f"rollout.toml is for tenant {wanted}, but this app is signed in to {tenant_id}. "
        "Nothing was changed. Correct tenant_id or the app's sign-in."
    )
