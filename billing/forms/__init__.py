"""What people send about hours and charges, from strings to clean values."""
