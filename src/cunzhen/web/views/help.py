"""帮助: one page that says how the day goes and what the keys do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cunzhen.accounts.rules import Actor
from cunzhen.web.people import signed_in


@require_GET
@signed_in
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Help."""
    return render(request, "web/help.html", {})
