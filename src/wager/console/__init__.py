"""What people look at: pages over the public API alone."""
