"""What pages and the clocks need of calendars, policies and promises, by topic."""
