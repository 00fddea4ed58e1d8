"""The rollout orchestrator: everything that is not an orchestration, an activity or Microsoft Graph."""
