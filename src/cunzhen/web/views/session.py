"""Signing in and out, and the language of the pages."""

from __future__ import annotations

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cunzhen.accounts.operations import sign_in
from cunzhen.errors import Refused
from cunzhen.web.people import plain_text, said

_LONGEST = 200


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """The sign-in form."""
    onward = request.POST.get("next") or request.GET.get("next") or "/"
    if not onward.startswith("/") or not url_has_allowed_host_and_scheme(onward, allowed_hosts=None):
        onward = "/"
    if request.method == "GET":
        return render(request, "web/sign_in.html", {"next": onward})
    username = plain_text(request.POST.get("username", ""))[:_LONGEST]
    try:
        user = sign_in(
            username=username,
            password=request.POST.get("password", "")[:_LONGEST],
            address=request.META.get("REMOTE_ADDR", ""),
            now=timezone.now(),
        )
    except Refused as error:
        context = {"next": onward, "username": username, "error": said(error)}
        return render(request, "web/sign_in.html", context, status=422)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect(onward)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("web:sign_in")
