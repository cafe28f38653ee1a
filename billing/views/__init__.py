"""Pages about hours and charges."""
