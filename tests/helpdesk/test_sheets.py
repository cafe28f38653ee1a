"""Tables for spreadsheet programs: nothing runs, dates are dates, and nothing is lost."""

import csv
import io
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from helpdesk.lib.sheets import csv_chunks, harmless, xlsx_chunks

AT = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("America/Sao_Paulo"))
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\xa0=1"]
HIDDEN_FORMULAS = ["\uffff=1+1", "\ufffe\x01=1+1", "\x1b=1+1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_would_be_a_formula_is_shown(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", HIDDEN_FORMULAS)
def test_what_cannot_be_written_hides_no_formula(text):
    cell = sheet_of([[text, None]]).cell(2, 1)

    assert (harmless(text), cell.value, cell.data_type) == ("'=1+1", "=1+1", "s")


@pytest.mark.parametrize("text", ["", "Calls drop", "5 = 5", "a-b", "'quoted", "#REF!", "São Paulo"])
def test_what_would_be_none_stays_as_it_is(text):
    assert harmless(text) == text


def test_csv_has_the_mark_the_offset_and_every_cell_in_its_place():
    whole = b"".join(csv_chunks(["Number", "Opened"], [[["=cmd", AT]], [['two;\n"lines"', None]]], delimiter=";"))

    assert whole.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(whole.decode("utf-8-sig"), newline=""), delimiter=";")) == [
        ["Number", "Opened"],
        ["'=cmd", "2026-11-23 09:00:00-03:00"],
        ['two;\n"lines"', ""],
    ]


@pytest.mark.parametrize(("delimiter", "expected"), [(",", ";"), (";", ","), (",", "\t")])
def test_a_program_that_expects_another_separator_finds_no_formula_either(delimiter, expected):
    text = f"Calls drop{expected} =cmd|' /C calc'!A0{expected}+1, a;b"
    whole = b"".join(csv_chunks(["Number", "Subject"], [[["SP-1", text]]], delimiter=delimiter)).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(whole, newline=""), delimiter=expected) for cell in row]

    assert [cell for cell in cells if cell.lstrip()[:1] in {"=", "+", "-", "@"}] == []


@pytest.mark.parametrize(("delimiter", "expected"), [(",", ["-3", "66.6"]), (";", ["-3", "66,6"])])
def test_numbers_are_written_as_programs_of_the_same_country_read_them(delimiter, expected):
    whole = b"".join(csv_chunks(["a", "b"], [[[-3, 66.6]]], delimiter=delimiter)).decode("utf-8-sig")

    assert list(csv.reader(io.StringIO(whole, newline=""), delimiter=delimiter))[1] == expected


def test_in_xlsx_numbers_are_numbers():
    sheet = sheet_of([[3, 66.6]])

    assert [(cell.value, cell.data_type) for cell in sheet[2]] == [(3, "n"), (66.6, "n")]


def test_csv_comes_batch_by_batch():
    asked = []

    def batches():
        for number in range(2):
            asked.append(number)
            yield [[str(number)]]

    chunks = csv_chunks(["Number"], batches())
    next(chunks)
    assert asked == []
    next(chunks)
    assert asked == [0]


def sheet_of(rows, header=("Text", "At")):
    return load_workbook(io.BytesIO(b"".join(xlsx_chunks("Tickets: a/b", list(header), [rows])))).active


def test_xlsx_has_real_dates_of_the_zone_that_they_carry():
    cell = sheet_of([["x", AT]]).cell(2, 2)

    assert (cell.value, cell.is_date) == (datetime(2026, 11, 23, 9, 0), True)  # noqa: DTZ001 - a sheet's dates have no zone


@pytest.mark.parametrize("text", [*(text for text in FORMULAS if text[0] not in "\t\r\n"), "#REF!", "=", "a" * 10])
def test_in_xlsx_every_text_is_text(text):
    cell = sheet_of([[text, None], ["after", None]]).cell(2, 1)

    assert (cell.value, cell.data_type) == (text, "s")


def test_what_a_sheet_cannot_hold_is_left_out():
    sheet = sheet_of([["a\x00\x0b\ufffeb", None], ["", None], ["x" * 40_000, AT]])

    assert [len(row[0] or "") for row in sheet.iter_rows(min_row=2, values_only=True)] == [2, 0, 32_767]


def test_the_heads_are_bold_and_stay_in_sight():
    sheet = sheet_of([["x", AT]])

    assert ([cell.value for cell in sheet[1]], sheet["A1"].font.bold, sheet.freeze_panes) == (["Text", "At"], True, "A2")
    assert sheet.title == "Tickets  a b"


def test_a_table_that_breaks_off_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken():
        yield [["x", AT]]
        raise LookupError

    with pytest.raises(LookupError):
        b"".join(xlsx_chunks("Tickets", ["Text", "At"], broken()))

    assert list(tmp_path.iterdir()) == []
