"""Addresses of the desk. No name and no number ever stands in one."""

from __future__ import annotations

from django.urls import path

from cunzhen.web.views import describe, help, home, items, ledger, pages, search, session, transfers, uploads

app_name = "web"
urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", session.sign_in_page, name="sign_in"),
    path("sign-out/", session.sign_out, name="sign_out"),
    path("help/", help.page, name="help"),
    path("transfers/", transfers.index, name="transfers"),
    path("transfers/new/", transfers.new, name="new_transfer"),
    path("transfers/<uuid:transfer_id>/", transfers.record, name="transfer"),
    path("transfers/<uuid:transfer_id>/receive/", transfers.receive, name="receive_transfer"),
    path("transfers/<uuid:transfer_id>/retry/", transfers.retry, name="retry_drafts"),
    path("transfers/<uuid:transfer_id>/return/", transfers.send_back, name="return_drafts"),
    path("transfers/<uuid:transfer_id>/receipt/", transfers.show_receipt, name="receipt"),
    path("uploads/", uploads.create, name="uploads"),
    path("uploads/<uuid:upload_id>/", uploads.piece, name="upload"),
    path("describe/", describe.queue, name="queue"),
    path("describe/<uuid:draft_id>/", describe.desk, name="describe"),
    path("describe/<uuid:draft_id>/return/", describe.send_back, name="return_draft"),
    path("describe/<uuid:draft_id>/pages/<int:number>.jpg", pages.draft_page, name="draft_page"),
    path("describe/<uuid:draft_id>/thumbnails/<int:number>.jpg", pages.draft_thumbnail, name="draft_thumbnail"),
    path("items/", items.index, name="items"),
    path("items/<uuid:item_id>/", items.record, name="item"),
    path("items/<uuid:item_id>/pages/<int:number>.jpg", pages.item_page, name="item_page"),
    path("items/<uuid:item_id>/thumbnails/<int:number>.jpg", pages.item_thumbnail, name="item_thumbnail"),
    path("items/<uuid:item_id>/files/<int:number>/", pages.component, name="component"),
    path("search/", search.start, name="search"),
    path("search/<uuid:search_id>/", search.show, name="results"),
    path("ledger/", ledger.page, name="ledger"),
    path("ledger/<path:path>", ledger.published, name="ledger_resource"),
]
