"""Demo data: believable customers, contracts and a year of tickets, written through the commands that pages use."""
