"""All settings, from the environment only; a wrong value stops the start. docs/operator-guide.md lists each one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from cunzhen.cli.given import given_passphrase
from cunzhen.formats.addresses import is_address
from cunzhen.formats.cosignature import WitnessAddress, read_addresses
from cunzhen.formats.store_address import StorePlace, read_stores
from cunzhen.keys import keystore


def _text(name: str, default: str = "") -> str:
    file = os.environ.get(f"{name}_FILE")
    return Path(file).read_text(encoding="utf-8").strip() if file else os.environ.get(name, default)


def _flag(name: str, default: bool) -> bool:
    value = _text(name, "1" if default else "0").lower()
    if value not in {"0", "1", "true", "false", "yes", "no"}:
        raise ImproperlyConfigured(f"{name} must be 0 or 1, not {value!r}")
    return value in {"1", "true", "yes"}


def _number(name: str, default: float, low: float, high: float) -> float:
    raw = _text(name, str(default))
    try:
        value = float(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {raw!r}") from None
    if not low <= value <= high:
        raise ImproperlyConfigured(f"{name} must lie between {low:g} and {high:g}, not {value:g}")
    return value


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql://")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or options.pop("port", "")),
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def _stores(text: str) -> dict[str, StorePlace]:
    try:
        return read_stores(text, _text)
    except ValueError as error:
        raise ImproperlyConfigured(f"CUNZHEN_STORES: {error}") from None


def _address(name: str) -> str:
    url = _text(name)
    if url and not is_address(url):
        raise ImproperlyConfigured(f"{name} must be an http or https address")
    return url


def _witnesses(text: str) -> tuple[WitnessAddress, ...]:
    try:
        return read_addresses(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"CUNZHEN_WITNESSES: {error}") from None


def _kept_secret(path: Path) -> str:
    """The web's signing secret: made once and kept in the home, readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(50))
    return path.read_text(encoding="ascii").strip()


HOME = Path(_text("CUNZHEN_HOME", "var")).resolve()
NODE = _text("CUNZHEN_NODE", "node-1")
if not NODE.replace("-", "").isalnum() or len(NODE) > 32:
    raise ImproperlyConfigured("CUNZHEN_NODE must be 1 to 32 letters, digits or hyphens")

# What opens the key store, where it is sealed.
keystore.use_passphrase(given_passphrase())

DEBUG = False
SECRET_KEY = _text("CUNZHEN_SECRET_KEY") or _kept_secret(HOME / "secret-key")
ALLOWED_HOSTS = _text("CUNZHEN_HOSTS", "127.0.0.1,localhost").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in _text("CUNZHEN_ORIGINS").split(",") if o]
HTTPS = _flag("CUNZHEN_HTTPS", False)

# The launcher of the embedded server sets DATABASE_URL for its children; an outside server is named the same way.
DATABASES = {"default": _database(_text("DATABASE_URL", "postgresql://cunzhen_app@/cunzhen"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Tables that the web's and the workers' role may only add to (architecture.md 4a, database roles).
APPEND_ONLY_TABLES = ("ledger_entry", "ledger_leaf", "ledger_subject")

# Stores of packages: name=folder or name=s3://bucket/prefix, separated by commas. One local store unless others are.
STORES = _stores(_text("CUNZHEN_STORES", f"a={HOME / 'stores' / 'a'}"))
S3_TIMEOUT_SECONDS = _number("CUNZHEN_S3_TIMEOUT_SECONDS", 30, 0.1, 600)
S3_DEADLINE_SECONDS = _number("CUNZHEN_S3_DEADLINE_SECONDS", 120, 1, 86_400)
S3_CONNECTIONS = int(_number("CUNZHEN_S3_CONNECTIONS", 16, 1, 128))
# Every copy is read again within so many days, at most so fast (0: no limit).
SCRUB_DAYS = _number("CUNZHEN_SCRUB_DAYS", 30, 1, 3650)
SCRUB_MB_PER_SECOND = _number("CUNZHEN_SCRUB_MB_PER_SECOND", 40, 0, 100_000)
LEDGER_ORIGIN = _text("CUNZHEN_LEDGER_ORIGIN", f"cunzhen.local/{NODE}")
# Machines of other agencies that countersign the ledger's heads: key, space, URL; several parted by commas.
WITNESSES = _witnesses(_text("CUNZHEN_WITNESSES"))
# An authority that stamps the ledger's head each day (RFC 3161), and the certificates that its stamps are checked by.
TSA_URL = _address("CUNZHEN_TSA_URL")
TSA_CERTIFICATES = Path(_text("CUNZHEN_TSA_CERTIFICATES")).resolve() if _text("CUNZHEN_TSA_CERTIFICATES") else None
READERS = int(_number("CUNZHEN_READERS", os.cpu_count() or 1, 1, 256))
UPLOAD_LIMIT_BYTES = int(_number("CUNZHEN_UPLOAD_LIMIT_MB", 2048, 1, 1_000_000)) * 1_000_000

# Folders that the workers back up into all the time; empty for none.
BACKUP_DIRS = tuple(Path(folder).resolve() for folder in _text("CUNZHEN_BACKUP_DIR").split(",") if folder)
BACKUP_KEEP = int(_number("CUNZHEN_BACKUP_KEEP", 7, 1, 1000))
BACKUP_MB_PER_SECOND = _number("CUNZHEN_BACKUP_MB_PER_SECOND", 0, 0, 1000)  # of a base; 0: no limit
BACKUP_PASSPHRASE = _text("CUNZHEN_BACKUP_PASSPHRASE")
BACKUP_DAYS = _number("CUNZHEN_BACKUP_DAYS", 2, 1, 366)  # cunzhen check warns when the last base is older
DRILL_DAYS = _number("CUNZHEN_DRILL_DAYS", 183, 1, 3660)  # and when the last restore drill is

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "procrastinate.contrib.django",
    "cunzhen.accounts",
    "cunzhen.ledger",
    "cunzhen.jobs",
    "cunzhen.preservation",
    "cunzhen.holdings",
    "cunzhen.capture",
    "cunzhen.access",
    "cunzhen.ui",
    "cunzhen.web",
    "cunzhen.api",
]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "cunzhen.ui.language.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cunzhen.web.presence.Presence",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "placed": {"()": "cunzhen.config.logs.Placed", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "placed"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"django": {"handlers": [], "level": "WARNING"}, "django.server": {"handlers": [], "level": "WARNING"}},
}
ROOT_URLCONF = "cunzhen.config.urls"
WSGI_APPLICATION = "cunzhen.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "cunzhen.web.context.desk",
            ],
        },
    },
]
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LOGIN_URL = "/sign-in/"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = int(_number("CUNZHEN_SESSION_HOURS", 10, 1, 24) * 3600)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024
