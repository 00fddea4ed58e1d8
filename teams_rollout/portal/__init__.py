"""Pages for the helpdesk and the project team."""
