"""Forms of dates where Django's own would be read differently on the two sides of an ocean."""
