"""Keeping packages: durable in every promised store before the caller's transaction may commit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from uuid_utils.compat import uuid7

from cunzhen.database.rows import copy_rows, update_rows
from cunzhen.errors import Conflict, Invalid, Missing
from cunzhen.formats.digests import digest_bytes, digest_file
from cunzhen.formats.ocfl_write import NewVersion, Staged, stage_object
from cunzhen.preservation import queries
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.preservation.rules import (
    SM3_MANIFEST,
    ContentFile,
    KeptPackage,
    NewPackage,
    Revision,
    object_id,
    promised_stores,
    read_sm3_listing,
    sm3_listing,
    version_info,
)
from cunzhen.preservation.store import Store, StoreBatch, configured_names

_WRITTEN = """
UPDATE preservation_packagecopy c SET version = w.version, written_at = %s, checked_at = NULL
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS w(package_id, store, version)
WHERE c.package_id = w.package_id AND c.store = w.store
"""
# Round trips to a store far away are slow one after the other.
_THREADS = 16


def keep_packages(packages: Sequence[NewPackage], *, now: datetime) -> list[KeptPackage]:
    """Keep a batch of new packages, each in every store it is promised to; when this returns, they are durable.

    1. Everything is written to staging of every store with one read of each source, synced once, sizes read back.
    2. The rows are added. From here on nobody else can keep the same ids: a second one waits and is refused.
    3. An object of one of the ids can now only be left over from a run that was killed; it is set aside.
    4. The objects are moved into place and synced.

    The caller commits; until then the janitor knows the batch by its journal and leaves rows in flight alone.

    Args:
        packages: new ones, each id once; each says which stores it is promised to.
        now: aware time of the act.

    Raises:
        Conflict: ``P-02`` where a package of an id is kept already.
        Invalid: ``P-01`` unsafe path, ``P-05`` a source is missing or not what was promised, ``P-06`` no files,
            ``P-07`` time without a zone, ``P-09`` the same id twice.
        Unavailable: ``P-10`` no space, ``P-11`` disk error, ``P-12`` store gone, ``P-13`` store not ours, ``P-41`` a
            promised store is not in the settings, ``P-42`` to ``P-45`` an object store does not serve.
    """
    _require_once([p.id for p in packages])
    if not packages:
        return []
    promised = {p.id: promised_stores(p.stores, configured_names()) for p in packages}
    stores = queries.stores({name for names in promised.values() for name in names})
    with transaction.atomic(), _batch(stores) as batch:
        staged = [stage_object(_first_version(p), batch.sinks(promised[p.id])) for p in packages]
        kept = [_kept(p.id, s, s.byte_count, s.file_count) for p, s in zip(packages, staged, strict=True)]
        batch.seal()
        _add_rows(packages, kept, promised, now)
        _side_by_side(_clear_the_way, [(s, p.id) for s in stores for p in packages if s.name in promised[p.id]])
        batch.place()
    return kept


def revise_packages(revisions: Sequence[Revision], *, now: datetime) -> list[KeptPackage]:
    """Add a version to each of a batch of packages; earlier versions never change, content is stored once.

    It goes into every copy that is not known to be bad. One that is stays marked as it is, with the version it has,
    until it is repaired, and then gets all versions at once.

    Args:
        revisions: each id once.
        now: aware time of the act.

    Raises:
        Missing: ``P-08`` no such package, ``P-03`` a removed path is not in it.
        Unavailable: ``P-14`` no copy of the version before can be read whole; ``P-15`` a copy turns out to be bad;
            ``P-10`` to ``P-13`` and ``P-41`` on as above.
        Invalid: as for ``keep_packages``.
    """
    _require_once([r.id for r in revisions])
    if not revisions:
        return []
    with transaction.atomic():
        rows = _locked([r.id for r in revisions])
        copies = _whole_copies(rows)
        stores = queries.stores({name for names in copies.values() for name in names})
        with _batch(stores) as batch:
            staged = [stage_object(_next_version(r, rows[r.id]), batch.sinks(copies[r.id])) for r in revisions]
            kept = [_grown(rows[r.id], s) for r, s in zip(revisions, staged, strict=True)]
            batch.seal()
            _side_by_side(_roll_back, [(s, row) for s in stores for row in rows.values() if s.name in copies[row.id]])
            _update_rows(rows, kept, copies, now)
            batch.place()
    return kept


@dataclass
class _Batch:
    """One batch in every store: thrown away unless it was placed, forgotten once its transaction is committed."""

    stagings: dict[str, StoreBatch] = field(default_factory=dict)
    placing: bool = False

    def sinks(self, names: Collection[str]) -> list[StoreBatch]:
        """Those of some stores."""
        return [staging for name, staging in self.stagings.items() if name in names]

    def seal(self) -> None:
        """Make the staged files durable in every store."""
        self._everywhere(lambda staging: staging.seal())

    def place(self) -> None:
        """Move them into place in every store, durably."""
        self.placing = True
        self._everywhere(lambda staging: staging.place())
        for staging in self.stagings.values():
            transaction.on_commit(staging.forget)

    def _everywhere(self, step: Callable[[StoreBatch], None]) -> None:
        _side_by_side(step, [(staging,) for staging in self.stagings.values()])

    def discard(self) -> None:
        """Throw it away, unless placing has begun: then the journal has to stay, for the janitor goes by it."""
        if not self.placing:
            for staging in self.stagings.values():
                staging.discard()


@contextmanager
def _batch(stores: Sequence[Store]) -> Iterator[_Batch]:
    name, batch = uuid7().hex, _Batch()
    with ExitStack() as stack:
        stack.callback(batch.discard)
        for store in stores:
            batch.stagings[store.name] = stack.enter_context(store.begin(name))
        yield batch


def _side_by_side(step: Callable[..., None], arguments: Sequence[tuple[object, ...]]) -> None:
    """One step with each of some arguments in threads; the first refusal is raised when all have come to an end."""
    if not arguments:
        return
    with ThreadPoolExecutor(max_workers=min(_THREADS, len(arguments)), thread_name_prefix="store") as pool:
        done = [pool.submit(step, *given) for given in arguments]
    for future in done:
        future.result()


def _require_once(ids: Sequence[UUID]) -> None:
    if len(set(ids)) != len(ids):
        raise Invalid("P-09", "同一批中有两个相同编号的保存包。", "Two packages of one batch have the same id.")


def _first_version(new: NewPackage) -> NewVersion:
    if not new.files:
        raise Invalid("P-06", "保存包中没有任何文件。", "The package has no file.", package=str(new.id))
    return NewVersion(object_id(new.id), _with_listing(new.files, {}), version_info(new, settings.NODE))


def _next_version(revision: Revision, row: Package) -> NewVersion:
    previous = queries.inventory_of(row)
    known = read_sm3_listing(queries.read_loaded(row, SM3_MANIFEST))
    unchanged = {path: digest for path, digest in known.items() if path not in revision.removed}
    return NewVersion(
        object_id(row.id),
        _with_listing(revision.files, unchanged),
        version_info(revision, settings.NODE),
        previous,
        revision.removed,
    )


def _with_listing(files: Sequence[ContentFile], unchanged: dict[str, str]) -> list[ContentFile]:
    promised = [_promised(file) for file in files if file.path != SM3_MANIFEST]
    listing = sm3_listing({**unchanged, **{file.path: file.sm3 for file in promised}})
    return [*promised, ContentFile(SM3_MANIFEST, listing)]


def _promised(file: ContentFile) -> ContentFile:
    """A caller that has no digests yet gets them from the bytes; those of the main path registered them on receipt."""
    if file.sha256 and file.sm3:
        return file
    try:
        found = digest_bytes(file.source) if isinstance(file.source, bytes) else digest_file(file.source)
    except OSError:
        return file  # Staging names the file in its refusal.
    return replace(file, sha256=file.sha256 or found.sha256, sm3=file.sm3 or found.sm3)


def _kept(package_id: UUID, staged: Staged, byte_count: int, file_count: int) -> KeptPackage:
    return KeptPackage(
        package_id,
        staged.inventory.head,
        staged.inventory_sha512,
        byte_count,
        file_count,
        staged.inventory_sha256,
        staged.inventory_sm3,
    )


def _grown(row: Package, staged: Staged) -> KeptPackage:
    return _kept(row.id, staged, row.byte_count + staged.byte_count, row.file_count + staged.file_count)


def _add_rows(
    packages: Sequence[NewPackage],
    kept: Sequence[KeptPackage],
    promised: Mapping[UUID, Sequence[str]],
    now: datetime,
) -> None:
    rows = [
        Package(
            id=k.id,
            node=settings.NODE,
            kind=p.kind,
            version=k.version,
            inventory_sha512=k.inventory_sha512,
            byte_count=k.bytes,
            file_count=k.files,
            created_at=p.created_at,
        )
        for p, k in zip(packages, kept, strict=True)
    ]
    try:
        # COPY speaks to the driver itself, so its errors come untranslated but for this.
        with transaction.atomic(), connection.wrap_database_errors:
            # In the order of ids, so that two batches that share some can never wait for each other in a ring.
            copy_rows(sorted(rows, key=lambda row: row.pk))
    except IntegrityError:
        raise Conflict(
            "P-02",
            "这批档案中有已经保存过的，未作任何覆盖。",
            "A package of this batch is kept already; nothing was overwritten.",
        ) from None
    copy_rows(
        [
            PackageCopy(id=uuid7(), package_id=k.id, store=store, version=k.version, written_at=now)
            for k in kept
            for store in promised[k.id]
        ]
    )


def _clear_the_way(store: Store, package_id: UUID) -> None:
    if store.has(object_id(package_id)):
        store.set_aside(object_id(package_id))


def _roll_back(store: Store, row: Package) -> None:
    store.roll_back(object_id(row.id), row.version)


def _whole_copies(rows: Mapping[UUID, Package]) -> dict[UUID, list[str]]:
    """Stores of each package whose copy is not known to be bad.

    Raises:
        Unavailable: ``P-14`` where there is none.
    """
    found: dict[UUID, list[str]] = {package_id: [] for package_id in rows}
    kept = PackageCopy.objects.filter(package_id__in=rows, state=PackageCopy.State.KEPT).order_by("store")
    for package_id, store in kept.values_list("package_id", "store"):
        found[package_id].append(store)
    for package_id, names in found.items():
        if not names:
            raise queries.no_copy(package_id)
    return found


def _locked(ids: Sequence[UUID]) -> dict[UUID, Package]:
    loaded = Package.objects.select_for_update().filter(id__in=ids).order_by("id").prefetch_related("copies")
    rows = {row.id: row for row in loaded}
    for package_id in ids:
        if package_id not in rows:
            raise Missing("P-08", "没有这个保存包。", "There is no such package.", package=str(package_id))
    return rows


def _update_rows(
    rows: dict[UUID, Package], kept: Sequence[KeptPackage], copies: Mapping[UUID, Sequence[str]], now: datetime
) -> None:
    for one in kept:
        row = rows[one.id]
        row.version, row.inventory_sha512 = one.version, one.inventory_sha512
        row.byte_count, row.file_count = one.bytes, one.files
    update_rows(list(rows.values()), ["version", "inventory_sha512", "byte_count", "file_count"])
    written = [(k.id, store, k.version) for k in kept for store in copies[k.id]]
    with connection.cursor() as cursor:
        cursor.execute(_WRITTEN, [now, *map(list, zip(*written, strict=True))])
