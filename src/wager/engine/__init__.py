"""The journeys: load, call the steps, save."""
