"""Addresses of hours and charges, by face."""

from datetime import date, datetime

from django.urls import path, register_converter

from billing.views import approvals, charges, charging, helping, portal_statements, previews, statements, work


class MonthConverter:
    """A month as 2026-11; its value is the first day."""

    regex = "(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])"

    def to_python(self, value: str) -> date:
        return datetime.strptime(value, "%Y-%m").date()  # noqa: DTZ007 - a day

    def to_url(self, value: date) -> str:
        return f"{value:%Y-%m}"


register_converter(MonthConverter, "month")
portal_urls = [
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<int:pk>/", approvals.approval, name="approval"),
    path("approvals/<int:pk>/end/", approvals.approval_end, name="approval_end"),
    path("tickets/new/help/", helping.ticket_new_help, name="ticket_new_help"),
    path("tickets/<int:number>/help/", helping.ticket_help, name="ticket_help"),
    path("products/<int:product_id>/help/", helping.help_update, name="help_update"),
    path("hours/", portal_statements.hours, name="hours"),
    path("statements/", portal_statements.statements, name="statements"),
    path("statements/<int:pk>/", portal_statements.statement, name="statement"),
    path("statements/<int:pk>/pdf/", portal_statements.statement_pdf, name="statement_pdf"),
    path("statements/<int:pk>/csv/", portal_statements.statement_csv, name="statement_csv"),
    path("tickets/new/hours/", previews.portal_filing, name="ticket_hours"),
]
console_urls = [
    path("charges/", charges.charges, name="charges"),
    path("statements/", statements.statements, name="statements"),
    path("statements/close/", statements.statements_close, name="statements_close"),
    path("statements/<int:contract_id>/<month:month>/", statements.statement, name="statement"),
    path("statements/<int:contract_id>/<month:month>/review/", statements.statement_review, name="statement_review"),
    path("statements/<int:contract_id>/<month:month>/approve/", statements.statement_approve, name="statement_approve"),
    path("statements/<int:contract_id>/<month:month>/close/", statements.statement_close, name="statement_close"),
    path("statements/<int:contract_id>/<month:month>/timer/<int:timer_id>/", statements.statement_timer, name="statement_timer"),
    path("statements/<int:contract_id>/<month:month>/preview/", statements.statement_preview, name="statement_preview"),
    path("statements/<int:contract_id>/<month:month>/pdf/", statements.statement_pdf, name="statement_pdf"),
    path("statements/<int:contract_id>/<month:month>/csv/", statements.statement_csv, name="statement_csv"),
    path("contracts/<int:pk>/hours/", statements.contract_hours, name="contract_hours"),
    path("contracts/<int:pk>/amend/preview/", previews.amendment, name="contract_amend_preview"),
    path("contracts/<int:pk>/standing/preview/", previews.standing, name="contract_standing_preview"),
    path("customers/<int:customer_id>/tickets/new/hours/", previews.console_filing, name="ticket_hours"),
    path("tickets/<int:number>/charges/new/", charging.charge_new, name="charge_new"),
    path("charges/<int:pk>/", charging.charge, name="charge"),
    path("charges/<int:pk>/edit/", charging.charge_edit, name="charge_edit"),
    path("charges/<int:pk>/send/", charging.charge_send, name="charge_send"),
    path("charges/<int:pk>/release/", charging.charge_release, name="charge_release"),
    path("charges/<int:pk>/return/", charging.charge_return, name="charge_return"),
    path("charges/<int:pk>/withdraw/", charging.charge_withdraw, name="charge_withdraw"),
    path("charges/<int:pk>/end/", charging.charge_end, name="charge_end"),
    path("time/", work.my_time, name="my_time"),
    path("time/stop/", work.timer_stop, name="timer_stop"),
    path("time/discard/", work.timer_discard, name="timer_discard"),
    path("time/<int:pk>/", work.log, name="work"),
    path("time/<int:pk>/delete/", work.log_delete, name="work_delete"),
    path("tickets/<int:number>/time/", work.ticket_time, name="ticket_time"),
    path("tickets/<int:number>/timer/", work.timer_start, name="ticket_timer"),
]
