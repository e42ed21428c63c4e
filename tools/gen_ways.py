#!/usr/bin/env python3
"""spec/outreach/ways.csv -> ways_gen.h: ways of contact and reasons for them as words, by language.

    tools/gen_ways.py SOURCE TARGET
"""
import csv
import json
import sys

LANGUAGES = ("en", "es", "ar")


def main(source, target):
    with open(source, encoding="utf-8") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    missing = [r["key"] for r in rows if not all(r[lang] for lang in LANGUAGES)]
    if missing:
        sys.exit("spec/outreach/ways.csv: %s lacks a language" % ", ".join(missing))
    with open(target, "w", encoding="utf-8") as f:
        f.write("/* Made by tools/gen_ways.py from spec/outreach/ways.csv; do not edit. */\n")
        f.write("#define WAY_NAMES %s\n" % ", ".join(json.dumps(r["key"]) for r in rows if r["kind"] == "way"))
        for kind, name in (("way", "WAY_ROWS"), ("by", "WAY_BY_ROWS")):
            texts = [", ".join(json.dumps(r[lang], ensure_ascii=False) for lang in LANGUAGES)
                     for r in rows if r["kind"] == kind]
            f.write("#define %s %s\n" % (name, ", ".join("{%s}" % t for t in texts)))


if __name__ == "__main__":
    main(*sys.argv[1:3])
