"""The look of the admin: the brand row of static/stockcheck/tokens.css, our mark, our type."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import get_script_prefix
from django.utils.translation import gettext_lazy as _

BRAND = {
    "50": "#f0f4ff",
    "100": "#e0e8ff",
    "200": "#c5d3fe",
    "300": "#9db4fc",
    "400": "#6f8ff7",
    "500": "#476bec",
    "600": "#2b4fd2",
    "700": "#233fab",
    "800": "#1f3686",
    "900": "#1c2f6b",
    "950": "#131d42",
}
BASE = {
    "50": "#f9fafb",
    "100": "#eef0f3",
    "200": "#e3e7ec",
    "300": "#c6cdd6",
    "400": "#97a1af",
    "500": "#616c7b",
    "600": "#414b59",
    "700": "#2a323d",
    "800": "#1a2029",
    "900": "#161b23",
    "950": "#0e1218",
}


def asset(path: str) -> Callable[[HttpRequest], str]:
    """Unfold asks for addresses with the request; static files know theirs only once settings are loaded."""
    return lambda request: static(path)


def home(request: HttpRequest) -> str:
    """The workbench of the organization whose admin this is: its address is the script prefix."""
    return get_script_prefix()


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "stockcheck",
    "SITE_HEADER": "stockcheck",
    "SITE_SUBHEADER": _("Administration"),
    "SITE_URL": home,
    "SITE_ICON": asset("stockcheck/logo.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": asset("stockcheck/logo.svg")}],
    "STYLES": [asset("stockcheck/admin.css")],
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": BRAND, "base": BASE},
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"show_search": True, "show_all_applications": True, "navigation": []},
}
