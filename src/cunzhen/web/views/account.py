"""我的账号: who I am here, my password, my sign-ins and my programs' tokens."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from cunzhen.accounts.models import User
from cunzhen.accounts.operations import change_password, revoke_token
from cunzhen.accounts.queries import latest_sign_ins, own_tokens
from cunzhen.accounts.rules import Actor
from cunzhen.errors import Invalid, Missing
from cunzhen.web.people import said, signed_in

LONGEST = 200
SIGN_INS = 5
_FIELDS = {"A-12": "old", "A-13": "new", "A-05": "new", "A-21": "again"}  # which field a refusal is about


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@signed_in
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The account; a post changes its password."""
    if request.method != "POST":
        return _show(request, actor, None, 200)
    try:
        user = change_password(actor, old=_typed(request, "old"), new=_new(request), now=timezone.now())
    except Invalid as error:
        return _show(request, actor, error, 422)
    update_session_auth_hash(request, user)
    messages.success(request, _("口令已更改。其他地方的登录都已退出。"))
    return redirect("web:account")


def _new(request: HttpRequest) -> str:
    new = _typed(request, "new")
    if new != _typed(request, "again"):
        raise Invalid("A-21", "两次输入的新口令不一致，请重新输入。", "The two new passwords differ; type them again.")
    return new


def _typed(request: HttpRequest, name: str) -> str:
    return str(request.POST.get(name, ""))[:LONGEST]


def _show(request: HttpRequest, actor: Actor, error: Invalid | None, status: int) -> HttpResponse:
    context = {
        "user": User.objects.get(id=actor.id),
        "sign_ins": latest_sign_ins(actor, SIGN_INS),
        "tokens": list(own_tokens(actor, now=timezone.now())),
        "error": said(error) if error else None,
        "field": _FIELDS.get(error.code, "old") if error else "",
        "may_change": actor.may("change_password"),
    }
    return render(request, "web/account.html", context, status=status)


@require_POST
@signed_in
def revoke(request: HttpRequest, actor: Actor, token_id: UUID) -> HttpResponse:
    """Take one of one's own tokens back."""
    if not own_tokens(actor, now=timezone.now()).filter(id=token_id).exists():
        raise Missing("A-20", "没有这个令牌，请核对编号。", "There is no such token within your reach.")
    revoke_token(actor, token_id=token_id, now=timezone.now())
    messages.success(request, _("令牌已吊销，用它的程序不能再访问。"))
    return redirect("web:account")
