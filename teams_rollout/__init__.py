"""The rollout: everything that is not an orchestration, an activity or Microsoft Graph."""
