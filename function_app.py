"""The function app: every trigger of the system, composed from blueprints."""

import azure.durable_functions as df
import azure.functions as func

from teams_rollout.bootcheck import require_own_packages

require_own_packages("activities", "graph", "orchestrations", "teams_rollout")

# Only now: an `ImportError` from a package in the place of ours would hide its cause.
from activities.blueprint import bp as activities  # noqa: E402 - see above
from orchestrations.blueprint import bp as orchestrations  # noqa: E402 - see above
from teams_rollout.entrypoints.blueprint import bp as entrypoints  # noqa: E402 - see above

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
for blueprint in (orchestrations, activities, entrypoints):
    app.register_functions(blueprint)
