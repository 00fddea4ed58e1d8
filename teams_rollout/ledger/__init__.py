"""Storage ports and their Azure Table and Queue adapters."""
