#!/usr/bin/env python3
"""Review R270: what a case belongs to has its words in each language (web/src/words): a programme that the source or a
table opens cases for was shown as its code, in English, to whoever read the worklist in Arabic."""
import csv
import glob
import json
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CASE = re.compile(r"struct desk_case \w+ = \{(.*?)\};", re.S)


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as f:
        return f.read()


def programmes():
    for path in glob.glob(os.path.join(ROOT, "src", "*", "*.c")):
        if not path.endswith(("_test.c", "_fuzz.c")):
            for case in CASE.findall(read(path)):
                yield from re.findall(r'\.programme = STR\("([^"]+)"\)', case)
    for row in csv.DictReader(x for x in read("spec", "survey", "limits.csv").splitlines() if not x.startswith("#")):
        yield row["programme"]
    for path in glob.glob(os.path.join(ROOT, "spec", "campaign", "journeys", "*.json")):
        yield json.loads(read(path))["programme"]
    yield from (p["code"] for p in json.loads(read("spec", "monitor", "rules.json"))["programmes"])


def main():
    known = {lang: set(re.findall(r'^  "?prog_([\w-]+)"?:', read("web", "src", "words", "console.%s.ts" % lang), re.M))
             for lang in ("en", "es", "ar")}
    asked = sorted(set(programmes()))
    bad = ["%s: no words in %s" % (p, lang) for p in asked for lang in known if p not in known[lang]]
    print("%d programmes" % len(asked))
    print("\n".join(bad))
    return bool(bad) or len(asked) < 15


if __name__ == "__main__":
    sys.exit(main())
