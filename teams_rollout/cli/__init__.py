"""The rollout command."""
