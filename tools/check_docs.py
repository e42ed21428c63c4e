#!/usr/bin/env python3
"""The papers stay true: every `name()` in docs/flows, ARCHITECTURE.md and the rooms' pages is a function or
macro of src/; every relative link leads somewhere; every room has a page of at most 40 lines; README.md has
at most 400 words, ARCHITECTURE.md at most 200 lines.

    tools/check_docs.py [SOURCE]        exit 0, or 1 and one line a problem"""
import re
import sys
from pathlib import Path


def names_in_source(source):
    names = set()
    for path in (source / "src").rglob("*.[ch]"):
        names.update(re.findall(r"\b(\w+)\(", path.read_text(encoding="utf-8")))
    return names


def check_names(source):
    known = names_in_source(source)
    pages = [source / "ARCHITECTURE.md", *(source / "docs" / "flows").glob("*.md"),
             *(source / "src").glob("*/README.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8") if page.exists() else ""
        for m in re.finditer(r"`(\w+)\(\)`", text):
            if m.group(1) not in known:
                yield f"{page}:{text.count(chr(10), 0, m.start()) + 1}: there is no {m.group(1)}()"


def check_links(source):
    for page in source.rglob("*.md"):
        if {"build", "node_modules", ".git"} & set(page.relative_to(source).parts):
            continue
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if not re.match(r"\w+:", target) and not (page.parent / target).exists():
                yield f"{page}: the link {target} leads nowhere"


def check_lengths(source):
    for room in sorted(p for p in (source / "src").iterdir() if p.is_dir()):
        page = room / "README.md"
        if not page.exists():
            yield f"src/{room.name}: has no README.md"
        elif page.read_text(encoding="utf-8").count("\n") > 40:
            yield f"{page}: more than 40 lines"
    readme, architecture = source / "README.md", source / "ARCHITECTURE.md"
    if not readme.exists() or len(readme.read_text(encoding="utf-8").split()) > 400:
        yield "README.md: missing, or more than 400 words"
    if not architecture.exists() or architecture.read_text(encoding="utf-8").count("\n") > 200:
        yield "ARCHITECTURE.md: missing, or more than 200 lines"


if __name__ == "__main__":
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    found = [*check_names(root), *check_links(root), *check_lengths(root)]
    print("\n".join(found) or "the papers are true")
    sys.exit(1 if found else 0)
