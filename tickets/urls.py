"""Addresses of tickets, by face."""

from django.urls import path

from tickets.views import acts, console, overview, portal, queues, search, staff_filing

portal_urls = [
    path("overview/", overview.portal, name="overview"),
    path("tickets/", portal.ticket_list, name="tickets"),
    path("tickets/export/", portal.tickets_export, name="tickets_export"),
    path("tickets/read/", portal.tickets_read, name="tickets_read"),
    path("tickets/new/", portal.ticket_new, name="ticket_new"),
    path("tickets/<int:number>/", portal.ticket, name="ticket"),
    path("tickets/<int:number>/reply/", portal.reply, name="ticket_reply"),
    path("tickets/<int:number>/solved/", portal.solved, name="ticket_solved"),
    path("tickets/<int:number>/satisfaction/", portal.satisfaction, name="ticket_satisfaction"),
    path("tickets/<int:number>/watch/", portal.watch, name="ticket_watch"),
    path("tickets/<int:number>/contest/", portal.contest, name="ticket_contest"),
    path("tickets/<int:number>/declare/", portal.declare, name="ticket_declare"),
    path("tickets/<int:number>/private/", portal.private, name="ticket_private"),
    path("tickets/<int:number>/files/<int:pk>/", portal.file, name="file"),
    path("uploads/", portal.upload, name="upload"),
    path("uploads/remove/", portal.upload_remove, name="upload_remove"),
]
console_urls = [
    path("queues/<slug:slug>/", queues.queue, name="queue"),
    path("queues/<slug:slug>/export/", queues.queue_export, name="queue_export"),
    path("search/", search.search, name="search"),
    path("search/export/", search.search_export, name="search_export"),
    path("overview/", overview.console, name="overview"),
    path("customers/<int:customer_id>/tickets/new/", staff_filing.ticket_new, name="ticket_new"),
    path("customers/<int:customer_id>/uploads/", staff_filing.upload, name="upload"),
    path("uploads/remove/", staff_filing.upload_remove, name="upload_remove"),
    path("tickets/<int:number>/", console.ticket, name="ticket"),
    path("tickets/<int:number>/answer/", console.answer, name="ticket_answer"),
    path("tickets/<int:number>/qualify/", console.qualify, name="ticket_qualify"),
    path("tickets/<int:number>/confirm/", acts.confirm, name="ticket_confirm"),
    path("tickets/<int:number>/assign/", acts.assign, name="ticket_assign"),
    path("tickets/<int:number>/team/", acts.team, name="ticket_team"),
    path("tickets/<int:number>/status/", acts.status, name="ticket_status"),
    path("tickets/<int:number>/contract/", acts.contract, name="ticket_contract"),
    path("tickets/<int:number>/watch/", acts.watch, name="ticket_watch"),
    path("tickets/<int:number>/private/", acts.private, name="ticket_private"),
    path("tickets/<int:number>/holds/", acts.hold, name="ticket_hold"),
    path("tickets/<int:number>/holds/<int:pk>/release/", acts.hold_release, name="ticket_hold_release"),
    path("tickets/<int:number>/files/<int:pk>/", console.file, name="file"),
]
