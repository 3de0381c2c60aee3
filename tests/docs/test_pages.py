"""Every page can be reached, its links lead somewhere, and the feature table is whole."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("http://", "https://")):
            path, _, anchor = target.partition("#")
            there = (page.parent / path).resolve() if path else page
            assert there.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in anchors(there), f"{page.name}: {target}"


def linked(pages: Iterable[Path]) -> set[Path]:
    return {
        (page.parent / target).resolve()
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text())
    }


def test_every_page_is_linked_from_another() -> None:
    there = {page for page in PAGES if page.name not in ("README.md",)}
    assert there <= linked(PAGES)


def test_the_feature_table_has_every_requirement_once() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    said = [found for line in lines if (found := re.match(r"\| R(\d+) \|.*\| ([a-z ]+) \|", line))]
    assert [int(one[1]) for one in said] == list(range(1, 105))
    assert {one[2] for one in said} <= {"yes", "partly", "not yet"}
