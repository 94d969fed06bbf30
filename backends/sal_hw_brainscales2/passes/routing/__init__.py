"""Which synapse row and which label each source of events gets."""
