#!/usr/bin/env python3
"""Calls the product does not make (base/banned.h poisons more of them at compile time): nothing ends the
process but main.c, numbers are read by base/str.h, library rooms do not log.

    tools/check_calls.py [SOURCE]       exit 0, or 1 and one line a call
    tools/check_calls.py --self-test"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from check_rooms import code_only, is_test  # noqa: E402

# name -> files that may call it
BANNED = {
    **dict.fromkeys("exit _exit quick_exit".split(), ("src/main.c",)),
    **dict.fromkeys("abort system popen vfork rand srand random setlocale strerror "
                    "gethostbyname tempnam atexit".split(), ()),
    "assert": ("src/base/config.c",),  # names of settings in our own code
    "getenv": ("src/main.c",),
    "signal": ("src/main.c", "src/api/cli_serve.c"),  # SIGPIPE is ignored before threads start
    "setjmp": ("src/base/json_read.c",),  # yajl does not check its allocator
    "longjmp": ("src/base/json_read.c",),
    **dict.fromkeys("strtol strtoul strtoll strtoull strtod strtof strtold".split(), ()),
}
CALL = re.compile(r"(?<![.>\w])(" + "|".join(BANNED) + r")\s*\(")
SILENT = ("base", "store", "fhir", "policy", "record", "identity", "desk")
LOGGERS = ("src/base/log.c", "src/base/log.h", "src/base/time.c")


def check_text(name, text):
    code = code_only(text)
    for m in CALL.finditer(code):
        if name not in BANNED[m.group(1)]:
            yield f"{name}:{code.count(chr(10), 0, m.start()) + 1}: {m.group(1)}() is not called here"
    if name.split("/")[1] in SILENT and name not in LOGGERS:
        for m in re.finditer(r"\blog_event\s*\(", code):
            yield f"{name}:{code.count(chr(10), 0, m.start()) + 1}: library rooms return errors, they do not log"


def main(source):
    bad = []
    for path in sorted((source / "src").rglob("*.[ch]")):
        if not is_test(path):
            bad += check_text(str(path.relative_to(source)), path.read_text(encoding="utf-8"))
    print("\n".join(bad) or "no banned calls")
    return 1 if bad else 0


def self_test():
    assert list(check_text("src/store/a.c", "int f(void) { abort(); }"))
    assert list(check_text("src/desk/a.c", 'log_event(LOG_INFO, "x", "y");'))
    assert not list(check_text("src/api/a.c", 'log_event(LOG_INFO, "x", "y"); _Static_assert(1, "");'))
    assert not list(check_text("src/main.c", "exit(1); /* abort() */"))
    print("finds what it should")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()))
