"""When people do things: in working hours mostly, at once when everything is down."""

from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Sao_Paulo")


def day_before(today: datetime, days: int, at: time) -> datetime:
    """A local time of day, so many days before today."""
    return datetime.combine(today.astimezone(ZONE).date() - timedelta(days=days), at, ZONE)


def start_of_day(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(ZONE).date(), time(), ZONE)


def opening_time(rng: Random, today: datetime, days: int, *, urgent: bool) -> datetime:
    """An instant on that day at which a customer files; what is not urgent comes on working days."""
    hour = (
        rng.choice((2, 5, 7, 12, 20, 22))
        if urgent and rng.random() < 0.25
        else rng.choice((7, 8, 8, 9, 9, 9, 10, 10, 11, 11, 13, 13, 14, 14, 15, 15, 16, 17, 18, 19))
    )
    at = day_before(today, days, time(hour, rng.randrange(60), rng.randrange(60)))
    while at.weekday() >= 5 and not urgent:
        at -= timedelta(days=1)
    return at


def staff_after(rng: Random, at: datetime, minutes: tuple[int, int], *, urgent: bool) -> datetime:
    """Some minutes later; outside working hours it is the next working morning, unless it is urgent."""
    later = at + timedelta(minutes=rng.randint(*minutes), seconds=rng.randrange(60))
    if urgent:
        return at + timedelta(minutes=rng.randint(2, 8), seconds=rng.randrange(60))
    if later.hour < 9:
        later = later.replace(hour=9, minute=rng.randrange(50))
    if later.hour >= 18:
        later = later.replace(hour=9, minute=rng.randrange(55)) + timedelta(days=1)
    while later.weekday() >= 5:
        later += timedelta(days=1)
    return later


def customer_after(rng: Random, at: datetime, *, urgent: bool) -> datetime:
    """Customers answer within hours, sometimes the next day; rarely at night."""
    if urgent:
        return at + timedelta(minutes=rng.randint(2, 20), seconds=rng.randrange(60))
    later = at + timedelta(
        minutes=rng.choice((rng.randint(7, 90), rng.randint(40, 360), rng.randint(600, 1900))), seconds=rng.randrange(60)
    )
    if later.hour < 7 or later.hour >= 21:
        later = (later + timedelta(hours=10)).replace(hour=rng.choice((8, 9, 10)), minute=rng.randrange(60))
    return later
