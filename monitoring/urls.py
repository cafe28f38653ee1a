"""Addresses of monitoring: for machines, for customers, for staff."""

from django.urls import path, re_path

from monitoring.views import console, discovery, intake, portal

machine_urls = [
    *(path(f"in/{name}", intake.receive(source), name=f"signals_{name}") for source, name in intake.RECEIVERS.items()),
    *(
        path(f"in/<str:token>/{name}", intake.receive(source), name=f"signals_{name}_by_address")
        for source, name in intake.RECEIVERS.items()
    ),
    re_path(r"^beat/(?P<token>[^/]+)/(?P<slug>[-\w]+)/?$", intake.beat, name="beat"),
    re_path(r"^beat/(?P<token>[^/]+)/(?P<slug>[-\w]+)/(?P<what>[^/]+)/?$", intake.beat, name="beat_told"),
    path("targets", discovery.targets, name="discovery"),
]
portal_urls = [
    path("watching/", portal.watching, name="watching"),
    path("watching/authorise/", portal.watching_authorise, name="watching_authorise"),
    path("watching/<int:pk>/", portal.watch, name="watch"),
    path("watching/<int:pk>/withdraw/", portal.watch_withdraw, name="watch_withdraw"),
    path("watching/<int:pk>/erase/", portal.watch_erase, name="watch_erase"),
    path("watching/<int:pk>/settings/", portal.watch_settings, name="watch_settings"),
    path("watching/<int:pk>/curves/<slug:slug>/<slug:span>.svg", portal.watch_curve, name="watch_curve"),
    path("watching/<int:pk>/tokens/", portal.watch_credential, name="watch_credential"),
    path("watching/<int:pk>/tokens/<int:credential_id>/rotate/", portal.watch_credential_rotate, name="watch_credential_rotate"),
    path("watching/<int:pk>/tokens/<int:credential_id>/revoke/", portal.watch_credential_revoke, name="watch_credential_revoke"),
    path("watching/<int:pk>/heartbeats/", portal.watch_heartbeat, name="watch_heartbeat"),
    path("watching/<int:pk>/heartbeats/<int:heartbeat_id>/pause/", portal.watch_heartbeat_pause, name="watch_heartbeat_pause"),
    path("watching/<int:pk>/heartbeats/<int:heartbeat_id>/remove/", portal.watch_heartbeat_remove, name="watch_heartbeat_remove"),
    path("watching/<int:pk>/targets/", portal.watch_target, name="watch_target"),
    path("watching/<int:pk>/targets/<int:target_id>/remove/", portal.watch_target_remove, name="watch_target_remove"),
    path("watching/<int:pk>/maintenance/", portal.watch_maintenance, name="watch_maintenance"),
    path("watching/<int:pk>/maintenance/<int:maintenance_id>/end/", portal.watch_maintenance_end, name="watch_maintenance_end"),
]
console_urls = [
    path("watching/", console.watching, name="watching"),
    path("watching/<int:pk>/", console.watch, name="watch"),
    path("watching/<int:pk>/settings/", console.watch_settings, name="watch_settings"),
    path("watching/<int:pk>/curves/<slug:slug>/<slug:span>.svg", console.watch_curve, name="watch_curve"),
    path("watching/<int:pk>/maintenance/", console.watch_maintenance, name="watch_maintenance"),
    path("watching/<int:pk>/maintenance/<int:maintenance_id>/end/", console.watch_maintenance_end, name="watch_maintenance_end"),
]
