#!/usr/bin/env python3
"""spec/desk/case-words.csv -> say_gen.h: what the server says in a case, in each language.

    tools/gen_say.py WORDS TARGET

A {name} becomes the byte of its place in the English row, so that C fills in by position.
"""
import csv
import re
import sys

LANGS = ("en", "es", "ar")
PARTS = 8


def literal(s):
    """A C string; non-ASCII and the bytes of parts as octal so that nothing runs on."""
    return '"%s"' % "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else "\\%03o" % b for b in s.encode())


def row(r):
    names = re.findall(r"\{(\w+)\}", r["en"])
    for lang in LANGS:
        found = re.findall(r"\{(\w+)\}", r[lang] or "")
        if not r[lang] or sorted(found) != sorted(names) or len(set(names)) != len(names) or len(names) >= PARTS:
            sys.exit("spec/desk/case-words.csv: %s: %s has not the places of en" % (r["word"], lang))
    at = {n: chr(i + 1) for i, n in enumerate(names)}
    return "    {%s}, \\" % ", ".join(
        literal(re.sub(r"\{(\w+)\}", lambda m: at[m.group(1)], r[lang])) for lang in LANGS)


def main(source, target):
    with open(source, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    lines = ["/* Generated from spec/desk/case-words.csv; do not edit. */",
             "#ifndef WEFT_SAY_GEN_H", "#define WEFT_SAY_GEN_H", "#define SAY_PARTS %du" % PARTS,
             "enum say_word { %s, SAY_WORDS };" % ", ".join("SAY_" + r["word"].upper() for r in rows),
             "#define SAY_ROWS \\"] + [row(r) for r in rows] + ["", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
