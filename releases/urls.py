"""Addresses of releases, by face."""

from django.urls import path

from releases.views import console, issues, portal

portal_urls = [
    path("products/", portal.products, name="products"),
    path("releases/<int:pk>/", portal.release, name="release"),
    path("releases/link/<str:token>/", portal.release_link, name="release_link"),
    path("releases/files/<int:pk>/", portal.artifact, name="artifact"),
    path("licences/<int:pk>/", portal.licence, name="licence"),
    path("download/<str:token>/", portal.download, name="download"),
]
console_urls = [
    path("releases/", console.releases, name="releases"),
    path("releases/new/", console.release_new, name="release_new"),
    path("releases/versions/", console.versions, name="versions"),
    path("releases/<int:pk>/", console.release, name="release"),
    path("releases/<int:pk>/edit/", console.release_edit, name="release_edit"),
    path("releases/<int:pk>/artifacts/", console.artifact_upload, name="artifact_upload"),
    path("releases/<int:pk>/publish/", console.release_publish, name="release_publish"),
    path("releases/<int:pk>/unschedule/", console.release_unschedule, name="release_unschedule"),
    path("releases/<int:pk>/discard/", console.release_discard, name="release_discard"),
    path("releases/<int:pk>/progress/", console.release_progress, name="release_progress"),
    path("releases/<int:pk>/customers/", console.release_customers, name="release_customers"),
    path("releases/<int:pk>/pause/", console.release_pause, name="release_pause"),
    path("releases/<int:pk>/resume/", console.release_resume, name="release_resume"),
    path("releases/<int:pk>/retry/", console.release_retry, name="release_retry"),
    path("releases/<int:pk>/withdraw/", console.release_withdraw, name="release_withdraw"),
    path("artifacts/<int:pk>/", console.artifact, name="artifact"),
    path("artifacts/<int:pk>/remove/", console.artifact_remove, name="artifact_remove"),
    path("known-issues/", issues.known_issues, name="known_issues"),
    path("known-issues/new/", issues.known_issue_new, name="known_issue_new"),
    path("known-issues/<int:pk>/", issues.known_issue, name="known_issue"),
    path("tickets/<int:number>/issues/", issues.ticket_issues, name="ticket_issues"),
    path("tickets/<int:number>/issues/remove/", issues.ticket_issue_remove, name="ticket_issue_remove"),
    path("contracts/<int:pk>/licences/", issues.licences, name="licences"),
    path("licences/<int:pk>/", issues.licence, name="licence"),
]
