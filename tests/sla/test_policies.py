"""Policies as versioned data: what is shipped, what rules when, and what is refused."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from accounts.tenancy import as_provider, as_tenant
from helpdesk.lib.refusals import Refusal
from sla.commands import policies
from sla.models import MOST_MINUTES, EscalationStep, Policy, PolicyRow, PolicyVersion
from sla.queries import policies as queries
from sla.rules import VALUES, Row, Rules, Step, Target, Told
from sla.standard import STANDARD
from tests import factories as make

pytestmark = pytest.mark.django_db

FIRST, NEXT, SOLVED = Target
HIGH = ("technical", "high")


def minutes(row):
    return (row.always, *(row.seconds[target] // 60 if target in row.seconds else None for target in Target))


SHIPPED = {
    ("technical", "critical"): (True, 30, 60, 240),
    ("technical", "high"): (False, 120, 240, 540),
    ("technical", "medium"): (False, 240, 540, 1620),
    ("technical", "low"): (False, 540, 1620, 5400),
    **{("functional", severity): (False, 240, 540, None) for severity in ("low", "medium", "high")},
    **{("update_service", severity): (False, 540, 1620, None) for severity in ("low", "medium", "high")},
}


def test_an_installation_begins_with_the_standard_policy_as_shipped():
    with as_provider():
        policy = Policy.objects.get()
        shipped = queries.rules(queries.version_for(policy.pk, make.NOW).pk)

    assert (policy.name, policy.is_standard) == ("Standard", True)
    assert {value: minutes(row) for value, row in shipped.rows.items()} == SHIPPED
    assert shipped.steps == (
        Step(50, frozenset({Told.ASSIGNEE})),
        Step(80, frozenset({Told.ASSIGNEE, Told.LEAD})),
        Step(100, frozenset({Told.LEAD, Told.ACCOUNT_MANAGER})),
    )
    assert shipped == STANDARD


def change(policy, rows=None, steps=STANDARD.steps, reason="Because", expected_number=1, now=make.NOW, actor=None):
    return policies.change_policy(
        actor=actor,
        policy=policy,
        rows={**STANDARD.rows, **(rows or {})},
        steps=steps,
        reason=reason,
        expected_number=expected_number,
        now=now,
    )


def with_targets(*, always=False, **seconds):
    return {HIGH: Row(always, {Target(name): count for name, count in seconds.items()})}


FASTER = with_targets(first_response=1800, resolution=3600)


def test_a_new_version_rules_tickets_opened_after_it():
    policy = make.policy()
    second = change(policy, FASTER, now=make.NOW)
    third = change(policy, expected_number=2, now=make.NOW + timedelta(days=3))

    def ruling(**after):
        with as_provider():
            return queries.version_for(policy.pk, make.NOW + timedelta(**after)).number

    assert [ruling(days=-4000), ruling(microseconds=-1), ruling(), ruling(days=2), ruling(days=3), ruling(days=9)] == [1, 1, 2, 2, 3, 3]
    assert (second.rules_from, third.rules_from) == (make.NOW, make.NOW + timedelta(days=3))
    with as_provider():
        assert minutes(queries.rules(second.pk).rows[HIGH]) == (False, 30, None, 60)
        assert queries.rules(third.pk) == STANDARD


def test_a_clock_that_stepped_back_gives_no_version_an_earlier_beginning():
    policy = make.policy()
    change(policy, FASTER, now=make.NOW)

    third = change(policy, expected_number=2, now=make.NOW - timedelta(hours=1))

    assert (third.rules_from, third.created_at) == (make.NOW, make.NOW - timedelta(hours=1))
    with as_provider():
        assert queries.version_for(policy.pk, make.NOW).number == 3


def test_which_version_rules_costs_one_query_and_what_it_promises_one_reading_per_process():
    policy = make.policy()
    with as_provider():
        queries.rules(queries.version_for(policy.pk, make.NOW).pk)
        with CaptureQueriesContext(connection) as asked:
            version = queries.version_for(policy.pk, make.NOW)
            queries.rules(version.pk)

    assert len(asked) == 1


def test_what_is_kept_in_the_process_can_not_be_changed():
    with as_provider():
        kept = queries.rules(queries.version_for(make.policy().pk, make.NOW).pk)

    with pytest.raises(TypeError):
        kept.rows[HIGH] = None
    with pytest.raises(TypeError):
        kept.rows[HIGH].seconds[FIRST] = 1


def test_a_version_that_is_not_there_is_said_so():
    with as_provider(), pytest.raises(PolicyVersion.DoesNotExist):
        queries.rules(999_999_999)


def test_a_policy_that_the_code_before_made_promises_what_the_standard_does():
    standard = make.policy()
    with as_provider():
        bare = Policy.objects.create(name="Made while the system was updated")

        assert queries.version_for(bare.pk, make.NOW).policy_id == standard.pk
    assert change(bare, FASTER, expected_number=0).number == 1


def test_a_customer_reads_promises_but_not_who_made_them_and_why(world):
    policy = make.policy()
    with as_tenant(world.acme.pk):
        version = queries.version_for(policy.pk, make.NOW)
        assert queries.rules(version.pk) == STANDARD
        for column in ("reason", "author_id"):
            with pytest.raises(DatabaseError), transaction.atomic():
                getattr(version, column)


@pytest.mark.parametrize("value", VALUES, ids=" ".join)
def test_a_policy_without_a_row_for_a_qualification_is_refused(value):
    policy = make.policy()
    rows = {one: row for one, row in STANDARD.rows.items() if one != value}

    with pytest.raises(policies.RowMissing):
        policies.change_policy(actor=None, policy=policy, rows=rows, steps=STANDARD.steps, reason="x", expected_number=1, now=make.NOW)

    with as_provider():
        assert PolicyVersion.objects.filter(policy=policy).count() == 1


REFUSED = {
    "nothing promised": (with_targets(), policies.RowEmpty),
    "zero": (with_targets(first_response=0), policies.TargetOutOfRange),
    "less than zero": (with_targets(first_response=-60), policies.TargetOutOfRange),
    "half a minute": (with_targets(first_response=90), policies.TargetOutOfRange),
    "a year": (with_targets(first_response=60, resolution=365 * 86400), policies.TargetOutOfRange),
    "a minute too much": (with_targets(resolution=(MOST_MINUTES + 1) * 60), policies.TargetOutOfRange),
    "a critical question": ({("functional", "critical"): STANDARD.rows[HIGH]}, policies.RowUnknown),
}


@pytest.mark.parametrize("what", REFUSED)
def test_targets_that_are_none_are_refused(what):
    rows, refusal = REFUSED[what]

    with pytest.raises(refusal):
        change(make.policy(), rows)


def test_the_longest_and_the_shortest_target_are_kept():
    version = change(make.policy(), with_targets(first_response=60, resolution=MOST_MINUTES * 60))

    with as_provider():
        assert minutes(queries.rules(version.pk).rows[HIGH]) == (False, 1, None, 129_600)


LEAD = frozenset({Told.LEAD})
WRONG_STEPS = {
    "at nothing": ([Step(0, LEAD)], policies.StepOutOfRange),
    "after the end": ([Step(101, LEAD)], policies.StepOutOfRange),
    "two at once": ([Step(50, LEAD), Step(50, frozenset({Told.ASSIGNEE}))], policies.StepTwice),
    "to nobody": ([Step(50, frozenset())], policies.StepTellsNobody),
    "too many": ([Step(percent, LEAD) for percent in range(1, 8)], policies.TooManySteps),
}


@pytest.mark.parametrize("what", WRONG_STEPS)
def test_steps_that_are_none_are_refused(what):
    steps, refusal = WRONG_STEPS[what]

    with pytest.raises(refusal):
        change(make.policy(), steps=steps)


def test_steps_are_kept_in_their_order():
    version = change(make.policy(), steps=[Step(100, LEAD), Step(1, frozenset(Told))])

    with as_provider():
        assert queries.rules(version.pk).steps == (Step(1, frozenset(Told)), Step(100, LEAD))


def test_every_refusal_says_its_sentence():
    for rows, _refusal in REFUSED.values():
        with pytest.raises(Refusal, match=r"^[A-Z].*\.$"):
            change(make.policy(), rows)
    for steps, _refusal in WRONG_STEPS.values():
        with pytest.raises(Refusal, match=r"^[A-Z][^%]*( %)?[^%]*\.$"):
            change(make.policy(), steps=steps)


def test_a_change_needs_a_reason_and_a_difference():
    with pytest.raises(policies.ReasonMissing):
        change(make.policy(), FASTER, reason=" ")
    with pytest.raises(policies.NothingChanges):
        change(make.policy())


def test_of_two_editors_the_second_is_told():
    policy, ines = make.policy(), make.person("Ines Installer")
    change(policy, FASTER)

    with pytest.raises(policies.ChangedMeanwhile, match="version 2"):
        change(policy, with_targets(first_response=60), actor=ines)

    with as_provider():
        assert queries.latest_version(policy).number == 2


def test_the_same_change_sent_twice_makes_one_version():
    policy, ines = make.policy(), make.person("Ines Installer")

    first, again = change(policy, FASTER, actor=ines), change(policy, FASTER, actor=ines)

    assert first == again
    with pytest.raises(policies.ChangedMeanwhile):
        change(policy, FASTER, actor=make.person("Otto Other"))


def test_a_change_is_written_down_with_what_differs():
    policy, ines = make.policy(), make.person("Ines Installer")

    change(policy, FASTER, steps=STANDARD.steps[:2], actor=ines, reason="Agreed")

    with as_provider():
        entry = AuditEntry.objects.get(verb="change_policy")
    assert (entry.actor, entry.target_id, entry.at) == (ines, policy.pk, make.NOW)
    assert entry.before == {
        "version": 1,
        "technical/high/first_response_minutes": 120,
        "technical/high/next_update_minutes": 240,
        "technical/high/resolution_minutes": 540,
        "100 %": ["account_manager", "lead"],
    }
    assert entry.after == {
        "version": 2,
        "reason": "Agreed",
        "technical/high/first_response_minutes": 30,
        "technical/high/next_update_minutes": None,
        "technical/high/resolution_minutes": 60,
    }


def test_a_policy_added_promises_what_the_standard_does_now():
    change(make.policy(), FASTER)

    added = policies.add_policy(actor=None, name="Carrier", now=make.NOW + timedelta(hours=1))

    with as_provider():
        version = queries.version_for(added.pk, make.NOW)
        assert (version.number, minutes(queries.rules(version.pk).rows[HIGH])) == (1, (False, 30, None, 60))
    assert added.is_standard is False


def test_two_policies_have_two_names():
    policies.add_policy(actor=None, name="Carrier", now=make.NOW)

    with pytest.raises(policies.NameTaken):
        policies.add_policy(actor=None, name="Carrier", now=make.NOW)


def test_there_is_one_standard_at_any_time():
    make.policy()
    carrier = policies.add_policy(actor=None, name="Carrier", now=make.NOW)

    policies.make_standard(actor=None, policy=carrier, now=make.NOW)
    policies.make_standard(actor=None, policy=carrier, now=make.NOW)

    with as_provider():
        assert list(Policy.objects.filter(is_standard=True)) == [carrier]
        assert AuditEntry.objects.filter(verb="make_standard").count() == 1


ROW = {"type": "technical", "severity": "high", "always": False, "first_response_minutes": 60}
WRONG_ROWS = [
    (PolicyRow, ROW | {"first_response_minutes": 0}),
    (PolicyRow, ROW | {"resolution_minutes": MOST_MINUTES + 1}),
    (PolicyRow, ROW | {"first_response_minutes": None}),
    (PolicyRow, ROW | {"type": "functional", "severity": "critical"}),
    (PolicyRow, ROW | {"severity": "dire"}),
    (EscalationStep, {"percent": 0, "tells_assignee": True, "tells_lead": False, "tells_account_manager": False}),
    (EscalationStep, {"percent": 50, "tells_assignee": False, "tells_lead": False, "tells_account_manager": False}),
]


@pytest.mark.parametrize(("model", "columns"), WRONG_ROWS)
def test_the_database_refuses_what_is_no_promise(model, columns):
    policy = policies.add_policy(actor=None, name="Carrier", now=make.NOW)
    with as_provider():
        version = PolicyVersion.objects.create(policy=policy, number=2, rules_from=make.NOW, reason="x", created_at=make.NOW)
        right = ROW if model is PolicyRow else columns | {"percent": 50, "tells_assignee": True}
        model.objects.create(version=version, **right)
        with pytest.raises(IntegrityError, match="check constraint"), transaction.atomic():
            model.objects.create(version=version, **columns)


@pytest.mark.parametrize("model", [PolicyVersion, PolicyRow, EscalationStep])
def test_what_was_promised_never_changes(model):
    with as_provider():
        row = model.objects.first()
        for deed in (row.delete, lambda: model.objects.filter(pk=row.pk).update(id=row.pk)):
            with pytest.raises(DatabaseError), transaction.atomic():
                deed()


def said(before, after):
    return [(one.label, one.before, one.after, one.tone) for one in queries.differences(before, after)]


def test_differences_are_said_in_words_the_most_urgent_first():
    always = {("technical", "critical"): Row(True, {FIRST: 900, NEXT: 3600, SOLVED: 14400})}
    functional = {value: Row(False, {FIRST: 14400, NEXT: 28800, SOLVED: 32400}) for value in VALUES if value[0] == "functional"}
    one_update = {("update_service", "low"): Row(True, STANDARD.rows["update_service", "low"].seconds)}
    after = Rules({**STANDARD.rows, **functional, **one_update, **always}, (*STANDARD.steps[:2], Step(90, LEAD)))

    assert said(STANDARD, after) == [
        ("Technical, critical: first response", "30 min", "15 min", "tighter"),
        ("Functional, any severity: next update", "9 h", "8 h", "tighter"),
        ("Functional, any severity: resolution", "none", "9 h", "tighter"),
        ("Update service, low: coverage", "Business hours", "24x7", "tighter"),
        ("At 90 %", "nobody", "lead", ""),
        ("At 100 %", "lead, account manager", "nobody", ""),
    ]


def test_a_promise_left_out_is_looser():
    after = Rules({**STANDARD.rows, **with_targets(first_response=7260, resolution=32400)}, STANDARD.steps)

    assert said(STANDARD, after) == [
        ("Technical, high: first response", "2 h", "2 h 01", "looser"),
        ("Technical, high: next update", "4 h", "none", "looser"),
    ]


def test_promises_in_words_name_what_is_the_same_once():
    shown = queries.promises(STANDARD)

    assert [(line.label, line.coverage, *(cell.text for cell in line.cells)) for line in shown.lines] == [
        ("Technical, critical", "24x7", "30 min", "1 h", "4 h"),
        ("Technical, high", "Business hours", "2 h", "4 h", "9 h"),
        ("Technical, medium", "Business hours", "4 h", "9 h", "27 h"),
        ("Technical, low", "Business hours", "9 h", "27 h", "90 h"),
        ("Functional, any severity", "Business hours", "4 h", "9 h", ""),
        ("Update service, any severity", "Business hours", "9 h", "27 h", ""),
    ]
    assert [(step.percent, step.told) for step in shown.steps] == [(50, "assignee"), (80, "assignee, lead"), (100, "lead, account manager")]


def test_history_says_what_each_version_changed():
    policy = make.policy()
    make.policy_version(policy, resolution=480, reason="Sooner")

    with as_provider():
        lines = queries.history(policy)

    assert [(line.version.number, line.version.reason, said_of(line)) for line in lines] == [
        (2, "Sooner", [("Technical, high: resolution", "9 h", "8 h")]),
        (1, "", []),
    ]


def said_of(line):
    return [(one.label, one.before, one.after) for one in line.differences]
