"""What can be done to calendars, policies and promises, by topic. The only writers; each is one transaction."""
