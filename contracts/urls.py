"""Addresses of contracts and environments, by face."""

from django.urls import path

from contracts.views import console, portal

portal_urls = [
    path("contracts/", portal.contracts, name="contracts"),
    path("contracts/<int:pk>/", portal.contract, name="contract"),
    path("environments/", portal.environments, name="environments"),
]
console_urls = [
    path("customers/", console.customers, name="customers"),
    path("customers/<int:customer_id>/contracts/new/", console.contract_new, name="contract_new"),
    path("customers/<int:customer_id>/environments/new/", console.environment_new, name="environment_new"),
    path("contracts/<int:pk>/", console.contract, name="contract"),
    path("contracts/<int:pk>/edit/", console.contract_edit, name="contract_edit"),
    path("contracts/<int:pk>/amend/", console.amend, name="contract_amend"),
    path("contracts/<int:pk>/standing/", console.standing, name="contract_standing"),
    path("environments/<int:pk>/edit/", console.environment_edit, name="environment_edit"),
    path("environments/<int:pk>/retire/", console.environment_retire, name="environment_retire"),
]
