"""Forms that are shown empty."""

from datetime import UTC, datetime

from billing.forms.work import WorkForm
from tickets.forms import AnswerForm

NOW = datetime(2026, 11, 10, 15, tzinfo=UTC)


def test_each_blank_form_has_values_and_a_key_of_its_own():
    first, second = (AnswerForm.blank({"seen": seen}, may_answer=True) for seen in (3, 7))

    assert [form["seen"].value() for form in (first, second, first)] == [3, 7, 3]
    assert first["submission_key"].value() != second["submission_key"].value()


def test_a_blank_form_offers_what_its_reader_may():
    answerer, colleague = (AnswerForm.blank({}, may_answer=may_answer) for may_answer in (True, False))

    assert "state" in answerer.fields
    assert "state" not in colleague.fields
    assert [value for value, _label in colleague["kind"].field.choices] == [AnswerForm.INTERNAL]


def test_a_form_that_is_sent_leaves_blank_ones_as_they_are():
    blank = AnswerForm.blank({"seen": 3}, may_answer=True)
    sent = AnswerForm({"kind": "public", "body": ""}, may_answer=True)
    sent.fields["body"].required = False

    assert sent.is_valid()
    assert AnswerForm.blank({}, may_answer=True).fields["body"].required
    assert not blank.is_bound
    assert not blank.errors


def test_a_blank_log_is_of_the_readers_today():
    assert WorkForm.blank_at(NOW, auto_id="id_%s")["day"].value() == NOW.date()
    assert WorkForm.blank_at(NOW.replace(day=11), auto_id="id_%s")["day"].value() == NOW.date().replace(day=11)
