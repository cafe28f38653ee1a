"""Addresses of people's pages, by face."""

from allauth.account import views as allauth_views
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from accounts.views import console, invitations, passwords, portal

# Only what is used of allauth: nobody signs up by themselves, and an address is changed by the company's admin.
account_urls = [
    path("login/", allauth_views.login, name="account_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("signup/", RedirectView.as_view(pattern_name="account_login"), name="account_signup"),
    path("email/", RedirectView.as_view(pattern_name="account_profile"), name="account_email"),
    path("password/change/", passwords.ChangePassword.as_view(), name="account_change_password"),
    path("password/set/", allauth_views.password_set, name="account_set_password"),
    path("password/reset/", allauth_views.password_reset, name="account_reset_password"),
    path("password/reset/done/", allauth_views.password_reset_done, name="account_reset_password_done"),
    # Not path(): its <uidb36> would swallow the key's own hyphen.
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth_views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done/", allauth_views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("factors/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
]
invitation_urls = [path("<int:customer_id>/<str:token>/", invitations.invitation, name="invitation")]
portal_urls = [
    path("people/", portal.people, name="people"),
    path("people/second-factor/", portal.second_factor, name="people_second_factor"),
    path("people/<int:pk>/role/", portal.role, name="people_role"),
    path("people/<int:pk>/remove/", portal.remove, name="people_remove"),
    path("people/invitations/<int:pk>/revoke/", portal.revoke, name="people_revoke"),
    path("switch/", portal.switch, name="switch"),
]
console_urls = [
    path("customers/new/", console.customer_new, name="customer_new"),
    path("customers/<int:pk>/edit/", console.customer_edit, name="customer_edit"),
    path("customers/<int:pk>/invite/", console.invite, name="customer_invite"),
    path("audit/", console.audit, name="audit"),
]
