"""All style sheets as one: a component keeps a file of its own, a first page makes one request for them."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage

BUNDLE = "css/helpdesk.css"
FOLDER = settings.BASE_DIR / "helpdesk" / "static" / "css"
# What the components build on comes first; their order among themselves does not matter, since each has its own names.
FOUNDATION = ("tokens", "base", "layout")


def bundled_css() -> str:
    """Every style sheet, foundation first, then components by name."""
    components = sorted(path.stem for path in FOLDER.glob("*.css") if path.stem not in FOUNDATION)
    return "".join((FOLDER / f"{name}.css").read_text("utf-8") for name in (*FOUNDATION, *components))


class StyleSheetFinder(BaseFinder):
    """Offers the bundle to `collectstatic` and to the development and test servers as if it were a file."""

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        storage = InMemoryStorage()
        storage.save(BUNDLE, ContentFile(bundled_css().encode()))
        yield BUNDLE, storage

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The test server asks for a path on disk; the bundle is written beside what is collected."""
        if path != BUNDLE:
            return [] if find_all else None
        target = settings.BASE_DIR / "var" / "static-bundle" / BUNDLE
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(bundled_css(), "utf-8")
        return [str(target)] if find_all else str(target)
