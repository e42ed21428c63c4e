#!/usr/bin/env python3
"""The laws of the house, checked over #include lines and calls (ARCHITECTURE.md, "Laws").

    tools/check_rooms.py [SOURCE]       exit 0, or 1 and one line a broken law
    tools/check_rooms.py --self-test    the checker finds what it is there to find
"""
import re
import sys
import tempfile
from pathlib import Path

# What each room may use. CMakeLists.txt says the same with room(... DEPENDS ...).
ROOMS = {
    "base": "",
    "net": "base",
    "store": "base",
    "fhir": "base",
    "policy": "base",
    "record": "base store fhir policy",
    "terms": "base fhir policy record",
    "identity": "base store fhir policy record",
    "desk": "base fhir policy record",
    "vitals": "base",
    "monitor": "base net fhir policy record identity desk vitals",
    "fleet": "base fhir policy record identity desk",
    "outreach": "base net fhir policy record desk",
    "campaign": "base fhir policy record desk outreach",
    "survey": "base fhir policy record desk outreach campaign",
    "programme": "base fhir policy record desk outreach campaign survey",
    "partners": "base net fhir policy record identity",
    "rules": "base policy record",
    "demo": "base",
    "api": "base net fhir policy record terms identity desk monitor fleet outreach campaign survey programme partners rules demo",
}
CARE = ("monitor", "fleet", "outreach", "partners")
ADAPTER = re.compile(r"_(mqtt|smpp|smtp|sip|http)(\.c|_int\.h)$")
NETWORK = re.compile(r"^(net/|curl/|mosquitto|microhttpd|sys/socket\.h|sys/un\.h|netdb\.h|netinet/|arpa/)")
# Rooms that answer from what they are given: no clock, no chance, no log, no files.
PURE = ("fhir", "policy", "vitals")
IMPURE_HEADER = re.compile(r"^(base/(uuid|log)\.h|time\.h|unistd\.h|fcntl\.h|sys/(?!types)|sodium|sqlite3)")
IMPURE_CALL = re.compile(r"(?<![.>\w])(time_now|time_mono|time_mono_ns|clock_gettime|time|fopen|open|read|write|"
                         r"printf|fprintf|puts|getenv|random_bytes|random_u64|uuid_new|log_event)\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def code_only(text):
    """The text without comments and string contents, line numbers kept."""
    def blank(m):
        return re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


def is_test(path):
    """Tests, fuzz harnesses, and what only they include: their rooms' wider surroundings are open to them."""
    return path.stem.endswith(("_test", "_fuzz")) or path.stem in ("test", "fixture", "fixture_int")


def closure(room):
    seen, todo = set(), [room]
    while todo:
        for other in ROOMS[todo.pop()].split():
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def check_include(path, room, target, test):
    """One include line of a file in room; yields what is wrong with it."""
    if NETWORK.match(target) and not test:
        if room in CARE + ("demo",) and path.name != f"{room}_int.h" and not ADAPTER.search(path.name):
            yield f"{target}: only *_mqtt.c, *_smpp.c, *_smtp.c, *_sip.c, *_http.c touch the network"
        elif room not in CARE + ("demo", "net", "api"):
            yield f"{target}: {room} does not touch the network"
    if room in PURE and not test and IMPURE_HEADER.match(target):
        yield f"{target}: {room} has no clock, no randomness and no files"
    other = target.split("/")[0]
    if "/" not in target or other not in ROOMS or other == room:
        return
    allowed = closure(room) if test else set(ROOMS[room].split())
    if other not in allowed:
        yield f"{target}: {room} may not use {other}"
    if target.endswith("_int.h") or target.count("/") > 1:
        yield f"{target}: private to {other}"


def check_file(src, path):
    room = path.relative_to(src).parts[0]
    text = path.read_text(encoding="utf-8")
    test = is_test(path)
    for m in INCLUDE.finditer(text):
        line = text.count("\n", 0, m.start(1)) + 1
        for problem in check_include(path, room, m.group(2), test):
            yield f"{path}:{line}: {problem}"
    if room in PURE and not test:
        code = code_only(text)
        own = set(re.findall(r"^static [^;{}()]*?\b(\w+)\(", code, re.M))
        for m in IMPURE_CALL.finditer(code):
            if m.group(1) in own:
                continue
            line = text.count("\n", 0, m.start()) + 1
            yield f"{path}:{line}: {m.group(1)}(): {room} has no clock, no randomness and no files"


def check_tables(source):
    """CMakeLists.txt must tell the same arrows, in an order that only points down."""
    cmake = (source / "CMakeLists.txt").read_text(encoding="utf-8")
    told = {m.group(1): (m.group(2) or "").split()
            for m in re.finditer(r"^room\((\w+)(?:\s+DEPENDS\s+([\w\s]+))?\)", cmake, re.M)}
    for room, uses in ROOMS.items():
        if sorted(told.get(room, ["(no room)"])) != sorted(uses.split()):
            yield f"CMakeLists.txt: room({room}) depends on {told.get(room)}, the law says: {uses}"
    for room in told:
        if room not in ROOMS:
            yield f"CMakeLists.txt: room({room}) has no row in tools/check_rooms.py"
    order = list(told)
    for room, uses in told.items():
        for other in uses:
            if other in order and order.index(other) >= order.index(room):
                yield f"CMakeLists.txt: the arrow {room} -> {other} points up"


def check(source):
    src = source / "src"
    problems = list(check_tables(source))
    for path in sorted(src.rglob("*.[ch]")):
        room = path.relative_to(src).parts[0]
        if room in ROOMS:
            problems += check_file(src, path)
        elif path.parent != src:
            problems.append(f"{path}: {room} is no room")
    return problems


def self_test():
    cases = [("monitor/watch.c", '#include "outreach/outreach.h"', "may not use outreach"),
             ("monitor/watch.c", '#include <mosquitto.h>', "touch the network"),
             ("monitor/source_mqtt.c", '#include <mosquitto.h>', None),
             ("desk/claim.c", '#include "store/store.h"', "may not use store"),
             ("store/commit.c", '#include "fhir/fhir.h"', "may not use fhir"),
             ("record/read.c", '#include "store/store_int.h"', "private to store"),
             ("policy/decide.c", "int f(void) { return (int)time_now(); }", "no clock"),
             ("policy/decide.c", "/* time_now() */", None),
             ("policy/rows.c", "static int read(int x)\n{\n    return read(x);\n}\n", None),
             ("fhir/read.c", "#include <unistd.h>", "no clock"),
             ("fhir/read_test.c", "#include <unistd.h>", None),
             ("record/read.c", '#include "store/store.h"', None),
             ("record/read.c", '#include <curl/curl.h>', "does not touch the network")]
    for name, text, want in cases:
        with tempfile.TemporaryDirectory() as tmp:
            src = Path(tmp)
            path = src / name
            path.parent.mkdir()
            path.write_text(text)
            got = list(check_file(src, path))
            assert bool(got) == bool(want) and (not want or want in got[0]), (name, text, got)
    print(f"{len(cases)} cases")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        sys.exit(0)
    found = check(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent))
    print("\n".join(found) or "every include keeps the laws")
    sys.exit(1 if found else 0)
