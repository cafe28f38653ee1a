"""A statement as a file: both faces send it the same way."""

from django.http import HttpResponse
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from billing.pdf import pdf_of
from billing.printed import Printed, header, rows
from helpdesk.lib.sheets import csv_chunks


def pdf_answer(shown: Printed) -> HttpResponse:
    return _attached(pdf_of(shown), "application/pdf", f"{_name(shown)}.pdf")


def csv_answer(shown: Printed) -> HttpResponse:
    delimiter = ";" if get_format("DECIMAL_SEPARATOR") == "," else ","
    body = b"".join(csv_chunks(header(), [rows(shown)], delimiter=delimiter))
    return _attached(body, "text/csv; charset=utf-8", f"{_name(shown)}.csv")


def _name(shown: Printed) -> str:
    return "{}-{}".format(_("statement"), shown.statement.number)


def _attached(body: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer
