"""The HTTP API: decode, call the engine once, encode."""
