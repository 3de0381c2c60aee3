"""What a new store, policy or model must pass, and the means to make worlds for it."""
