"""Policies through the staff's pages: readable for all of them, changed by administrators after a look at what it does."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.tenancy import as_provider
from contracts import commands as contracts
from contracts.models import Contract
from contracts.queries import contract_card, count_under
from sla.commands import policies
from sla.models import Policy, PolicyVersion
from sla.queries import policies as queries
from sla.rules import Row, Step, Target, Told
from sla.standard import STANDARD
from tests import factories as make

pytestmark = pytest.mark.django_db

HIGH = ("technical", "high")


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: make.NOW)


def client_of(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def ines(world):
    return make.staff("Ines Installer", "administrator").person


@pytest.fixture
def editor(ines):
    return client_of(ines)


@pytest.fixture
def policy(world):
    return make.policy()


def edit_url(policy):
    return reverse("console:policy_edit", args=[policy.pk])


def shown(client, policy, **changes):
    """The form as the page shows it, with some of its fields changed."""
    form = client.get(edit_url(policy)).context["form"]
    values = {
        field.html_name: ([] if field.html_name.endswith("tells") else "") if field.value() is None else field.value() for field in form
    }
    return values | {"reason": "Agreed"} | {name.replace("__", "-"): value for name, value in changes.items()}


def hidden(answer):
    """What a page that asks to confirm sends along."""
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)">', answer.content.decode()):
        fields.setdefault(name, []).append(value)
    return fields


def present(policy):
    with as_provider():
        version = queries.latest_version(policy)
        return version.number, queries.rules(version.pk)


def test_the_form_begins_as_what_is_promised_and_changes_nothing_by_itself(editor, policy):
    values = shown(editor, policy)

    answer = editor.post(edit_url(policy), values)

    assert values["technical-critical-first_response"] == "30 min"
    assert values["technical-low-resolution"] == "90 h"
    assert values["functional-high-resolution"] == ""
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors() == ["This is what the policy promises already. Change at least one value."]


@pytest.mark.parametrize("written", ["90", "90 min", "1 h 30", "1h30", "1,5 h", "1:30"])
def test_a_target_is_written_as_people_do_and_confirmed_as_it_is_understood(editor, policy, written):
    review = editor.post(edit_url(policy), shown(editor, policy, technical__high__first_response=written))
    assert present(policy)[0] == 1

    answer = editor.post(edit_url(policy), hidden(review) | {"confirm": "yes"})

    assert hidden(review)["technical-high-first_response"] == ["1 h 30"]
    assert answer["Location"] == reverse("console:policy", args=[policy.pk])
    number, rules = present(policy)
    seconds = STANDARD.rows[HIGH].seconds
    assert (number, rules.rows[HIGH]) == (2, Row(False, {**seconds, Target.FIRST_RESPONSE: 5400}))
    assert {value: row for value, row in rules.rows.items() if value != HIGH} == {v: r for v, r in STANDARD.rows.items() if v != HIGH}
    assert rules.steps == STANDARD.steps


def test_coverage_targets_left_out_and_steps_are_changed(editor, policy, ines):
    changes = {"technical__high__coverage": "always", "technical__high__next_update": "-", "step__1__percent": "", "step__1__tells": []}
    changes |= {"step__5__percent": "90", "step__5__tells": ["lead"], "reason": "  Agreed at the fair "}

    review = editor.post(edit_url(policy), shown(editor, policy, **changes))
    editor.post(edit_url(policy), hidden(review) | {"confirm": "yes"})

    _number, rules = present(policy)
    assert rules.rows[HIGH] == Row(True, {Target.FIRST_RESPONSE: 7200, Target.RESOLUTION: 32400})
    first, last = STANDARD.steps[0], STANDARD.steps[2]
    assert rules.steps == (first, Step(90, frozenset({Told.LEAD})), last)
    with as_provider():
        version = queries.latest_version(policy)
    assert (version.author, version.reason, version.rules_from) == (ines, "Agreed at the fair", make.NOW)


def test_the_change_is_shown_before_it_is_made(editor, policy):
    review = editor.post(edit_url(policy), shown(editor, policy, technical__high__resolution="8 h"))

    assert review.status_code == 200
    assert [(one.label, one.before, one.after) for one in review.context["consequences"].differences] == [
        ("Technical, high: resolution", "9 h", "8 h")
    ]
    with as_provider():
        assert PolicyVersion.objects.filter(policy=policy).count() == 1


def local(due):
    return [None if at is None else at.astimezone(ZoneInfo("America/Sao_Paulo")).strftime("%d %b %H:%M") for at in (due.before, due.after)]


def test_examples_tell_when_changed_promises_would_be_due(editor, policy):
    """It is Monday 23 November 2026, 09:00 in Brasília."""
    values = shown(editor, policy, technical__high__first_response="1 h", functional__low__resolution="27 h")

    consequences = editor.post(edit_url(policy), values).context["consequences"]

    assert [(opening.label, opening.at) for opening in consequences.openings] == [
        ("Begun now", make.NOW),
        ("Begun on Friday at 17:30", datetime(2026, 11, 27, 20, 30, tzinfo=UTC)),
        ("Begun on Saturday at 23:00", datetime(2026, 11, 29, 2, 0, tzinfo=UTC)),
    ]
    assert {line.label: [local(due) for due in line.due] for line in consequences.lines} == {
        "Technical, high: first response": [
            ["23 Nov 11:00", "23 Nov 10:00"],
            ["30 Nov 10:30", "30 Nov 09:30"],
            ["30 Nov 11:00", "30 Nov 10:00"],
        ],
        "Functional, low: resolution": [[None, "25 Nov 18:00"], [None, "02 Dec 17:30"], [None, "02 Dec 18:00"]],
    }


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ({"technical__high__first_response": "3 h"}, []),
        ({"technical__high__resolution": "1 h"}, ["Technical, high: the resolution is promised before the first response."]),
        (
            {"technical__high__resolution": "28 h"},
            ["Technical, high: resolution is promised later than for Technical, medium, or not at all."],
        ),
        (
            {"technical__high__next_update": ""},
            ["Technical, high: next update is promised later than for Technical, medium, or not at all."],
        ),
        ({"technical__high__coverage": "always", "technical__high__resolution": "28 h"}, []),
    ],
)
def test_what_looks_like_a_slip_is_pointed_out(editor, policy, changes, sentences):
    review = editor.post(edit_url(policy), shown(editor, policy, **changes))

    assert review.context["consequences"].oddities == sentences


def test_examples_pass_over_holidays(editor, policy, monkeypatch):
    """On Thursday 19 November 2026 at 17:30, before a holiday and a weekend (T2)."""
    now = datetime(2026, 11, 19, 20, 30, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    policies.change_policy(
        actor=None,
        policy=policy,
        rows={**STANDARD.rows, HIGH: STANDARD.rows["technical", "medium"]},
        steps=STANDARD.steps,
        reason="x",
        expected_number=1,
        now=make.NOW - timedelta(days=30),
    )

    consequences = editor.post(edit_url(policy), shown(editor, policy, technical__high__first_response="2 h")).context["consequences"]

    assert local(consequences.lines[0].due[0]) == ["23 Nov 12:30", "23 Nov 10:30"]


def test_one_goes_back_from_the_look_with_everything_kept(editor, policy):
    review = editor.post(edit_url(policy), shown(editor, policy, technical__high__resolution="480"))

    again = editor.post(edit_url(policy), hidden(review) | {"back": "yes"})

    assert again.status_code == 200
    assert again.context["form"]["technical-high-resolution"].value() == "8 h"
    assert again.context["form"]["reason"].value() == "Agreed"


@pytest.mark.parametrize(
    ("field", "written", "sentence"),
    [
        ("technical-high-resolution", "0", "A target lies between 1 minute and 2160 h. Leave it empty to promise nothing."),
        ("technical-high-resolution", "0 min", "A target lies between 1 minute and 2160 h. Leave it empty to promise nothing."),
        ("technical-high-resolution", "8760 h", "A target lies between 1 minute and 2160 h. Leave it empty to promise nothing."),
        (
            "technical-high-resolution",
            "2 days",
            "“2 days” is no time. Write hours and minutes of coverage, never days: 30 min, 1 h 30, 9:00, 540.",
        ),
        ("technical-high-coverage", "sometimes", "Select a valid choice. sometimes is not one of the available choices."),
        ("step-0-percent", "0", "Ensure this value is greater than or equal to 1."),
        ("step-0-percent", "101", "Ensure this value is less than or equal to 100."),
        ("step-0-tells", [], "Choose who is told, or empty the step."),
        ("step-1-percent", "50", "There is a step at 50 % already."),
        ("reason", " ", "This field is required."),
    ],
)
def test_a_mistake_is_explained_beside_its_field_and_the_text_is_kept(editor, policy, field, written, sentence):
    answer = editor.post(edit_url(policy), shown(editor, policy) | {field: written})

    assert answer.status_code == 422
    assert answer.context["form"].errors == {field: [sentence]}
    assert answer.context["form"][field].value() == written
    assert present(policy)[0] == 1


def test_an_error_repeats_only_the_beginning_of_what_was_written(editor, policy):
    answer = editor.post(edit_url(policy), shown(editor, policy) | {"technical-high-resolution": "x" * 500})

    assert answer.context["form"].errors["technical-high-resolution"][0].startswith(f"“{'x' * 40}…” is no time.")


def test_a_row_without_any_target_is_refused(editor, policy):
    values = shown(editor, policy) | {f"functional-low-{target}": "" for target in Target}

    answer = editor.post(edit_url(policy), values)

    assert answer.context["form"].errors == {"functional-low-first_response": ["Promise at least one of the three."]}


@pytest.mark.parametrize("missing", ["technical-critical-coverage", "expected_number"])
def test_a_form_that_was_tampered_with_makes_nothing(editor, policy, missing):
    values = shown(editor, policy, technical__high__resolution="8 h")

    answer = editor.post(edit_url(policy), {name: value for name, value in values.items() if name != missing} | {"confirm": "yes"})

    assert (answer.status_code, present(policy)[0]) == (422, 1)


def test_the_second_of_two_editors_is_told_and_then_sees_the_difference_from_what_is_there(editor, policy):
    mine = shown(editor, policy, technical__high__resolution="8 h")
    make.policy_version(policy, first_response=60)

    told = editor.post(edit_url(policy), mine | {"confirm": "yes"})
    again = editor.post(edit_url(policy), mine | {"expected_number": told.context["form"]["expected_number"].value()})

    assert told.status_code == 422
    assert told.context["form"].non_field_errors() == [
        "The policy was changed meanwhile: version 2 is there now. What you wrote is kept; look at what it would change."
    ]
    assert told.context["form"]["technical-high-resolution"].value() == "8 h"
    assert [(one.label, one.before, one.after) for one in again.context["consequences"].differences] == [
        ("Technical, high: first response", "1 h", "2 h"),
        ("Technical, high: resolution", "9 h", "8 h"),
    ]
    assert present(policy)[0] == 2


def test_a_confirmation_sent_twice_makes_one_version(editor, policy):
    review = editor.post(edit_url(policy), shown(editor, policy, technical__high__resolution="8 h"))
    confirmation = hidden(review) | {"confirm": "yes"}

    answers = [editor.post(edit_url(policy), confirmation) for _time in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert present(policy)[0] == 2


def test_the_page_shows_what_is_promised_and_how_it_came_to_that(policy, world):
    make.policy_version(policy, resolution=480, reason="Sooner, as agreed")

    page = client_of(world.sara.person).get(reverse("console:policy", args=[policy.pk])).content.decode()

    assert "Sooner, as agreed" in page
    assert "Technical, high: resolution" in page
    assert "2 contracts in force name it." in page
    assert "Open tickets keep the version that they were opened under." in page
    assert reverse("console:policy_edit", args=[policy.pk]) not in page


def test_a_policy_is_added_as_a_copy_of_the_standard(editor, policy):
    answer = editor.post(reverse("console:policy_new"), {"name": "Carrier"})
    again = editor.post(reverse("console:policy_new"), {"name": "Carrier"})

    with as_provider():
        added = Policy.objects.get(name="Carrier")
    assert answer["Location"] == reverse("console:policy", args=[added.pk])
    assert present(added) == (1, STANDARD)
    assert (again.status_code, again.context["form"].errors) == (422, {"name": ["There is a policy with this name already."]})


def test_another_policy_becomes_the_standard(editor, policy):
    carrier = policies.add_policy(actor=None, name="Carrier", now=make.NOW)

    editor.post(reverse("console:policy_standard", args=[carrier.pk]))

    with as_provider():
        assert list(Policy.objects.filter(is_standard=True)) == [carrier]


def test_a_policy_made_in_the_configuration_has_a_first_version(editor, ines, policy):
    answer = editor.post(reverse("admin:sla_policy_add"), {"name": "Carrier"})

    assert answer.status_code == 302
    with as_provider():
        added = Policy.objects.get(name="Carrier")
        assert AuditEntry.objects.get(target_table="sla_policy", target_id=added.pk).actor == ines
    assert present(added) == (1, STANDARD)


def test_the_audit_trail_says_what_changed_in_the_readers_words(editor, policy, ines):
    make.policy_version(policy, resolution=480, reason="Sooner")
    ines.language = "pt-br"

    page = editor.get(reverse("console:audit")).content.decode()

    assert "Technical, High, resolution in minutes" in page
    assert re.search(r"<del>540</del>.*?<ins>480</ins>", page)


def test_customers_read_what_their_contract_promises_today(world, policy):
    carrier = policies.add_policy(actor=None, name="Carrier", now=make.NOW)
    make.policy_version(carrier, now=make.NOW, first_response=7, reason="Not for customers")
    contracts.amend(
        actor=None, contract=world.contract, from_date=date(2026, 11, 1), changes={"policy": carrier, "reason": "x"}, now=make.NOW
    )

    pages = {
        person: client_of(person).get(reverse("portal:contract", args=[contract.pk])).content.decode()
        for person, contract in ((world.ada, world.contract), (world.grace, world.globex_contract))
    }

    assert ("7 min" in pages[world.ada], "7 min" in pages[world.grace]) == (True, False)
    assert "What we promise" in pages[world.grace]
    assert "Not for customers" not in pages[world.ada]


def test_contracts_are_counted_by_what_they_name_today_in_their_own_zone(world, policy):
    carrier = policies.add_policy(actor=None, name="Carrier", now=make.NOW)
    softswitch, today = world.softswitch, date(2026, 11, 23)

    def contract(number, **changes):
        return make.contract(world.acme, softswitch, manager=world.max, number=number, **changes)

    def amend(of, day, to):
        contracts.amend(actor=None, contract=of, from_date=day, changes={"policy": to, "reason": "x"}, now=make.NOW)

    contract("over", last_date=today - timedelta(days=1))
    contract("last day", last_date=today)
    contract("tomorrow in Brazil", first_date=today + timedelta(days=1))
    contract("tomorrow, which it is in Kiritimati", first_date=today + timedelta(days=1), calendar=make.calendar("Pacific/Kiritimati"))
    amend(contract("carrier"), today, carrier)
    amend(contract("tomorrow"), today + timedelta(days=1), carrier)
    there_and_back = contract("there and back")
    amend(there_and_back, date(2026, 11, 1), carrier)
    amend(there_and_back, date(2026, 11, 20), policy)
    prolonged = contract("prolonged", last_date=today - timedelta(days=30))
    contracts.amend(actor=None, contract=prolonged, from_date=date(2026, 9, 1), changes={"last_date": date(2027, 1, 1)}, now=make.NOW)
    for state, day in (("suspended", today), ("ended", today), ("ended", today + timedelta(days=1))):
        stopped = contract(f"{state} {day}")
        contracts.set_standing(actor=None, contract=stopped, state=state, from_date=day, reason="x", now=make.NOW)
    resumed = contract("resumed")
    for state, day in (("suspended", date(2026, 10, 1)), ("active", date(2026, 11, 1))):
        contracts.set_standing(actor=None, contract=resumed, state=state, from_date=day, reason="x", now=make.NOW)

    with as_provider():
        cards = [contract_card(one, make.NOW) for one in Contract.objects.select_related("calendar")]
        expected = {p.pk: sum(card.state == "in_force" and card.terms.policy_id == p.pk for card in cards) for p in (policy, carrier)}
        with CaptureQueriesContext(connection) as asked:
            counted = {p.pk: count_under(p, make.NOW) for p in (policy, carrier)}

    assert (counted, len(asked)) == (expected, 2)
    assert expected == {policy.pk: 9, carrier.pk: 1}
