"""What people are told about their move: texts that an operator may change, and how they look."""
