"""The `rollout` command against a small API of the tests, without any service."""
