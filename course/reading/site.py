"""Make the reading version: static pages with a search, for a browser.

python -m course.reading.site         into build/site

They work from disk: no network, no server.
"""

import shutil
import sys
from itertools import groupby
from pathlib import Path

from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config

from course.folders import ROOT

from .look import dark_pictures
from .pages import Page, pages

HERE = Path(__file__).parent / "files"
BUILT = ROOT / "build" / "site"
SLATE = '[data-md-color-scheme="slate"] '


def build(to: Path = BUILT) -> list[Page]:
    """Write the pages' Markdown beside `to`, and the site into it."""
    written = to.with_name(f"{to.name}-pages")
    shutil.rmtree(written, ignore_errors=True)
    found = pages()
    for page in found:
        file = written / page.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page.text, "utf-8")
    assets = written / "assets"
    assets.mkdir()
    shutil.copy(HERE / "worker.js", assets / "iframe-worker.js")
    style = (HERE / "site.css").read_text("utf-8") + dark_pictures(SLATE)
    (assets / "site.css").write_text(style, "utf-8")
    config = load_config(
        str(HERE / "mkdocs.yml"),
        docs_dir=str(written),
        site_dir=str(to),
        nav=navigation(found),
    )
    config.plugins.on_startup(command="build", dirty=False)
    mkdocs_build(config)
    config.plugins.on_shutdown()
    return found


def navigation(found: list[Page]) -> list[dict[str, object]]:
    """Put each page under its group, in order."""
    nav: list[dict[str, object]] = []
    for group, members in groupby(found, lambda page: page.group):
        inside = [{page.title: page.path} for page in members]
        one = len(inside) == 1
        nav.append({group: found_in(inside[0]) if one else inside})
    return nav


def found_in(entry: dict[str, str]) -> str:
    """Return the only page of a group."""
    (path,) = entry.values()
    return path


def main() -> int:
    """Make it, and say where it is."""
    found = build()
    print(f"✓ {len(found)} pages")
    print(f"Open {(BUILT / 'index.html').as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
