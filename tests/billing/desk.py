"""Acme's contract as agents see it: tickets and logs by name, told through the commands. Instants are local, of 2026."""

import uuid
from datetime import date

from accounts.tenancy import as_provider
from billing.commands import stories, work
from billing.models import Allocation, ChargeRequest, ContractMonth, ListedLog
from billing.reckoning import book
from tests import factories as make
from tests.sla.stories import at
from tickets import commands as tickets

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
RATES = {"functional_excess": 240_00, "off_hours": 360_00, "update_service": 300_00}


class Desk:
    def __init__(self, world, contract=None):
        self.world, self.contract = world, contract or world.contract
        self.tickets, self.logs, self.requests = {}, {}, {}

    def ticket(self, name, type="functional", severity="medium", opened="1 Nov 00:00"):
        if name not in self.tickets:
            self.tickets[name] = make.ticket(
                self.contract, self.world.softswitch, self.world.ada, type=type, severity=severity, subject=f"Ticket {name}", now=at(opened)
            )
        return self.tickets[name]

    def log(self, name, ticket, start, end, *, entered=None, agent=None, note=None):
        since, until = span(start, end)
        self.logs[name] = work.log_work(
            ticket=self.ticket(ticket),
            agent=agent or self.world.sara,
            began_at=since,
            ended_at=until,
            note=note or f"Work on {ticket}",
            now=at(entered) if entered else until,
        )
        return self.logs[name]

    def correct(self, name, start, end, *, entered, actor=None, note="Corrected", reason=""):
        since, until = span(start, end)
        self.logs[name] = work.correct_work(
            log=self.logs[name],
            actor=actor or self.world.sara,
            began_at=since,
            ended_at=until,
            note=note,
            reason=reason,
            now=at(entered),
        )
        return self.logs[name]

    def approve(self, name, ticket, minutes, when, *, kind="functional_excess", rate=None, window=(None, None), listed=(), asked=None):
        """A request accepted as its row says: what answering it takes is another module's matter."""
        on, now = self.ticket(ticket), at(when)
        with as_provider(), book(on.contract_id, now=now) as hours:
            self.requests[name] = ChargeRequest.objects.create(
                customer_id=on.customer_id,
                contract_id=on.contract_id,
                ticket=on,
                kind=kind,
                state="accepted",
                reason="More of it",
                minutes=asked or minutes,
                rate_cents=RATES[kind] if rate is None else rate,
                answer_by=now,
                work_from=at(window[0]) if window[0] else None,
                work_until=at(window[1]) if window[1] else None,
                drafted_at=now,
                sent_at=now,
                accepted_at=now,
                accepted_minutes=minutes,
                submission_key=uuid.uuid4(),
            )
            for log in listed:
                ListedLog.objects.create(customer_id=on.customer_id, request=self.requests[name], log=self.logs[log])
            hours.keep(on)
            hours.touch(on.pk)

    def verdict(self, ticket, type, severity, when):
        """Given by Lea, and taken in by the sweep right after."""
        self.tickets[ticket] = tickets.verify(
            ticket=self.tickets[ticket], agent=self.world.lea.person, type=type, severity=severity, reason="So it is", now=at(when)
        )
        stories.take_in(now=at(when))

    # What came out

    def taken(self, name):
        """A log's chargeable minutes by source, an approval by its name."""
        names = {request.pk: known for known, request in self.requests.items()}
        with as_provider():
            rows = Allocation.objects.filter(slice__log=self.logs[name]).order_by("slice__month", "slice__position", "position")
            found = {}
            for source, request, minutes in rows.values_list("source", "request_id", "minutes"):
                key = names.get(request, source)
                found[key] = found.get(key, 0) + minutes
            return found

    def cents(self, month):
        """What a month's lines come to, by log."""
        names = {log.pk: name for name, log in self.logs.items()}
        with as_provider(), book(self.contract.pk, now=at("1 Jan 00:00")) as hours:
            found = {}
            for line in hours.account().lines(month):
                found[names[line.log]] = found.get(names[line.log], 0) + line.amount_cents
            return {name: cents for name, cents in found.items() if cents}

    def month(self, month):
        """Minutes granted and used."""
        with as_provider():
            rows = ContractMonth.objects.filter(contract=self.contract, month=month)
            return rows.values_list("allowance_minutes", "allowance_used_minutes").get()

    def used(self, name):
        with as_provider():
            return ChargeRequest.objects.values_list("used_minutes", flat=True).get(pk=self.requests[name].pk)


def span(start, end):
    """`end` may be a time of the same day."""
    since = at(start)
    if " " in end:
        return since, at(end)
    hour, minute = map(int, end.split(":"))
    return since, since.replace(hour=hour, minute=minute)
