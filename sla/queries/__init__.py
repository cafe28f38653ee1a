"""What pages and the clocks need of calendars and policies."""
