"""What can be done to calendars and policies. The only writers; each is one transaction."""
