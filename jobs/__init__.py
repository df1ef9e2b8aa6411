"""Jobs: the engine for long work."""
