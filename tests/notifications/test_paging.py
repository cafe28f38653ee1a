"""Pages: whom they reach when, by which way, and what becomes of them (NOT-6, SLA-9)."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from accounts import commands as accounts
from accounts.tenancy import acting_for, as_nobody, as_provider
from notifications import commands
from notifications.commands import paging
from notifications.models import Mail, Page, PageDelivery, Rota
from notifications.queries import page_figures
from tests import factories as make

pytestmark = pytest.mark.django_db

NOW = make.NOW
MINUTE = timedelta(minutes=1)


def told():
    """Who was paged by what, and what became of it, in order."""
    with as_provider():
        rows = PageDelivery.objects.select_related("person").order_by("pk")
        return [(row.person.name.split()[0], "mail" if row.by_mail else row.label, str(row.state)) for row in rows]


def state_of(page):
    with as_provider():
        return Page.objects.get(pk=page.pk).state


def mailed():
    with as_provider():
        return list(Mail.objects.filter(kind="page").order_by("pk").values_list("address", flat=True))


def carried(now, *errors):
    """One round of the relay: each delivery that is due meets the next of these fates, empty for one that arrives; returns how many there were."""
    paging.give_up_lost(now)
    paging.address_due(now)
    errors, count = list(errors), 0
    while delivery := paging.claim(now):
        count += 1
        error = errors.pop(0) if errors else ""
        if error:
            paging.mark_failed(delivery=delivery, error=error, may_have_arrived=error == "silent", now=now)
        else:
            paging.mark_sent(delivery=delivery, now=now)
    return count


def test_a_page_goes_to_whoever_is_on_call_when_it_is_sent_not_when_it_is_written(world):
    make.rota(world.sara, world.lea)
    make.way(world.sara.person)
    make.way(world.lea.person)
    page = make.page()

    carried(NOW + timedelta(days=7))

    assert (told(), state_of(page)) == ([("Lea", "Phone", "sent")], "sent")


def test_a_step_pages_once_however_often_it_is_swept(world):
    make.rota(world.sara)
    for _again in range(3):
        make.page("step-7")

    assert (carried(NOW), told()) == (0, [("Sara", "mail", "sent")])


def test_the_same_step_of_another_customer_is_another_page(world):
    for customer in (world.acme, world.globex):
        with acting_for(customer.pk):
            commands.page(key="step-7", title="x", customer_id=customer.pk, now=NOW)

    with as_provider():
        assert sorted(Page.objects.values_list("customer_id", flat=True)) == sorted([world.acme.pk, world.globex.pk])


def test_a_page_can_be_written_by_a_command_for_a_customer_and_by_a_sweep(world):
    make.rota(world.sara)
    with acting_for(world.acme.pk):
        commands.page(key="a", title="x", customer_id=world.acme.pk, team=world.core, now=NOW)
    with as_provider():
        commands.page(key="b", title="y", rota=None, customer_id=world.acme.pk, now=NOW)

    carried(NOW)

    assert told() == [("Sara", "mail", "sent")] * 2


def test_what_is_rolled_back_pages_nobody(world):
    make.rota(world.sara)
    with acting_for(world.acme.pk), transaction.atomic():
        commands.page(key="a", title="x", customer_id=world.acme.pk, now=NOW)
        transaction.set_rollback(True)

    assert (carried(NOW), told()) == (0, [])


def test_a_teams_own_rota_comes_before_the_default(world):
    other = make.team("Applications", world.max)
    make.rota(world.sara)
    make.rota(world.max, name="Applications", is_default=False, teams=(other,))

    make.page("for-core", team=world.core)
    make.page("for-applications", team=other)
    carried(NOW)

    assert [who for who, _way, _state in told()] == ["Sara", "Max"]


def test_when_nobody_is_on_call_the_leads_are_told(world):
    make.rota(world.sara, first_date=NOW.date() + timedelta(days=7))
    page = make.page()

    carried(NOW)

    with as_provider():
        page.refresh_from_db()
    assert (told(), page.to_leads, page.state) == ([("Lea", "mail", "sent")], True, "sent")


def test_without_any_rota_the_leads_are_told(world):
    make.page()

    carried(NOW)

    assert told() == [("Lea", "mail", "sent")]


def test_somebody_who_left_the_staff_is_not_on_call(world):
    make.rota(world.sara)
    accounts.set_staff_roles(actor=None, person=world.sara.person, display_name="Sara", roles=[], now=NOW)
    make.page()

    carried(NOW)

    assert told() == [("Lea", "mail", "sent")]


def test_when_there_is_nobody_at_all_the_page_has_failed_and_shows_it():
    page = make.page()

    carried(NOW)

    assert (told(), state_of(page)) == ([], "failed")


def test_a_page_that_can_not_be_addressed_goes_to_the_leads_and_holds_up_no_other(world):
    broken = make.rota(world.sara, name="Broken", is_default=False)
    make.rota(world.sara)
    with as_provider():
        Rota.objects.filter(pk=broken.pk).update(time_zone="Mars/Base")
    pages = [make.page("first", rota=broken), make.page("second")]

    carried(NOW)

    assert (told(), [state_of(page) for page in pages]) == ([("Lea", "mail", "sent"), ("Sara", "mail", "sent")], ["sent", "sent"])


def test_a_page_that_not_even_leads_can_be_given_waits_and_holds_up_no_other(world, monkeypatch):
    make.rota(world.sara)
    pages = [make.page("first"), make.page("second")]
    deliver = paging._deliver

    def broken(found, *rest):
        if found.pk == pages[0].pk:
            raise ValueError("nobody knows why")
        deliver(found, *rest)

    monkeypatch.setattr(paging, "_deliver", broken)
    addressed = paging.address_due(NOW)
    monkeypatch.undo()

    assert (addressed, [state_of(page) for page in pages]) == (1, ["due", "sent"])
    assert (paging.address_due(NOW), state_of(pages[0])) == (1, "sent")


def test_whoever_entered_no_way_gets_a_mail_that_leads_to_the_page(world):
    make.rota(world.sara)
    page = make.page(customer_id=world.acme.pk)

    carried(NOW)

    with as_provider():
        mail = Mail.objects.get(kind="page")
    assert (mail.address, mail.customer_id, mail.subject) == (world.sara.person.email, world.acme.pk, page.title)
    assert mail.action_url.endswith(f"/console/on-call/pages/{page.pk}/")


def test_ways_are_used_in_their_order_and_dropped_when_it_is_acknowledged(world):
    make.rota(world.sara)
    make.way(world.sara.person, label="Chat")
    make.way(world.sara.person, label="Call", after_minutes=5)
    page = make.page()

    first = carried(NOW), carried(NOW + 4 * MINUTE)
    commands.acknowledge(actor=world.sara.person, page=page, now=NOW + 4 * MINUTE)
    later = carried(NOW + 6 * MINUTE)

    assert (first, later) == ((1, 0), 0)
    assert (told(), state_of(page)) == ([("Sara", "Chat", "sent"), ("Sara", "Call", "dropped")], "acknowledged")


def test_a_way_for_later_is_used_when_it_was_not_acknowledged(world):
    make.rota(world.sara)
    make.way(world.sara.person, label="Chat")
    make.way(world.sara.person, label="Call", after_minutes=5)
    make.page()

    assert (carried(NOW), carried(NOW + 5 * MINUTE)) == (1, 1)


def test_a_way_for_later_is_used_at_once_when_it_is_the_only_one(world):
    make.rota(world.sara)
    make.way(world.sara.person, after_minutes=20)
    make.page()

    assert carried(NOW) == 1


def test_a_way_that_fails_is_tried_again_after_growing_pauses_then_the_next_one_is(world):
    make.rota(world.sara)
    make.way(world.sara.person, label="Chat")
    make.way(world.sara.person, label="Call", after_minutes=10)
    page = make.page()
    at = NOW
    for pause in paging.PAUSES:
        assert carried(at, "status 500") == 1
        assert carried(at + pause - timedelta(seconds=1)) == 0
        at += pause

    assert (carried(at, "status 500"), told()) == (2, [("Sara", "Chat", "failed"), ("Sara", "Call", "sent")])
    assert state_of(page) == "sent"


def test_an_address_that_can_never_work_is_not_tried_again(world):
    make.rota(world.sara)
    make.way(world.sara.person, label="Chat")
    make.way(world.sara.person, label="Call", after_minutes=10)
    make.page()

    assert (carried(NOW, "private"), told()) == (2, [("Sara", "Chat", "failed"), ("Sara", "Call", "sent")])


def fail_for_good(now, ways=1):
    for attempt in range(paging.ATTEMPTS):
        carried(now, *["status 500"] * ways)
        now += paging.PAUSES[min(attempt, len(paging.PAUSES) - 1)]
    return now


def test_when_every_way_failed_a_mail_goes_out_and_the_leads_are_paged_at_once(world):
    make.rota(world.sara)
    make.way(world.sara.person)
    page = make.page()

    at = fail_for_good(NOW)
    carried(at)

    assert told() == [("Sara", "Phone", "failed"), ("Sara", "mail", "sent"), ("Lea", "mail", "sent")]
    assert (state_of(page), mailed()) == ("sent", [world.sara.person.email, world.lea.person.email])


def test_when_the_second_line_failed_too_the_page_is_shown_as_failed(world):
    make.rota(world.sara)
    make.way(world.sara.person)
    make.way(world.lea.person)
    page = make.page()

    at = fail_for_good(NOW)
    carried(at, "status 500")
    fail_for_good(at)

    assert told()[2:] == [("Lea", "Phone", "failed"), ("Lea", "mail", "sent")]
    assert state_of(page) == "failed"


def test_what_is_not_acknowledged_in_time_goes_on_to_the_second_line_once(world):
    second = make.rota(world.max, name="Second", is_default=False)
    make.rota(world.sara, second_line=second, escalate_minutes=10)
    make.page()

    carried(NOW)
    before = told()
    carried(NOW + 10 * MINUTE - timedelta(seconds=1))
    assert told() == before
    for minutes in (10, 20, 60):
        carried(NOW + minutes * MINUTE)

    assert told() == [("Sara", "mail", "sent"), ("Max", "mail", "sent")]


def test_a_mail_that_nobody_acknowledged_goes_on_to_the_leads_though_the_rota_says_no_time(world):
    make.rota(world.sara)
    make.page()

    carried(NOW)
    carried(NOW + paging.BY_MAIL_ALONE - timedelta(seconds=1))
    before = told()
    carried(NOW + paging.BY_MAIL_ALONE)

    assert (before, told()[1:]) == ([("Sara", "mail", "sent")], [("Lea", "mail", "sent")])


def test_a_page_by_phone_goes_no_further_when_the_rota_says_no_time(world):
    make.rota(world.sara)
    make.way(world.sara.person)
    make.page()

    carried(NOW)
    carried(NOW + timedelta(days=1))

    assert told() == [("Sara", "Phone", "sent")]


def late(now):
    with as_provider():
        return page_figures(now).oldest_due_seconds


def test_how_late_pages_are_counts_what_is_due_to_be_passed_on_and_what_a_relay_died_with(world):
    make.rota(world.sara, escalate_minutes=10)
    make.way(world.sara.person)
    make.page()
    paging.address_due(NOW)
    paging.claim(NOW)

    assert late(NOW + paging.LEASE) == 0
    assert late(NOW + paging.LEASE + MINUTE) == 60
    with as_provider():
        PageDelivery.objects.update(state="sent", lease_until=None)
    assert (late(NOW + 9 * MINUTE), late(NOW + 12 * MINUTE)) == (0, 120)


def test_without_a_second_rota_the_leads_come_next_and_nobody_twice(world):
    make.rota(world.lea, escalate_minutes=10)
    other = make.staff("Leo Second", "lead")
    make.page()

    carried(NOW)
    carried(NOW + 10 * MINUTE)

    assert told() == [("Lea", "mail", "sent"), (other.person.name.split()[0], "mail", "sent")]


def test_a_first_line_that_fails_after_the_second_was_paged_pages_nobody_else(world):
    second = make.rota(world.max, name="Second", is_default=False)
    make.rota(world.sara, second_line=second, escalate_minutes=1)
    make.way(world.sara.person)
    page = make.page()

    at = fail_for_good(NOW)
    carried(at)
    carried(at + 60 * MINUTE)

    assert told() == [("Sara", "Phone", "failed"), ("Max", "mail", "sent"), ("Sara", "mail", "sent")]
    assert state_of(page) == "sent"


def test_what_was_acknowledged_goes_no_further(world):
    make.rota(world.sara, escalate_minutes=10)
    page = make.page()
    carried(NOW)

    answers = [commands.acknowledge(actor=person, page=page, now=NOW + MINUTE) for person in (world.sara.person, world.lea.person)]
    carried(NOW + 10 * MINUTE)

    with as_provider():
        page.refresh_from_db()
    assert (answers, page.acknowledged_by_id) == ([True, False], world.sara.pk)
    assert told() == [("Sara", "mail", "sent")]


def test_a_failure_that_comes_after_the_acknowledgement_changes_nothing(world):
    make.rota(world.sara)
    make.way(world.sara.person)
    page = make.page()
    paging.address_due(NOW)
    delivery = paging.claim(NOW)

    commands.acknowledge(actor=world.lea.person, page=page, now=NOW)
    paging.mark_failed(delivery=delivery, error="status 500", now=NOW)

    assert (told(), state_of(page), carried(NOW + MINUTE)) == ([("Sara", "Phone", "dropped")], "acknowledged", 0)


def test_a_relay_that_died_is_followed_by_another_which_says_so(world):
    make.rota(world.sara)
    make.way(world.sara.person)
    make.page()
    paging.address_due(NOW)
    first = paging.claim(NOW)

    assert paging.claim(NOW + paging.LEASE) is None
    second = paging.claim(NOW + paging.LEASE + timedelta(seconds=1))

    assert (first.pk, second.unknown_outcomes) == (second.pk, 1)
    assert "may have reached you before" not in paging.message(first)[1]
    assert "may have reached you before" in paging.message(second)[1]


def test_what_a_relay_died_with_is_not_sent_again_once_it_was_acknowledged(world):
    make.rota(world.sara)
    make.way(world.sara.person)
    page = make.page()
    paging.address_due(NOW)
    assert paging.claim(NOW) is not None

    commands.acknowledge(actor=world.sara.person, page=page, now=NOW)

    assert paging.claim(NOW + 2 * paging.LEASE) is None
    assert (carried(NOW + 2 * paging.LEASE), told(), state_of(page)) == (0, [("Sara", "Phone", "dropped")], "acknowledged")


def test_the_note_of_a_relay_that_was_overtaken_does_not_count(world):
    make.rota(world.sara)
    make.way(world.sara.person)
    make.page()
    paging.address_due(NOW)
    first = paging.claim(NOW)
    second = paging.claim(NOW + 2 * paging.LEASE)

    paging.mark_failed(delivery=first, error="status 500", now=NOW)
    paging.mark_sent(delivery=second, now=NOW)

    assert told() == [("Sara", "Phone", "sent")]


def test_relays_that_die_every_time_end_in_a_failure_that_is_shown(world):
    make.rota(world.sara)
    make.way(world.sara.person)
    make.page()
    paging.address_due(NOW)
    at = NOW
    for _death in range(paging.ATTEMPTS):
        assert paging.claim(at) is not None
        at += 2 * paging.LEASE

    carried(at)

    assert told() == [("Sara", "Phone", "failed"), ("Sara", "mail", "sent"), ("Lea", "mail", "sent")]


def test_what_is_new_goes_before_what_failed_already(world):
    make.rota(world.sara)
    make.way(world.sara.person)
    make.page("old")
    carried(NOW, "status 500")
    new = make.page("new", now=NOW + MINUTE)
    paging.address_due(NOW + MINUTE)

    assert paging.claim(NOW + MINUTE).page_id == new.pk


def test_each_reads_it_in_their_own_language(world):
    reader = make.staff("Rui Reader", "agent")
    accounts.change_profile(person=reader.person, name="Rui", language="pt-br", time_zone="UTC", keyboard_shortcuts=True)
    make.rota(reader)
    make.way(reader.person)
    make.page(title=format_lazy("{number}: {word}", number="SP-10001", word=gettext_lazy("Critical")))
    paging.address_due(NOW)

    title, text = paging.message(paging.claim(NOW))

    assert title == "SP-10001: Crítica"
    assert text.endswith("/console/on-call/pages/" + text.rstrip("/").rpartition("/")[2] + "/")


def test_a_test_goes_by_that_way_alone_and_tells_nobody_else_when_it_fails(world):
    make.rota(world.sara, escalate_minutes=1)
    way = make.way(world.sara.person)
    make.way(world.sara.person, label="Other")
    with as_nobody(world.sara.pk):
        commands.send_test(person=world.sara.person, way=way, key="k", now=NOW)

    fail_for_good(NOW)
    carried(NOW + timedelta(hours=1))

    assert (told(), mailed()) == ([("Sara", "Phone", "failed")], [])


def test_a_way_that_was_removed_meanwhile_is_not_used(world):
    make.rota(world.sara)
    way = make.way(world.sara.person)
    make.page()
    paging.address_due(NOW)

    with as_nobody(world.sara.pk):
        commands.remove_way(way=way)

    delivery = paging.claim(NOW)
    assert (delivery.way, delivery.label) == (None, "Phone")
