"""The content security policy: strict on our pages, with what the admin's Alpine needs under its path."""

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

ADMIN_UPDATE = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}


class PolicyMiddleware(CSPMiddleware):
    """Adds ``unsafe-eval`` (Alpine) and inline styles only where the admin is served."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if "/admin/" in request.path:
            parts.update = {**(parts.update or {}), **ADMIN_UPDATE}
        return parts
