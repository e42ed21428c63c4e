#!/usr/bin/env python3
"""Every header of src/ compiles alone, as the first and only thing in a file.

    tools/check_headers.py BUILD        BUILD holds compile_commands.json"""
import concurrent.futures
import json
import shlex
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent


def flags_by_room(build):
    """Compiler and flags of one file a room, without its input and outputs."""
    rooms = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = Path(entry["file"])
        if path.suffix != ".c" or not path.is_relative_to(SOURCE / "src"):
            continue
        words = shlex.split(entry["command"])
        # test.h wants cmocka, which only the flags of tests know.
        kind = "test" if path.stem.endswith("_test") else path.relative_to(SOURCE / "src").parts[0]
        rooms[kind] = words[:words.index("-MD") if "-MD" in words else words.index("-o")]
    return rooms


def compile_alone(header, flags):
    text = f'#include "{header.relative_to(SOURCE / "src")}"\n'
    run = subprocess.run(flags + ["-fsyntax-only", "-Wno-unused-function", "-x", "c", "-"],
                         input=text, capture_output=True, text=True, check=False)
    return f"{header}:\n{run.stderr}" if run.returncode else ""


def main(build):
    rooms = flags_by_room(build)
    work = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for header in sorted((SOURCE / "src").rglob("*.h")):
            room = "test" if header.name == "test.h" else header.relative_to(SOURCE / "src").parts[0]
            work.append(pool.submit(compile_alone, header, rooms.get(room, rooms["base"])))
    bad = [w.result() for w in work if w.result()]
    print("\n".join(bad) or f"{len(work)} headers compile alone")
    return 1 if bad or not work else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
