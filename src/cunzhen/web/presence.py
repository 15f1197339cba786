"""A session that was begun at a time that has not come yet ends: it would last for as long as the clock is wrong."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from cunzhen.accounts.clock import TOLERANCE

BEGUN = "begun"  # seconds since 1970


class Presence:
    """Notes in each session when it was begun, and ends those begun ahead of the clock.

    Sessions last for hours, so that one that is open when the clock goes back by a day was begun ahead of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """One request."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            begun = request.session.get(BEGUN)
            if begun is not None and begun > timezone.now().timestamp() + TOLERANCE.total_seconds():
                logout(request)
        response = self._get_response(request)
        if request.session.accessed and SESSION_KEY in request.session and BEGUN not in request.session:
            request.session[BEGUN] = int(timezone.now().timestamp())
        return response
