"""Templates and scripts for Azure. Nothing in here is part of the app."""
