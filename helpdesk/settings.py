"""Django's settings. What differs between installations comes from the environment: see `environment.py`."""

from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from helpdesk import environment, logs

BASE_DIR = Path(__file__).resolve().parent.parent

EMBEDDED = environment.flag("EMBEDDED")
BASE_URL = environment.web_address("BASE_URL", "http://127.0.0.1:8000")
PROVIDER_NAME = environment.text("PROVIDER_NAME", "SIP Pulse")
PROVIDER_LOGO = environment.picture("PROVIDER_LOGO", BASE_DIR / "helpdesk" / "static" / "logo.svg")
TICKET_PREFIX = environment.text("TICKET_PREFIX", "SP")

# --- Security -------------------------------------------------------------------------------------------------------
DEBUG = False
SECRET_KEY = environment.text("SECRET_KEY")
if len(SECRET_KEY) < 50:
    raise environment.WrongSetting("SECRET_KEY", "it is shorter than 50 characters; make one with: openssl rand -base64 48")
ALLOWED_HOSTS = [host.strip() for host in environment.text("ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")]
BEHIND_TLS = BASE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 3600
# The staff see every customer: a long shift at most, and not past an evening without a sign of life.
STAFF_SESSION_SECONDS, STAFF_IDLE_SECONDS = 16 * 3600, 4 * 3600
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
METRICS_TOKEN = environment.secret("METRICS_TOKEN", least=20)
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
TRUSTED_PROXY = environment.flag("TRUSTED_PROXY")
if TRUSTED_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- Application ----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "helpdesk.apps.HelpdeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "csp",
    "django_htmx",
    "anymail",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "helpdesk",
    "accounts",
    "notifications",
    "sla",
    "contracts",
    "tickets",
    "monitoring",
    "billing",
    "releases",
]
MIDDLEWARE = [
    "helpdesk.observing.RequestMiddleware",
    "helpdesk.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "helpdesk.middleware.ProtocolMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "helpdesk.middleware.CompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "accounts.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "helpdesk.limiting.LimitMiddleware",
    "accounts.middleware.ScopeMiddleware",
    "accounts.middleware.FaceMiddleware",
]
ROOT_URLCONF = "helpdesk.urls"
WSGI_APPLICATION = "helpdesk.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "helpdesk.context.page",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "helpdesk.templatetags.atoms",
                "helpdesk.templatetags.ui",
            ],
        },
    },
    {
        "NAME": "lists",
        "BACKEND": "helpdesk.pages.Compiled",
        "DIRS": [BASE_DIR / "templates" / folder for folder in ("lists", "frame", "parts", "pages")],
        "OPTIONS": {"environment": "helpdesk.listing.environment"},
    },
]
FORM_RENDERER = "helpdesk.listing.FormRenderer"

# --- Database and queue ---------------------------------------------------------------------------------------------
AS_OWNER = environment.flag("DATABASE_AS_OWNER")
DATABASES = {
    "default": environment.database("DATABASE_OWNER_URL" if AS_OWNER else "DATABASE_URL")
    | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "DISABLE_SERVER_SIDE_CURSORS": True}
}
# How long each kind of work may hold the database; set LOCAL by every scope (accounts/tenancy.py), so that a pooler keeps nothing of it.
TIMEOUTS = {
    "web": environment.timeouts("TIMEOUTS_WEB", "15/5/60"),
    "worker": environment.timeouts("TIMEOUTS_WORKER", "60/30/300"),
    "relay": environment.timeouts("TIMEOUTS_RELAY", "15/5/60"),
    "shell": environment.timeouts("TIMEOUTS_SHELL", "300/30/900"),
    "migrate": environment.timeouts("TIMEOUTS_MIGRATE", "1800/3/300"),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Counters of sign-in attempts live in the database: signing in works while Redis is down (AVA-1).
# Keys are hashed: what is counted by may be an address. Past MAX_ENTRIES Django drops counters at random, so that many strangers
# could have theirs forgotten; a sweep removes those that ran out long before.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "helpdesk_cache",
        "KEY_FUNCTION": "accounts.limits.hashed_key",
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    }
}
# How much one person (or, before signing in, one address) may do in how many seconds. Each is several times what the busiest day of
# a person asks for: a critical night of twenty sites, a hundred captures, a search at every keystroke. Only scripts meet them.
PAGES_PER_SECOND = environment.number("PAGES_PER_SECOND", 20)  # of one person by one process, after a burst of a thousand
LIMITS = {
    "filing": (60, 3600),
    "staff_filing": (300, 3600),  # on behalf of those who phone, all at once when a trunk fails
    "reply": (120, 3600),
    "staff_reply": (600, 3600),
    "change": (300, 3600),  # contests, declarations, answers on solutions, following, privacy: each is a mail to somebody
    "inviting": (200, 3600),  # a large company's people on its first day
    "upload": (600, 3600),
    "bytes": (20 * 1024**3, 86400),
    "search": (120, 60),
    "export": (30, 3600),
    "invitation": (60, 3600),  # links tried, by address
    "download": (600, 3600),  # links to files of releases and licences
    "paging": (30, 3600),  # test pages: some services charge for each
}
CUSTOMER_FILES_A_DAY, CUSTOMER_BYTES_A_DAY = 5000, 50 * 1024**3
SESSION_ENGINE = "django.contrib.sessions.backends.db"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

CELERY_BROKER_URL = environment.queue("REDIS_URL")

# --- People ---------------------------------------------------------------------------------------------------------
# Addresses are unique without regard to case, by an index on lower(email) that this check does not know.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ["email", "name"]}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "notifications.account_mail.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation is the proof of an address; there is no signing up
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True  # who reads the mail gets in, also while strangers guess; a second factor is asked for all the same
# Failed attempts at a password (`AccountAdapter.pre_authenticate`). One address reaches 60 an hour for one person, so that it alone never
# uses up what there is from anywhere. allauth's own `login_failed` stays for second factors, which only who knows the password meets.
ACCOUNT_RATE_LIMITS = {
    "login_failed_here": "10/m/ip,5/5m/key",  # by address, and by address and person
    "login_failed_anywhere": "100/h/key",  # by person, from browsers that are not known
    "login_failed_known": "10/5m/key",  # by browser that its person signed in with before
}

USERSESSIONS_TRACK_ACTIVITY = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = PROVIDER_NAME
STAFF_SECOND_FACTOR = environment.flag("STAFF_SECOND_FACTOR", default=not EMBEDDED)
INVITATION_DAYS = 7

# --- Mail -----------------------------------------------------------------------------------------------------------
globals().update(environment.mail("EMAIL_URL"))
ANYMAIL_WEBHOOK_SECRET = environment.shared_secret("ANYMAIL_WEBHOOK_SECRET")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = environment.text("MAIL_FROM", f"{PROVIDER_NAME} Support <support@localhost>")
MAIL_DOMAIN = urlsplit(BASE_URL).hostname
MAIL_JOIN_SECONDS = environment.number("MAIL_JOIN_SECONDS", 60)

# --- Monitoring -----------------------------------------------------------------------------------------------------
DISCOVERY_TOKEN = environment.secret("DISCOVERY_TOKEN", least=20)
PROMETHEUS_URL = environment.figures_server("PROMETHEUS_URL")

# --- Pages ----------------------------------------------------------------------------------------------------------
PAGES_TO_PRIVATE_ADDRESSES = environment.flag("PAGES_TO_PRIVATE_ADDRESSES")

# --- Files ----------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "helpdesk.bundle.StyleSheetFinder",
]
STATIC_ROOT = environment.text("STATIC_ROOT", str(BASE_DIR / "var" / "static"))
MEDIA_ROOT = environment.text("FILES_ROOT", str(BASE_DIR / "var" / "files"))
FILE_MAX_BYTES = environment.number("FILE_MAX_MB", 100, least=1) * 1024 * 1024
FILES_PER_MESSAGE = 20
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "releases": environment.release_files("RELEASE_FILES"),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
RELEASE_FILE_MAX_BYTES = environment.number("RELEASE_FILE_MAX_MB", 4096, least=1) * 1024 * 1024
FILES_ACCEL = environment.accel_address("FILES_ACCEL")
# A link to a file of a release, and the one in the mail that announces it.
DOWNLOAD_LINK_SECONDS = 3600
RELEASE_MAIL_LINK_DAYS = 30
FILE_UPLOAD_HANDLERS = ["tickets.uploads.LimitedFileUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- Language and time ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("pt-br", _("Portuguese (Brazil)"))]
LOCALE_PATHS = [BASE_DIR / "helpdesk" / "locale"]
FORMAT_MODULE_PATH = "helpdesk.formats"
USE_I18N = USE_TZ = True
TIME_ZONE = environment.zone("TIME_ZONE", "America/Sao_Paulo")

# --- Log ------------------------------------------------------------------------------------------------------------
LOGGING = logs.configuration(
    environment.one_of("LOG_FORMAT", "line" if EMBEDDED else "json", {"line", "json"}),
    environment.one_of("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"}),
)
