"""What pages about hours and charges need."""
