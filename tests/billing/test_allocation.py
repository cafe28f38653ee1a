"""The worked examples of hours and money, and rules that they leave open."""

from dataclasses import replace
from datetime import date

import pytest

from billing.allocation import MonthHours, allocate
from billing.facts import Kind, State
from tests.billing.books import DECEMBER, JANUARY, NOVEMBER, Book, used_up
from tests.sla.stories import at


def over_the_allowance() -> Book:
    return Book().log("A", "A", "10 Nov 09:00", "10:30").log("B", "B", "11 Nov 14:00", "14:50")


def accepted() -> Book:
    """Both logs of M1, the second paid for by an approval that lists it."""
    return over_the_allowance().approve("R", "B", 60, "12 Nov 10:00", listed=["B"])


def test_work_beyond_the_allowance_is_unauthorised_until_approved() -> None:  # M1
    book = over_the_allowance()

    assert (book.taken("A"), book.taken("B")) == ({"allowance": 90}, {"allowance": 30, "unauthorised": 30})
    assert book.statement(NOVEMBER).total_cents == 0


def test_an_approval_pays_for_the_earlier_log_that_it_lists() -> None:  # M1
    book = accepted()

    assert (book.taken("A"), book.taken("B")) == ({"allowance": 90}, {"allowance": 30, "R": 30})
    assert (book.cents("B"), book.statement(NOVEMBER).total_cents, book.left("R")) == (120_00, 120_00, 30)


def test_short_logs_of_a_day_are_rounded_together() -> None:  # M2
    book = Book()
    for count in range(6):
        book.log(f"L{count}", "C", f"12 Nov 10:{count}0", f"10:{count}3")

    assert [book.chargeable(f"L{count}") for count in range(6)] == [15, 0, 0, 0, 0, 15]
    assert sum(part.worked_minutes for parts in book.hours.slices.values() for part in parts) == 18


def test_a_log_begun_in_hours_is_in_hours_an_increment_past_closing() -> None:  # M3
    book = Book().log("L", "A", "30 Nov 17:50", "18:07")

    [part] = book.hours.slices[book.id("L")]

    assert (part.worked_minutes, part.chargeable_minutes, part.is_in_hours, part.day) == (17, 30, True, date(2026, 11, 30))
    assert book.taken("L") == {"allowance": 30}


def test_beyond_an_increment_past_closing_it_is_off_hours() -> None:  # M4
    book = Book().log("L", "A", "30 Nov 17:50", "18:40")

    parts = [(part.worked_minutes, part.chargeable_minutes, part.is_in_hours) for part in book.hours.slices[book.id("L")]]

    assert (parts, book.taken("L")) == ([(25, 35, True), (25, 25, False)], {"allowance": 35, "unauthorised": 25})


def test_off_hours_help_pays_for_functional_work_in_its_window() -> None:  # M4
    book = Book().approve("R", "A", 60, "30 Nov 12:00", kind=Kind.OFF_HOURS, window=("30 Nov 18:00", "30 Nov 20:00"))

    book.log("L", "A", "30 Nov 17:50", "18:40")

    assert (book.taken("L"), book.cents("L")) == ({"allowance": 35, "R": 25}, 150_00)


def test_a_log_begun_before_hours_ends_with_them() -> None:
    book = Book().log("L", "A", "30 Nov 08:30", "18:10")

    assert [(part.worked_minutes, part.is_in_hours) for part in book.hours.slices[book.id("L")]] == [(30, False), (540, True), (10, False)]


def test_work_across_a_months_end_is_billed_in_both() -> None:  # M5
    book = Book().ticket("A", "update_service").approve("R", "A", 240, "20 Nov 10:00", kind=Kind.UPDATE_SERVICE)

    book.log("L", "A", "30 Nov 23:00", "1 Dec 01:00")

    assert (book.statement(NOVEMBER).total_cents, book.statement(DECEMBER).total_cents) == (300_00, 300_00)


def entered_late() -> Book:
    return Book().log("B", "B", "10 Nov 09:00", "11:00").log("A", "A", "5 Nov 09:00", "10:00", entered="20 Nov 10:00")


def test_a_late_entry_takes_nothing_from_earlier_ones() -> None:  # M6
    book = entered_late()

    assert (book.taken("A"), book.taken("B")) == ({"unauthorised": 60}, {"allowance": 120})


def test_what_a_correction_frees_covers_the_next_in_order() -> None:  # M6
    book = entered_late().correct("B", "10 Nov 09:00", "10:00")

    assert (book.taken("A"), book.taken("B")) == ({"allowance": 60}, {"allowance": 60})


def test_an_amended_allowance_counts_from_the_next_first_of_a_month() -> None:  # M7
    hours = Book().amended(date(2026, 11, 15), allowance_minutes=240).hours

    assert (hours.month(NOVEMBER).allowance_minutes, hours.month(DECEMBER).allowance_minutes) == (120, 240)


def test_an_approval_keeps_its_rate() -> None:  # M8
    book = used_up().amended(date(2026, 11, 15), functional_rate_cents=260_00).approve("R", "A", 60, "10 Nov 10:00", rate=240_00)

    book.log("L", "A", "19 Nov 09:00", "10:00")

    assert (book.cents("L"), book.story.agreement.rate_on(date(2026, 11, 19), Kind.FUNCTIONAL_EXCESS)) == (240_00, 260_00)


def test_an_approval_for_any_hour_keeps_its_rate_on_a_holiday() -> None:  # M8, to the day
    book = used_up().ticket("A", "update_service").amended(date(2026, 11, 15), update_rate_cents=260_00)
    book.approve("R", "A", 60, "10 Nov 10:00", kind=Kind.UPDATE_SERVICE, rate=240_00)

    book.log("L", "A", "20 Nov 09:00", "10:00")

    assert book.cents("L") == 240_00


def test_a_ceiling_is_the_most_that_is_charged() -> None:  # M9
    book = used_up().approve("R", "A", 60, "10 Nov 10:00").log("L", "A", "12 Nov 09:00", "10:15")

    assert (book.taken("L"), book.cents("L")) == ({"R": 60, "unauthorised": 15}, 240_00)


def test_a_verdict_of_technical_includes_what_was_charged() -> None:  # M10
    book = used_up().approve("R", "A", 60, "10 Nov 10:00").log("L", "A", "12 Nov 09:00", "09:45")
    before = (book.taken("L"), book.cents("L"))

    book.verdict("A", "technical", "13 Nov 10:00")

    assert (before, book.taken("L"), book.cents("L")) == (({"R": 45}, 180_00), {"included": 45}, 0)
    assert (book.cancelled_at("R"), book.left("R")) == (at("13 Nov 10:00"), 60)


def closed_and_corrected() -> Book:
    return accepted().close(NOVEMBER, "3 Dec 10:00").correct("B", "11 Nov 14:00", "14:28", entered="4 Dec 10:00")


def test_a_change_in_a_closed_month_is_one_line_in_the_first_open_statement() -> None:  # M11
    book = closed_and_corrected()

    assert book.taken("B") == {"allowance": 30}
    assert (book.corrections(DECEMBER), book.corrections(JANUARY)) == ([(NOVEMBER, -120_00)], [])
    assert book.statement(DECEMBER).total_cents == -120_00


def test_half_a_cent_is_rounded_up() -> None:  # M12
    book = Book(allowance_minutes=0, increment_minutes=5).approve("R", "A", 60, "10 Nov 10:00", rate=250_00)

    book.log("L", "A", "12 Nov 09:00", "09:25")

    assert book.cents("L") == 104_17


def test_off_hours_help_is_charged_up_to_its_ceiling() -> None:  # M13
    book = Book().ticket("A", "technical").log("early", "A", "27 Nov 10:00", "11:00")
    book.approve("R", "A", 120, "28 Nov 11:00", kind=Kind.OFF_HOURS, window=("28 Nov 11:00", "28 Nov 15:00"))

    book.log("L1", "A", "28 Nov 11:05", "12:20")
    first = (book.taken("L1"), book.cents("L1"), book.left("R"))
    book.log("L2", "A", "28 Nov 13:00", "13:50")

    assert first == ({"R": 75}, 450_00, 45)
    assert (book.taken("L2"), book.cents("L2"), book.left("R")) == ({"R": 45, "unauthorised": 15}, 270_00, 0)


def test_technical_work_after_hours_is_courtesy() -> None:  # M14
    book = Book().ticket("A", "technical").log("L", "A", "10 Nov 18:00", "18:40")

    assert (book.taken("L"), book.cents("L")) == ({"courtesy": 45}, 0)


def test_critical_work_is_included_at_any_hour() -> None:  # M15
    book = Book().ticket("A", "technical", always=True).log("L", "A", "22 Nov 03:00", "05:00")

    assert (book.taken("L"), book.cents("L")) == ({"included": 120}, 0)


def test_from_a_suspension_on_functional_work_needs_approval() -> None:  # M16
    book = Book().suspended(date(2026, 11, 10)).log("L1", "A", "9 Nov 09:00", "10:00").log("L2", "A", "11 Nov 09:00", "10:00")

    assert (book.taken("L1"), book.taken("L2")) == ({"allowance": 60}, {"unauthorised": 60})


def test_the_allowance_of_the_works_month_comes_before_the_approval() -> None:  # M17
    book = used_up().approve("R", "A", 60, "25 Nov 10:00").log("L", "A", "1 Dec 09:00", "11:30")

    assert (book.taken("L"), book.left("R")) == ({"allowance": 120, "R": 30}, 30)


@pytest.mark.parametrize("ticket", ["A", "B"])
def test_what_a_correction_adds_comes_after_what_was_entered_meanwhile(ticket: str) -> None:  # M18
    book = Book().log("L1", "A", "10 Nov 09:00", "10:00").log("L2", ticket, "10 Nov 14:00", "15:00")

    book.correct("L1", "10 Nov 09:00", "10:30")

    assert (book.taken("L1"), book.taken("L2")) == ({"allowance": 60, "unauthorised": 30}, {"allowance": 60})


def test_a_functional_approval_covers_business_hours_only() -> None:  # M19
    book = used_up().approve("R", "A", 60, "12 Nov 10:00").log("L", "A", "12 Nov 20:00", "20:30")

    assert book.taken("L") == {"unauthorised": 30}


def test_a_correction_is_measured_by_what_was_billed_with_corrections() -> None:  # M20
    book = closed_and_corrected().close(DECEMBER, "4 Jan 2027 10:00").correct("B", "11 Nov 14:00", "14:50", entered="5 Jan 2027 10:00")

    assert book.taken("B") == {"allowance": 30, "R": 30}
    assert (book.corrections(JANUARY), book.statement(JANUARY).total_cents) == ([(NOVEMBER, 120_00)], 120_00)


# Cutting


def test_the_last_minute_begun_is_a_whole_one() -> None:
    book = Book(increment_minutes=1).log("L", "A", "10 Nov 09:00:30", "09:10:31")

    assert book.chargeable("L") == 11


def test_a_minute_belongs_to_where_it_begins() -> None:
    book = Book(increment_minutes=1).ticket("A", "technical").approve("R", "A", 60, "9 Nov 10:00", kind=Kind.OFF_HOURS, window=HELP)

    book.log("L", "A", "10 Nov 18:59:30", "19:00:40")

    assert book.taken("L") == {"courtesy": 1, "R": 1}


HELP = ("10 Nov 19:00", "10 Nov 21:00")


def test_work_is_cut_at_the_edges_of_its_window() -> None:
    book = Book().ticket("A", "technical").approve("R", "A", 240, "9 Nov 10:00", kind=Kind.OFF_HOURS, window=HELP)

    book.log("L", "A", "10 Nov 18:30", "21:30")

    assert book.taken("L") == {"courtesy": 60, "R": 120}


def test_work_is_cut_at_acceptance() -> None:
    book = used_up().approve("R", "A", 240, "10 Nov 09:30").log("L", "A", "10 Nov 09:00", "11:00")

    assert book.taken("L") == {"unauthorised": 30, "R": 90}


def test_work_is_cut_where_a_verdict_is_given() -> None:
    book = used_up().ticket("A", "technical").verdict("A", "functional", "10 Nov 10:00").log("L", "A", "10 Nov 09:00", "11:00")

    assert book.taken("L") == {"included": 60, "unauthorised": 60}


def test_a_cut_that_changes_nothing_is_none() -> None:
    book = Book().ticket("A").verdict("A", "functional", "10 Nov 10:00").log("L", "A", "10 Nov 09:00", "11:00")

    assert [part.worked_minutes for part in book.hours.slices[book.id("L")]] == [120]


def test_a_night_without_midnight_is_cut_where_the_day_begins() -> None:
    book = Book().ticket("A", "technical", always=True).log("L", "A", "3 Nov 2018 23:30", "4 Nov 2018 01:30")

    assert [(part.day.day, part.worked_minutes) for part in book.hours.slices[book.id("L")]] == [(3, 30), (4, 30)]


# Rounding


def test_padding_goes_to_the_longest_part_and_the_earliest_of_a_tie() -> None:
    book = Book().log("L", "A", "10 Nov 08:40", "09:21").log("M", "B", "10 Nov 08:40", "09:20")

    assert [[part.chargeable_minutes for part in book.hours.slices[book.id(log)]] for log in "LM"] == [[20, 25], [25, 20]]


def test_minutes_charged_as_padding_come_off_the_earliest_part() -> None:
    book = Book().log("L1", "A", "10 Nov 07:00", "07:05").log("L2", "A", "10 Nov 08:55", "09:20")

    assert [part.chargeable_minutes for part in book.hours.slices[book.id("L2")]] == [0, 15]


def test_included_work_counts_in_the_days_rounding() -> None:
    book = Book().ticket("A", "technical").verdict("A", "functional", "10 Nov 12:00")

    book.log("L1", "A", "10 Nov 10:00", "10:05").log("L2", "A", "10 Nov 14:00", "14:12")

    assert (book.taken("L1"), book.taken("L2")) == ({"included": 15}, {"allowance": 15})


def test_what_a_correction_adds_to_a_day_is_charged_to_the_corrected_log() -> None:
    book = Book().log("L1", "A", "10 Nov 09:00", "09:03").log("L2", "A", "10 Nov 10:00", "10:03")

    book.correct("L1", "10 Nov 09:00", "09:14")

    assert (book.chargeable("L1"), book.chargeable("L2")) == (30, 0)


# Order


def test_what_a_day_gives_up_serves_its_later_logs_first() -> None:
    book = Book(allowance_minutes=15).log("L1", "A", "10 Nov 09:00", "09:03").log("L2", "A", "10 Nov 10:00", "10:03")
    book.log("X", "B", "10 Nov 11:00", "11:15")

    book.delete("L1")

    assert (book.taken("L2"), book.taken("X")) == ({"allowance": 15}, {"unauthorised": 15})


def test_then_the_next_in_order() -> None:
    book = Book(allowance_minutes=60).log("L1", "A", "10 Nov 09:00", "10:00").log("X", "B", "10 Nov 11:00", "12:00")
    book.log("L2", "A", "10 Nov 13:00", "13:30")

    book.delete("L1")

    assert (book.taken("L2"), book.taken("X")) == ({"allowance": 30}, {"allowance": 30, "unauthorised": 30})


@pytest.mark.parametrize(("start", "end", "ticket"), [("11 Nov 09:00", "10:00", "A"), ("10 Nov 09:00", "10:00", "C")])
def test_a_log_that_moves_takes_its_place_then(start: str, end: str, ticket: str) -> None:
    book = Book(allowance_minutes=60).log("L", "A", "10 Nov 09:00", "10:00").log("X", "B", "10 Nov 11:00", "12:00")

    book.correct("L", start, end, ticket=ticket)

    assert (book.taken("L"), book.taken("X")) == ({"unauthorised": 60}, {"allowance": 60})


def test_a_log_moved_within_its_day_and_hours_keeps_its_place() -> None:
    book = Book(allowance_minutes=60).log("L", "A", "10 Nov 09:00", "10:00").log("X", "B", "10 Nov 11:00", "12:00")

    book.correct("L", "10 Nov 14:00", "15:00")

    assert (book.taken("L"), book.taken("X")) == ({"allowance": 60}, {"unauthorised": 60})


def test_a_log_that_leaves_the_hours_and_comes_back_stands_behind_its_own_day() -> None:
    book = Book(allowance_minutes=60).log("L1", "A", "10 Nov 09:00", "10:00").log("L2", "A", "10 Nov 11:00", "12:00")

    book.correct("L1", "10 Nov 20:00", "21:00").correct("L1", "10 Nov 09:00", "10:00")

    assert (book.taken("L1"), book.taken("L2")) == ({"unauthorised": 60}, {"allowance": 60})


def test_a_log_moved_within_its_day_keeps_its_place_where_another_approval_covers_it() -> None:
    book = Book(allowance_minutes=60).log("L1", "A", "10 Nov 09:00", "10:00").log("L2", "A", "10 Nov 10:00", "11:00")
    book.approve("R", "A", 60, "10 Nov 12:00")

    book.correct("L1", "10 Nov 14:00", "15:00")

    assert (book.taken("L1"), book.taken("L2")) == ({"allowance": 60}, {"unauthorised": 60})


def test_what_was_added_last_goes_first() -> None:
    book = Book(allowance_minutes=90).log("L1", "A", "10 Nov 09:00", "10:00").log("L2", "A", "10 Nov 11:00", "12:00")

    book.correct("L1", "10 Nov 09:00", "10:30").correct("L1", "10 Nov 09:00", "10:00")

    assert (book.taken("L1"), book.taken("L2")) == ({"allowance": 60}, {"allowance": 30, "unauthorised": 30})


def test_a_log_that_is_charged_what_another_gives_up_stands_where_it_came() -> None:
    book = Book(allowance_minutes=15).log("L1", "A", "10 Nov 09:00", "09:03").log("L2", "A", "10 Nov 10:00", "10:03")
    book.log("L3", "A", "10 Nov 11:00", "11:20")

    book.delete("L1")

    assert (book.taken("L2"), book.taken("L3")) == ({"allowance": 15}, {"unauthorised": 15})


def test_but_not_before_those_that_came_earlier() -> None:
    book = Book(allowance_minutes=15).log("L1", "A", "10 Nov 09:00", "09:10").log("L2", "A", "10 Nov 10:00", "10:15")
    book.log("L3", "A", "10 Nov 11:00", "11:05")

    book.delete("L1")

    assert (book.taken("L2"), book.taken("L3")) == ({"allowance": 15}, {"unauthorised": 15})


def test_what_a_correction_brings_into_hours_takes_no_place_that_others_leave() -> None:
    book = Book(allowance_minutes=15).log("L1", "A", "10 Nov 20:00", "20:10").log("L2", "A", "10 Nov 10:00", "10:10")
    book.log("L3", "A", "10 Nov 11:00", "11:10")

    book.correct("L1", "10 Nov 09:00", "09:05")

    assert [book.taken(log) for log in ("L1", "L2", "L3")] == [{"unauthorised": 15}, {}, {"allowance": 15}]


def test_places_given_up_together_serve_by_who_stands_first() -> None:
    book = Book(allowance_minutes=30).log("L1", "A", "10 Nov 09:00", "11:00")
    for hour in (11, 12, 13):
        book.log(f"L{hour}", "A", f"10 Nov {hour}:00", f"{hour}:30")

    book.delete("L1").correct("L11", "10 Nov 20:00", "20:30").correct("L11", "10 Nov 11:00", "11:30").delete("L12")

    assert (book.taken("L11"), book.taken("L13")) == ({"unauthorised": 30}, {"allowance": 30})


def test_the_order_of_entry_is_by_number_though_a_clock_lags() -> None:
    book = Book(allowance_minutes=60).ticket("A", "update_service").verdict("A", "functional", "10 Nov 12:01")

    book.log("L1", "B", "10 Nov 09:00", "10:00", entered="10 Nov 12:02").log("L2", "A", "10 Nov 10:00", "11:00", entered="10 Nov 12:00")

    assert (book.taken("L1"), book.taken("L2")) == ({"allowance": 60}, {"unauthorised": 60})
    assert book.hours.slices[book.id("L2")][0].type == "functional"


def test_approvals_are_used_up_by_the_oldest_acceptance_first() -> None:
    book = used_up().approve("R2", "A", 30, "10 Nov 10:00").approve("R1", "A", 30, "9 Nov 10:00")

    book.log("L", "A", "12 Nov 09:00", "09:45")

    assert book.taken("L") == {"R1": 30, "R2": 15}


def test_the_package_comes_after_the_allowance() -> None:
    book = Book(package_minutes=60, package_fee_cents=900_00).log("L", "A", "10 Nov 09:00", "13:00")

    assert (book.taken("L"), book.statement(NOVEMBER).total_cents) == ({"allowance": 120, "package": 60, "unauthorised": 60}, 900_00)
    assert book.hours.month(NOVEMBER) == MonthHours(NOVEMBER, 120, 120, 60, 60)


# Approvals


def test_a_listed_log_pays_for_earlier_work_and_others_do_not() -> None:
    book = used_up().log("L1", "A", "10 Nov 09:00", "09:30").log("L2", "A", "10 Nov 10:00", "10:30")

    book.approve("R", "A", 120, "11 Nov 10:00", listed=["L2"])

    assert (book.taken("L1"), book.taken("L2")) == ({"unauthorised": 30}, {"R": 30})


def test_what_a_listed_log_outside_the_window_has_beyond_the_ceiling_is_courtesy() -> None:
    book = Book().ticket("A", "technical").log("L", "A", "10 Nov 18:00", "19:00")

    book.approve("R", "A", 30, "10 Nov 19:00", kind=Kind.OFF_HOURS, window=HELP, listed=["L"])

    assert book.taken("L") == {"R": 30, "courtesy": 30}


def test_an_ended_approval_still_pays_for_work_done_before() -> None:
    book = used_up().approve("R", "A", 120, "10 Nov 10:00", ended="11 Nov 10:00")

    book.log("L", "A", "11 Nov 09:30", "10:30", entered="12 Nov 10:00")

    assert book.taken("L") == {"R": 30, "unauthorised": 30}


def test_update_service_is_covered_at_any_hour() -> None:
    book = Book().ticket("A", "update_service").approve("R", "A", 120, "10 Nov 10:00", kind=Kind.UPDATE_SERVICE)

    book.log("L", "A", "10 Nov 17:30", "19:00")

    assert (book.taken("L"), book.cents("L")) == ({"R": 90}, 450_00)


def test_lines_together_never_cost_more_than_was_shown() -> None:
    book = Book(allowance_minutes=0, increment_minutes=1).approve("R", "A", 3, "9 Nov 10:00", rate=100)
    for count in range(3):
        book.log(f"L{count}", "A", f"{10 + count} Nov 10:00", "10:01")

    assert [book.cents(f"L{count}") for count in range(3)] == [2, 2, 1]


# Verdicts


def test_a_verdict_against_the_customer_prices_only_later_work() -> None:
    book = Book().ticket("A", "technical").log("L1", "A", "10 Nov 09:00", "10:00").verdict("A", "update_service", "10 Nov 12:00")

    book.log("L2", "A", "10 Nov 14:00", "15:00").log("L3", "A", "10 Nov 11:00", "12:00")

    assert [book.taken(log) for log in ("L1", "L2", "L3")] == [{"included": 60}, {"unauthorised": 60}, {"included": 60}]


def test_work_that_a_verdict_makes_functional_takes_its_place_then() -> None:
    book = Book().ticket("A", "update_service").log("L", "A", "10 Nov 09:00", "11:00").log("X", "B", "10 Nov 14:00", "15:00")

    book.verdict("A", "functional", "11 Nov 10:00")

    assert (book.taken("L"), book.taken("X")) == ({"allowance": 60, "unauthorised": 60}, {"allowance": 60})


def test_a_declaration_counts_from_its_instant_until_the_verdict() -> None:
    book = used_up().ticket("A").declared("A", "technical", "10 Nov 12:00").verdict("A", "functional", "10 Nov 16:00")

    book.log("L1", "A", "10 Nov 10:00", "11:00").log("L2", "A", "10 Nov 13:00", "14:00").log("L3", "A", "10 Nov 16:30", "17:00")

    assert [book.taken(log) for log in ("L1", "L2", "L3")] == [{"unauthorised": 60}, {"included": 60}, {"unauthorised": 30}]


def test_a_cancelled_approval_does_not_revive() -> None:
    book = used_up().ticket("A").approve("R", "A", 120, "10 Nov 10:00")
    book.verdict("A", "technical", "10 Nov 12:00").verdict("A", "functional", "10 Nov 14:00")

    book.log("L1", "A", "10 Nov 10:30", "11:00").log("L2", "A", "10 Nov 15:00", "15:30")

    assert (book.taken("L1"), book.taken("L2")) == ({"included": 30}, {"unauthorised": 30})


def test_a_verdict_before_acceptance_cancels_nothing() -> None:
    book = used_up().ticket("A").verdict("A", "technical", "9 Nov 10:00").verdict("A", "functional", "9 Nov 12:00")

    book.approve("R", "A", 60, "10 Nov 10:00").log("L", "A", "12 Nov 09:00", "10:00")

    assert (book.taken("L"), book.cancelled_at("R")) == ({"R": 60}, None)


def test_a_verdict_leaves_closed_months_alone() -> None:
    book = used_up().ticket("A").approve("R", "A", 120, "10 Nov 10:00").log("L", "A", "12 Nov 09:00", "10:00")
    book.close(NOVEMBER, "3 Dec 10:00").log("M", "A", "3 Dec 11:00", "12:00")

    book.verdict("A", "technical", "4 Dec 10:00")

    assert (book.taken("L"), book.taken("M"), book.left("R")) == ({"R": 60}, {"included": 60}, 60)
    assert book.corrections(DECEMBER) == []


# Statements


def test_a_review_reduces_what_is_billed_and_not_what_is_used() -> None:
    book = accepted().review(NOVEMBER, "B", "R", 15)

    assert (book.cents("B"), book.left("R")) == (60_00, 30)


def test_a_written_off_line_stays_so_after_closing() -> None:
    book = accepted().review(NOVEMBER, "B", "R", 0).close(NOVEMBER, "3 Dec 10:00")

    book.correct("B", "11 Nov 14:00", "15:00", entered="4 Dec 10:00")

    assert (book.cents("B"), book.corrections(DECEMBER)) == (0, [])


def test_all_that_changes_in_a_closed_month_is_one_correction() -> None:
    book = accepted().approve("S", "C", 60, "12 Nov 10:00").close(NOVEMBER, "3 Dec 10:00")

    book.log("C", "C", "13 Nov 09:00", "09:30", entered="4 Dec 10:00").log("D", "C", "16 Nov 09:00", "09:15", entered="5 Dec 10:00")
    book.correct("B", "11 Nov 14:00", "14:45", entered="6 Dec 10:00")

    assert (book.taken("C"), book.taken("D"), book.taken("B")) == ({"S": 30}, {"S": 15}, {"allowance": 30, "R": 15})
    assert book.corrections(DECEMBER) == [(NOVEMBER, 120_00 + 60_00 - 60_00)]


def test_a_correction_comes_after_the_contracts_end_too() -> None:
    book = accepted().suspended(date(2026, 12, 1), State.ENDED).close(NOVEMBER, "3 Dec 10:00")

    book.delete("B", entered="5 Dec 10:00")

    assert book.corrections(DECEMBER) == [(NOVEMBER, -120_00)]


def test_minutes_billed_in_a_closed_month_stay_used() -> None:
    book = used_up().approve("R", "A", 60, "10 Nov 10:00").log("L", "A", "12 Nov 09:00", "10:00").close(NOVEMBER, "3 Dec 10:00")
    book.log("all", "earlier", "3 Dec 09:00", "11:00").log("M", "A", "3 Dec 14:00", "14:30")
    before = book.taken("M")

    book.correct("L", "12 Nov 09:00", "09:30", entered="4 Dec 10:00")

    assert (before, book.taken("M"), book.corrections(DECEMBER)) == ({"unauthorised": 30}, {"R": 30}, [(NOVEMBER, -120_00)])


@pytest.mark.parametrize(
    ("first", "fees"), [(date(2026, 11, 30), (900_00, 0)), (date(2026, 12, 1), (900_00, 0)), (date(2026, 11, 1), (0, 0))]
)
def test_the_package_fee_is_due_for_each_month_with_a_day_in_force(first: date, fees: tuple[int, int]) -> None:
    book = Book(package_minutes=60, package_fee_cents=900_00).suspended(first)

    assert (book.statement(NOVEMBER).package_fee_cents, book.statement(DECEMBER).package_fee_cents) == fees


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="ends at"):
        _ = Book().log("L", "A", "10 Nov 09:00", "09:00").hours
    with pytest.raises(ValueError, match="no log"):
        _ = Book().log("L", "A", "10 Nov 09:00", "10:00").delete("L").delete("L").hours
    with pytest.raises(ValueError, match="no ticket"):
        _ = allocate(replace(Book().log("L", "A", "10 Nov 09:00", "10:00").story, tickets={}))
    with pytest.raises(ValueError, match="entered twice"):
        _ = Book().log("L", "A", "10 Nov 09:00", "10:00").log("L", "A", "10 Nov 09:00", "10:00").hours
    with pytest.raises(ValueError, match="closed"):
        _ = closed_and_corrected().statement(NOVEMBER)
    with pytest.raises(ValueError, match="no window"):
        Book().approve("R", "A", 60, "10 Nov 10:00", kind=Kind.OFF_HOURS)
