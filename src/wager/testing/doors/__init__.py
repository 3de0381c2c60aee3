"""What each door of a store must do, whatever stands behind it."""
