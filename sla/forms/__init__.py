"""What staff send about calendars and policies."""
