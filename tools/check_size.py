#!/usr/bin/env python3
"""Sizes: a function has at most 60 lines, 5 parameters besides the operation and its results, 4 levels
of nesting and complexity 20 (pmccabe, a switch counts once); a file at most 600 lines; a public header
at most 250.

    tools/check_size.py [SOURCE]        exit 0, or 1 and one line a thing too large
    tools/check_size.py --self-test

tools/size_allow.txt lists exceptions, "file function|* measure limit reason"; one that is no longer needed
is an error, so the list can only shrink."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from check_rooms import code_only  # noqa: E402

LIMITS = {"lines": 60, "parameters": 5, "nesting": 4, "complexity": 20, "file": 600, "header": 250}
CONTROL = re.compile(r"\b(if|for|while|switch|else|do|\w*FOR_?EACH\w*)\s*$")


def matching(text, at, step):
    """Index of the bracket that belongs to the one at text[at]."""
    pairs = {"(": ")", "{": "}"} if step > 0 else {")": "("}
    mine, other, depth = text[at], pairs[text[at]], 0
    while 0 <= at < len(text):
        depth += (text[at] == mine) - (text[at] == other)
        if depth == 0:
            return at
        at += step
    return -1


def is_block(text, at):
    """Whether the brace at text[at] opens a statement, not an initializer."""
    before = text[:at].rstrip()
    if before.endswith(")"):
        start = matching(before, len(before) - 1, -1)
        return bool(CONTROL.search(before[:start]))
    return bool(CONTROL.search(before)) or before[-1:] in ("{", "}", ";", ":")


def nesting(body):
    depth = deepest = 0
    stack = []
    for at, c in enumerate(body):
        if c == "{":
            stack.append(at > 0 and (len(stack) == 1 or stack[-1]) and is_block(body, at))
            depth += stack[-1]
            deepest = max(deepest, depth)
        elif c == "}" and stack:
            depth -= stack.pop()
    return deepest


def parameters(text):
    """How many there are besides the operation and the results (ret_...)."""
    inner = text[1:-1].strip()
    if inner in ("", "void"):
        return 0
    depth, parts = 0, [""]
    for c in inner:
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return sum(not re.search(r"\*(op|ret(_\w+)?)$", p.strip()) for p in parts)


def functions(path, text):
    """(name, {measure: value}) of every function, by pmccabe and the text."""
    out = subprocess.run(["pmccabe", str(path)], capture_output=True, text=True, check=True).stdout
    lines = text.split("\n")
    for row in out.splitlines():
        complexity, _, _, first, length, rest = row.split("\t")
        name = rest.split(": ")[-1].strip()
        chunk = "\n".join(lines[int(first) - 1:])
        at = re.search(rf"\b{re.escape(name)}\s*\(", chunk)
        if not at:
            continue
        close = matching(chunk, at.end() - 1, 1)
        brace = chunk.find("{", close)
        yield name, {"complexity": int(complexity), "lines": int(length),
                     "parameters": parameters(chunk[at.end() - 1:close + 1]),
                     "nesting": nesting(chunk[brace:matching(chunk, brace, 1) + 1])}


def measure(source, path):
    """(file, function or *, measure, value) for everything with a limit."""
    name = str(path.relative_to(source))
    text = path.read_text(encoding="utf-8")
    yield name, "*", "file", text.count("\n")
    if path.suffix == ".h":
        if not path.stem.endswith("_int"):
            yield name, "*", "header", text.count("\n")
        return
    for function, values in functions(path, code_only(text)):
        for what, value in values.items():
            yield name, function, what, value


def allowed(source):
    rows = {}
    path = source / "tools" / "size_allow.txt"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        if line and not line.startswith("#"):
            file, function, what, limit, _reason = line.split(maxsplit=4)
            rows[file, function, what] = int(limit)
    return rows


def check(source):
    allow, used, problems = allowed(source), set(), []
    files = [p for top in ("src", "tests", "bench") for p in sorted((source / top).rglob("*.[ch]"))]
    for path in files:
        for file, function, what, value in measure(source, path):
            limit = LIMITS[what]
            if value > limit and (file, function, what) in allow:
                used.add((file, function, what))
                limit = allow[file, function, what]
            if value > limit:
                problems.append(f"{file}: {function}: {what} {value}, at most {limit}")
    for row in allow.keys() - used:
        problems.append(f"tools/size_allow.txt: {' '.join(row)} is no longer needed; remove it")
    return problems


def self_test():
    nested = "int f(int a)\n{\n    if (a) {\n        for (;;) {\n            while (a) {\n" \
             "                if (a) {\n                    do {\n                        a++;\n" \
             "                    } while (a);\n                }\n            }\n        }\n    }\n    return a;\n}\n"
    plain = "static void g(int a, char *(*b)(int, int))\n{\n    struct x y[] = {{1}, {{{2}}}};\n" \
            "    h((struct x){.a = {1}});\n}\n"
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(tmp) / "x.c"
        path.write_text(nested + plain + "int long_one(void)\n{\n" + "    h();\n" * 70 + "}\n")
        got = {(f, w): v for _, f, w, v in measure(Path(tmp), path)}
    assert got["f", "nesting"] == 5 and got["g", "nesting"] == 0, got
    assert got["g", "parameters"] == 2 and got["long_one", "parameters"] == 0, got
    assert got["long_one", "lines"] > 70 and got["f", "complexity"] >= 5, got
    print("measures as it should")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        sys.exit(0)
    found = check(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve())
    print("\n".join(found) or "everything is within its size")
    sys.exit(1 if found else 0)
