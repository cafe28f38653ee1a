"""Queues: what is in each, in which order, page by page, and what a row says of its next promise."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Max
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import as_provider
from sla.models import Clock
from tests import factories as make
from tickets import commands
from tickets.models import Status, Ticket
from tickets.queries import queues

pytestmark = pytest.mark.django_db
NOW = make.NOW
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def client(world):
    client = Client()
    client.force_login(world.lea.person)
    return client


def filed(world, **changes):
    return make.ticket(world.contract, world.softswitch, world.ada, **changes)


def copies(ticket, dues, changes=None, **columns):
    """Tickets like this one, but for their due instants and last changes; without a promise of their own."""
    with as_provider():
        base = Ticket.objects.defer(None).defer("search").get(pk=ticket.pk)
        last = Ticket.objects.aggregate(last=Max("pk"))["last"]
    made = []
    for number, due in enumerate(dues, start=1):
        values = {field.attname: getattr(base, field.attname) for field in Ticket._meta.concrete_fields if field.attname != "search"}
        values |= {"id": last + number, "promise_id": None, "next_due_at": due, "submission_key": uuid.uuid4()}
        values |= {"changed_at": changes[number - 1] if changes else base.changed_at} | columns
        made.append(Ticket(**values))
    with as_provider():
        Ticket.objects.bulk_create(made)
    return made


def set_columns(row, **columns):
    with as_provider():
        type(row).objects.filter(pk=row.pk).update(**columns)


def set_clocks(ticket, **columns):
    with as_provider():
        Clock.objects.filter(promise=ticket.promise_id, outcome=None).update(**columns)


def pages(client, slug="all", **filters):
    """The numbers on each page, one after the other."""
    address, found = f"{reverse('console:queue', args=[slug])}", []
    while address:
        context = client.get(address, filters).context
        found.append([row.pk for row in context["rows"]])
        address, filters = context["next_url"], {}
    return found


def in_order(tickets):
    """As a queue shows them: due soonest, none last; then last changed; then the highest number."""
    never = NOW + timedelta(days=9999)
    return [t.pk for t in sorted(tickets, key=lambda t: (t.next_due_at or never, NOW - t.changed_at, -t.pk))]


@pytest.mark.parametrize("count", [1, 50, 120])
@pytest.mark.parametrize("with_due", [0, 0.5, 1], ids=["none is due", "half are due", "all are due"])
def test_a_queue_shows_each_ticket_once_what_is_due_first_on_top(world, client, count, with_due):
    first = filed(world)
    dues = [NOW + HOUR * (number % 7) if number % 2 < with_due * 2 else None for number in range(count - 1)]
    made = copies(first, dues, [NOW - MINUTE * (number % 5) for number in range(count - 1)])

    found = pages(client)

    assert [len(page) for page in found] == [50] * (count // 50) + ([count % 50] if count % 50 else [])
    assert [pk for page in found for pk in page] == in_order([first, *made])


@pytest.mark.parametrize("due_count", [49, 50, 51])
def test_the_border_between_due_and_not_due_may_lie_anywhere(world, client, due_count):
    first = filed(world, severity="low")
    set_columns(first, next_due_at=None)
    made = copies(first, [NOW + HOUR] * due_count + [None] * 20)

    found = pages(client, severity="low")

    assert [pk for page in found for pk in page] == in_order([*made, reread(first)])


def test_what_changes_meanwhile_takes_nothing_else_off_the_next_page_and_shows_nothing_twice(world, client):
    made = [filed(world), *copies(filed(world), [*(NOW + HOUR * (number % 3) for number in range(40)), *[None] * 40])]
    shown = client.get(reverse("console:queue", args=["all"])).context
    first = [row.pk for row in shown["rows"]]
    solved, paused, late = first[49], first[10], max(t.pk for t in made if t.pk not in first)
    with as_provider():
        Ticket.objects.filter(pk=solved).update(status=Status.RESOLVED, resolved_at=NOW, next_due_at=None)
        Ticket.objects.filter(pk=paused).update(next_due_at=None, changed_at=NOW + HOUR)
        Ticket.objects.filter(pk=late).update(next_due_at=NOW - HOUR)

    second = [row.pk for row in client.get(shown["next_url"]).context["rows"]]

    everything = {row.pk for row in made} | {made[0].pk + 1}
    assert set(second) == everything - set(first) - {late}
    assert len(second) == len(set(second))


def test_previous_and_next_follow_the_queue(world, client):
    made = [filed(world), *copies(filed(world), [NOW + HOUR, NOW + HOUR, None, None, NOW - HOUR], [NOW, NOW - HOUR, NOW, NOW - HOUR, NOW])]
    shown = [pk for page in pages(client) for pk in page]

    found = {pk: client.get(reverse("console:ticket", args=[pk]), {"queue": "all"}).context for pk in shown}

    def number(url):
        return int(url.split("/")[3]) if url else None

    assert len(shown) == len(made) + 1
    assert [number(found[pk]["previous_url"]) for pk in shown] == [None, *shown[:-1]]
    assert [number(found[pk]["next_url"]) for pk in shown] == [*shown[1:], None]


def test_what_is_over_is_sorted_by_its_last_change(world, client):
    first = filed(world)
    solved = {"status": Status.RESOLVED, "resolved_at": NOW}
    older, newer = copies(first, [NOW, None], [NOW - HOUR, NOW], **solved)

    assert pages(client, "resolved") == [[newer.pk, older.pk]]


def test_a_cursor_of_before_starts_from_the_beginning(world, client):
    ticket = filed(world)

    found = client.get(reverse("console:queue", args=["all"]), {"before": f"{NOW.timestamp():.0f}000000-{ticket.pk}"}).context

    assert [row.pk for row in found["rows"]] == [ticket.pk]


def near(now, *, due, warns):
    return {"pace": "running", "due_at": now + due, "warns_at": now + warns, "missed_at": None}


@pytest.mark.parametrize(
    ("due", "warns", "expected"),
    [
        (HOUR * 2 - MINUTE, HOUR, True),  # soon due
        (HOUR * 2 + MINUTE, HOUR, False),
        (HOUR * 40, -MINUTE, True),  # three quarters are used up
        (HOUR * 40, MINUTE, False),
        (-MINUTE, -HOUR, True),  # went by, and nobody noticed yet
    ],
)
def test_breaching_next_is_what_is_soon_due_or_nearly_used_up(world, client, due, warns, expected):
    ticket = filed(world)
    set_clocks(ticket, **near(timezone.now(), due=due, warns=warns))

    assert pages(client, "breaching") == [[ticket.pk] if expected else []]
    with as_provider():
        assert queues.counts(world.lea.person.pk)["breaching"] == expected


def test_what_was_missed_is_breached_and_breaches_no_more(world, client):
    ticket, now = filed(world), timezone.now()
    set_clocks(ticket, **near(now, due=-HOUR, warns=-HOUR * 2) | {"missed_at": now - HOUR})

    with as_provider():
        rail = {str(link.label): link for link in queues.links(queues.counts(world.lea.person.pk), "breached", str)}

    assert (pages(client, "breaching"), pages(client, "breached")) == ([[]], [[ticket.pk]])
    assert (rail["Breached"].count_label, rail["Breached"].alert, rail["Breaching next"].alert) == ("1", True, False)


def test_a_missed_promise_that_waits_stays_breached(world, client):
    ticket = filed(world)
    set_clocks(ticket, pace="paused", due_at=None, warns_at=None, missed_at=timezone.now() - HOUR)

    assert pages(client, "breached") == [[ticket.pk]]


def test_what_was_kept_too_late_is_breached_no_more(world, client):
    ticket, now = filed(world), timezone.now()
    set_clocks(ticket, missed_at=now - HOUR, outcome="met", stopped_at=now)

    assert pages(client, "breached") == [[]]
    assert "Breached" in client.get(reverse("console:queue", args=["breached"])).content.decode()


def reread(ticket):
    with as_provider():
        return Ticket.objects.get(pk=ticket.pk)


def row_of(client, ticket, address=None, **query):
    context = client.get(address or reverse("console:queue", args=["all"]), query).context
    (row,) = [row for row in context["rows"] if row.pk == ticket.pk]
    return row


def test_a_row_tells_of_its_nearest_running_clock(world, client):
    ticket, now = filed(world), timezone.now()
    with as_provider():
        clocks = Clock.objects.filter(promise=ticket.promise_id)
        clocks.filter(target="first_response").update(due_at=now + HOUR * 3)
        clocks.filter(target="resolution").update(due_at=now + HOUR * 2 + MINUTE * 10)

    due = row_of(client, ticket).due

    assert (due.label, due.text(now)) == ("Resolution", "2 h 10 left")


def test_a_paused_row_says_what_it_waits_for(world, client):
    ticket = filed(world)
    commands.answer(ticket=ticket, agent=world.sara.person, body="Which one?", status="waiting_customer", now=NOW + MINUTE)

    for address, query in (
        (None, {}),
        (reverse("console:search"), {"q": "calls"}),
        (reverse("console:customer", args=[world.acme.pk]), {}),
    ):
        page = client.get(address or reverse("console:queue", args=["all"]), query).content.decode()
        assert 'class="chip due-paused"' in page
        assert "paused: the customer" in page or "paused: waiting for" in page


def test_what_is_solved_has_no_chip(world, client):
    ticket = filed(world)
    commands.answer(ticket=ticket, agent=world.sara.person, body="Done.", status="resolved", now=NOW + MINUTE)

    assert row_of(client, ticket, reverse("console:queue", args=["resolved"])).due is None


# Queues of some thousand tickets are read from their index: neither sorted nor read whole.
PLANS = {
    "all": "ticket_due",
    "mine": "ticket_due_of_assignee",
    "unassigned": "ticket_due",
    "waiting-customer": "ticket_due_of_status",
    "unverified": "ticket_due_verdict_wanted",
}


@pytest.fixture
def crowd(world):
    """Three thousand open tickets of three agents in all states, and as many closed ones."""
    first, agents = filed(world), [world.sara.pk, world.lea.pk, None]
    dues = [NOW + MINUTE * (number % 997) if number % 3 else None for number in range(1000)]
    for status in (Status.OPEN, Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY):
        for agent in agents:
            copies(first, dues[:330], status=status, assignee_id=agent, verified_at=NOW, verdict_wanted_since=None)
    copies(first, dues[:300])
    copies(first, [None] * 3000, status=Status.CLOSED, closed_at=NOW, resolved_at=NOW)
    return world


def plan(rows):
    """How the database would read them, if it can do without sorting."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off")
    return rows.explain()


@pytest.mark.parametrize("slug", PLANS)
def test_a_page_of_a_queue_is_read_from_its_index(crowd, slug):
    queue = queues.BY_SLUG[slug]
    with as_provider():
        rows = queue.narrow(Ticket.objects.all(), crowd.sara.pk)
        middle = queue.order.after(queue.order.place_of(queue.order.sort(rows)[100]))
        plans = [plan(queue.order.sort(some)[:51]) for some in (rows, rows.filter(middle))]

    assert all(f"using {PLANS[slug]}" in text and "Sort" not in text for text in plans), "\n\n".join(plans)
    assert "infinity" in plans[1].partition("Index Cond:")[2].partition("Filter:")[0]
