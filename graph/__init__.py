"""Microsoft Graph: session, governor, batching, errors and typed calls; knows nothing of waves."""
