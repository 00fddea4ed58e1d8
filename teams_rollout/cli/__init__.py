"""The `rollout` command: an HTTP client for people, and the lab that runs everything here."""
