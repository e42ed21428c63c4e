#!/usr/bin/env python3
"""Compiles the word lists of spec/content into C tables.

usage: gen_content.py SPEC_CONTENT_FOLDER OUT_FOLDER   writes content_gen.c

Phrases are folded here with the same table the program folds messages with: lower case, without
marks, Arabic letters united, apostrophes gone, everything else that is no letter or digit a space.
Standard library only.
"""

import csv
import os
import sys
import unicodedata

KINDS = ["stop_keyword", "stop_phrase", "stop_maybe", "stop_word", "stop_not", "help_keyword", "start_keyword",
         "flag", "phi", "sensitive", "financial", "marketing", "stop", "alert", "sender", "date",
         "unit", "device_noun", "device_trouble"]
LETTERS = {"\u0649": "\u064a", "\u0629": "\u0647", "\u0640": ""}
APOSTROPHES = "'\u2019\u2018\u02bc\u00b4`\u2032"
RANGES = [(0x80, 0x250), (0x2b0, 0x370), (0x600, 0x700), (0x1e00, 0x1f00), (0x2000, 0x2070),
          (0x3000, 0x3004), (0xfb50, 0xfdc8), (0xfe70, 0xff00), (0xff01, 0xff5f)]


def fold_char(c):
    """What stands for one character in a folded text."""
    if c in APOSTROPHES or unicodedata.category(c) == "Cf":
        return ""
    out = ""
    for x in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", c).lower()):
        if unicodedata.category(x) == "Mn":
            continue
        x = LETTERS.get(x, x)
        out += x if x == "" or x.isalnum() else " "
    return out


def table():
    """Code point -> folded text, where the two differ; at most 8 bytes."""
    rows = {}
    for first, end in RANGES:
        for cp in range(first, end):
            to = fold_char(chr(cp))
            if to != chr(cp) and len(to.encode()) <= 8:
                rows[cp] = to
    rows[0x1f6d1] = " stop "  # the sign says it
    return rows


def folder(rows):
    def one(c):
        cp = ord(c)
        if cp < 0x80:
            return c.lower() if c.isalnum() else "" if c in APOSTROPHES else " "
        if cp in rows:
            return rows[cp]
        return " " if 0x2000 <= cp < 0x2c00 or cp >= 0x1f000 else c
    return lambda s: " ".join("".join(map(one, s)).split())


def read(folder_path, name):
    with open(os.path.join(folder_path, name), encoding="utf-8", newline="") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def quote(s):
    return '"%s"' % "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else "\\%03o" % b
                            for b in s.encode("utf-8"))


def phrases(spec, fold):
    found = {}
    for r in read(spec, "optout.csv"):
        found.setdefault((fold(r["text"]), r["kind"]), "")
    for r in read(spec, "redflags.csv"):
        found.setdefault((fold(r["text"]), "flag"), r["group"])
    for r in read(spec, "devices.csv"):
        found.setdefault((fold(r["text"]), r["kind"]), "")
    for r in read(spec, "words.csv"):
        found.setdefault((fold(r["text"]), r["class"]), "")
    for r in read(spec, "patterns.csv"):
        found.setdefault((fold(r["text"]), r["kind"]), "")
    for text, kind in found:
        if not text or kind not in KINDS:
            sys.exit("gen_content: bad phrase %r %s" % (text, kind))
    return sorted(((t, k, g) for (t, k), g in found.items()), key=lambda x: (x[0].encode(), x[1]))


def emit(decl, rows):
    return "%s = {\n%s};\n\n" % (decl, "".join("    %s,\n" % r for r in rows))


def main(spec, out):
    rows = table()
    words = phrases(spec, folder(rows))
    gsm = sorted((int(r["code_point"], 16), int(r["septets"])) for r in read(spec, "gsm7.csv"))
    plain = sorted((int(r["code_point"], 16), r["text"]) for r in read(spec, "plain.csv"))
    short = sorted(r["domain"] for r in read(spec, "shorteners.csv"))
    text = "/* Made by tools/gen_content.py from spec/content; do not edit. */\n"
    text += '#include "policy/content_int.h"\n\n'
    text += emit("const struct fold_row content_folds[]",
                 ("{%#x, %s}" % (cp, quote(to)) for cp, to in sorted(rows.items())))
    text += emit("const struct phrase content_phrases[]",
                 ("{%s, %d, PHRASE_%s, %s}" % (quote(t), len(t.encode()), k.upper(), quote(g))
                  for t, k, g in words))
    text += emit("const struct gsm_row content_gsm[]", ("{%#x, %d}" % r for r in gsm))
    text += emit("const struct fold_row content_plain[]",
                 ("{%#x, %s}" % (cp, quote(to)) for cp, to in plain))
    text += emit("const char *const content_shorteners[]", map(quote, short))
    for name, items in (("fold", rows), ("phrase", words), ("gsm", gsm), ("plain", plain),
                        ("shortener", short)):
        text += "const size_t content_%s_count = %d;\n" % (name, len(items))
    with open(os.path.join(out, "content_gen.c"), "w", encoding="utf-8") as f:
        f.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:3])
