"""What each command does; `main` names them. Heavy imports stay inside the functions."""
