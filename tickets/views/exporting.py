"""Lists as files: both faces send them the same way."""

from collections.abc import Callable

from django.http import Http404, StreamingHttpResponse
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from accounts.access import Access, DeskRequest
from accounts.streaming import Face, pieces
from helpdesk.lib.addresses import query_string
from helpdesk.lib.sheets import Row, csv_chunks, xlsx_chunks
from tickets.models import TicketQuerySet
from tickets.queries import export

Batch = tuple[list[Row], int | None]  # rows, and where to go on
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def export_links(request: DeskRequest, address: str) -> list[dict[str, str]]:
    """What `ui/export.html` asks for: the list as it is filtered, in each form."""
    forms = {"csv": "CSV", "xlsx": "Excel (XLSX)"}
    return [{"label": label, "url": f"{address}?{query_string(request.GET, before=None, format=form)}"} for form, label in forms.items()]


def export_answer(request: DeskRequest, face: Face, rows: Callable[[Access], TicketQuerySet]) -> StreamingHttpResponse:
    """The tickets of `rows` as the file that `?format=` names; 404 for any other. `rows` is asked anew for each batch."""
    for_staff = face == "console"

    def read(access: Access, before: int | None) -> tuple[list[Row], int | None]:
        return export.batch(rows(access), before, for_staff=for_staff, now=timezone.now())

    def header(zone: str) -> list[str]:
        return export.header(for_staff=for_staff, zone=zone)

    return file_answer(request, face, read, name=_("tickets"), title=_("Tickets"), header=header)


def file_answer(
    request: DeskRequest,
    face: Face,
    read: Callable[[Access, int | None], Batch],
    *,
    name: str,
    title: str,
    header: Callable[[str], list[str]],
) -> StreamingHttpResponse:
    """What `read` returns, batch by batch, as the file that `?format=` names; 404 for any other.

    `header`: the columns' names, given the zone that instants are in where they don't carry it; empty: they do.
    """
    form = request.GET.get("format", "csv")
    if form not in {"csv", "xlsx"}:
        raise Http404
    batches = pieces(request.access, face, read)
    if form == "csv":
        delimiter = ";" if get_format("DECIMAL_SEPARATOR") == "," else ","
        answer = StreamingHttpResponse(csv_chunks(header(""), batches, delimiter=delimiter), content_type="text/csv; charset=utf-8")
    else:
        columns = header(timezone.get_current_timezone_name())
        answer = StreamingHttpResponse(xlsx_chunks(title, columns, batches), content_type=XLSX_TYPE)
        answer["Content-Encoding"] = "identity"  # it is compressed in itself
    answer["Content-Disposition"] = f'attachment; filename="{name}-{timezone.localdate().isoformat()}.{form}"'
    answer["Cache-Control"] = "private, no-store"
    return answer
