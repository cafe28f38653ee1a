"""How the customer says that a ticket was solved: when it is asked, what is kept, and who hears of it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tenancy import as_provider
from notifications.composition import compose
from notifications.models import Mail
from tests import factories as make
from tickets import commands
from tickets.models import Event, Satisfaction
from tickets.queries import queues

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture
def solved(world):
    ticket = make.ticket(world.contract, world.softswitch, world.ada)
    commands.assign(ticket=ticket, agent=world.lea.person, assignee=world.sara, now=NOW)
    commands.answer(ticket=ticket, agent=world.sara.person, body="Fixed.", status="resolved", now=NOW)
    return ticket


def sign_in(person):
    client = Client()
    client.force_login(person)
    return client


def rate(ticket, person, level, comment="", now=NOW):
    commands.rate(ticket=ticket, person=person, level=level, comment=comment, now=now)


def answers(ticket):
    """What was said in order, with its comment."""
    with as_provider():
        events = Event.objects.filter(ticket=ticket, kind="rated").select_related("message").order_by("position")
        return [(e.data["to"], e.message.body if e.message else "") for e in events]


def headlines_to(address):
    with as_provider():
        return list(Mail.objects.filter(address=address).order_by("pk").values_list("headline", flat=True))


def last_mail_to(address):
    with as_provider():
        return Mail.objects.filter(address=address).order_by("pk").last()


def page_of(ticket):
    return reverse("portal:ticket_satisfaction", args=[ticket.pk])


def test_the_mail_offers_three_answers_in_both_parts(solved, settings):
    mail = last_mail_to("ada@acme.example")
    page = f"{settings.BASE_URL}{page_of(solved)}"

    assert mail.choices == [
        {"label": "Solved well", "url": f"{page}?answer=satisfied&company={solved.customer_id}"},
        {"label": "Solved so-so", "url": f"{page}?answer=neutral&company={solved.customer_id}"},
        {"label": "Solved badly", "url": f"{page}?answer=dissatisfied&company={solved.customer_id}"},
    ]
    message = compose(mail)
    assert [message.body.count(choice["url"]) for choice in mail.choices] == [1, 1, 1]
    assert [message.alternatives[0].content.count(f">{choice['label']}</a>") for choice in mail.choices] == [1, 1, 1]


def test_only_what_staff_solve_is_asked_about(world, solved):
    mine = make.ticket(world.contract, world.softswitch, world.alan, subject="Another one")
    commands.watch(ticket=mine, person=world.ada, actor=world.alan, by_staff=False, now=NOW)
    commands.mark_solved(ticket=mine, person=world.alan, now=NOW)

    assert last_mail_to("ada@acme.example").choices is None
    with pytest.raises(commands.NotSolvedByStaff):
        rate(mine, world.alan, "satisfied")
    assert "How was it solved?" not in sign_in(world.alan).get(mine.portal_url).content.decode()


def test_staff_who_set_the_state_by_hand_ask_too(world):
    ticket = make.ticket(world.contract, world.softswitch, world.ada)
    commands.change_status(ticket=ticket, agent=world.sara.person, status="resolved", now=NOW)

    assert len(last_mail_to("ada@acme.example").choices) == 3


def test_a_mail_that_says_more_after_the_solution_offers_nothing(world, solved):
    first = last_mail_to("ada@acme.example")
    commands.change_status(ticket=solved, agent=world.sara.person, status="open", now=NOW)
    second = last_mail_to("ada@acme.example")

    assert "one click" in compose(first).body
    assert "one click" not in compose(first, [second]).body


def test_opening_the_link_says_nothing_and_confirming_does(world, solved):
    client = sign_in(world.ada)
    page = client.get(page_of(solved), {"answer": "dissatisfied"})
    assert [o.value for o in page.context["options"] if o.checked] == ["dissatisfied"]
    assert answers(solved) == []

    answer = client.post(page_of(solved), {"answer": "dissatisfied", "comment": "Took a week."})

    assert answer["Location"] == solved.portal_url
    assert answers(solved) == [("dissatisfied", "Took a week.")]
    shown = sign_in(world.sara.person).get(solved.console_url).content.decode()
    assert [text in shown for text in ("said how it was solved: “Solved badly”", "Took a week.", "Satisfaction")] == [True] * 3


def test_whoever_is_not_signed_in_comes_back_there(solved):
    path = f"{page_of(solved)}?answer=neutral&company={solved.customer_id}"

    assert Client().get(path)["Location"] == (
        f"{reverse('account_login')}?next={page_of(solved)}%3Fanswer%3Dneutral%26company%3D{solved.customer_id}"
    )


def test_a_wrong_answer_is_explained(world, solved):
    answer = sign_in(world.ada).post(page_of(solved), {"answer": "superb", "comment": "Well"})

    assert answer.status_code == 422
    assert answer.context["form"]["comment"].value() == "Well"
    assert answers(solved) == []


@pytest.mark.parametrize(
    ("level", "comment", "told"),
    [
        ("satisfied", "", []),
        ("neutral", "", []),
        ("satisfied", "Great.", ["Ada Lovelace says that {} was solved well."]),
        ("dissatisfied", "", ["Ada Lovelace says that {} was solved badly."]),
    ],
)
def test_the_assignee_hears_of_a_comment_and_of_a_bad_answer(world, solved, level, comment, told):
    before = headlines_to("sara@support.example")
    rate(solved, world.ada, level, comment)

    assert headlines_to("sara@support.example")[len(before) :] == [line.format(solved.number) for line in told]
    assert "says that" not in str(headlines_to("lea@lead.example"))


def test_the_latest_answer_counts_and_all_stay_in_the_story(world, solved):
    rate(solved, world.ada, "dissatisfied", "Slow.")
    rate(solved, world.alan, "satisfied")

    assert answers(solved) == [("dissatisfied", "Slow."), ("satisfied", "")]
    with as_provider():
        assert list(Satisfaction.objects.values_list("level", "person")) == [("satisfied", world.alan.pk)]


def test_the_same_answer_twice_is_one(world, solved):
    rate(solved, world.ada, "neutral", "Hm.")
    rate(solved, world.ada, "neutral", "Hm.")
    rate(solved, world.ada, "neutral")

    assert answers(solved) == [("neutral", "Hm.")]


def test_it_is_asked_again_when_it_was_solved_anew(world, solved):
    client = sign_in(world.ada)
    rate(solved, world.ada, "dissatisfied")
    assert "How was it solved?" not in client.get(solved.portal_url).content.decode()

    commands.reply(ticket=solved, author=world.ada, body="Again!", now=NOW)
    with pytest.raises(commands.NotSolvedByStaff):
        rate(solved, world.ada, "satisfied")
    commands.answer(ticket=solved, agent=world.sara.person, body="Now.", status="resolved", now=NOW + timedelta(hours=1))

    assert "How was it solved?" in client.get(solved.portal_url).content.decode()
    rate(solved, world.ada, "dissatisfied", now=NOW + timedelta(hours=2))
    assert answers(solved) == [("dissatisfied", ""), ("dissatisfied", "")]


def test_a_closed_ticket_is_asked_about_too(world, solved):
    commands.close_resolved(now=NOW + timedelta(days=8))

    sign_in(world.ada).post(page_of(solved), {"answer": "satisfied"})

    assert answers(solved) == [("satisfied", "")]


def test_a_reply_that_is_held_stays_on_its_list_after_an_answer(world, solved):
    commands.close_resolved(now=NOW + timedelta(days=8))
    after_the_contract = NOW.replace(year=2100)
    commands.reply(ticket=solved, author=world.ada, body="Again!", now=after_the_contract)
    rate(solved, world.ada, "dissatisfied", now=after_the_contract)

    with as_provider():
        assert [row["ticket_id"] for row in queues._held()] == [solved.pk]
        commands.note(ticket=solved, author=world.sara.person, body="Called them.", now=after_the_contract)
        assert list(queues._held()) == []
