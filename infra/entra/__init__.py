"""What a directory administrator runs, with the Azure CLI and plain Python 3.11 or later."""
