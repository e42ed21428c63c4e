#!/usr/bin/env python3
"""spec/desk/rights.csv, places.csv, rights-words.csv -> rights_gen.h: requests, clocks, places, words."""
import csv
import json
import os
import sys

LANGUAGES = ("en", "es", "ar")


def rows(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def c(text):
    """A C string of the text's UTF-8."""
    return json.dumps(text, ensure_ascii=False)


def main(folder, target):
    rights, places = rows(folder, "rights.csv"), rows(folder, "places.csv")
    words = rows(folder, "rights-words.csv")
    named = {w["word"] for w in words}
    for r in rights:
        if not r["rule"] and not (r["days"] and r["more"]):
            sys.exit(f"rights.csv: {r['request']}/{r['jurisdiction']} has no clock")
        if r["request"] not in named or not r["citation"]:
            sys.exit(f"rights.csv: {r['request']} has no name or citation")
    lines = ["/* Generated from spec/desk/rights.csv, places.csv and rights-words.csv; do not edit. */",
             "#ifndef WEFT_RIGHTS_GEN_H", "#define WEFT_RIGHTS_GEN_H", "#define RIGHT_ROWS \\"]
    lines += ["    {%s, %s, %s, %s, %s, %s}, \\" % (
        c(r["request"]), c(r["jurisdiction"]), c(r["rule"]), r["days"] or "0", r["more"] or "0",
        c(r["citation"])) for r in rights]
    lines += ["", "#define RIGHT_PLACES \\"]
    lines += ["    {%s, %s, %s}, \\" % (c(p["country"]), c(p["alpha3"]), c(p["jurisdiction"]))
              for p in places if p["jurisdiction"]]
    lines += ["", "#define RIGHT_WORDS \\"]
    for w in words:
        if not all(w[x] for x in LANGUAGES):
            sys.exit(f"rights-words.csv: {w['word']} is not said in every language")
        lines.append("    {%s, {%s}}, \\" % (c(w["word"]), ", ".join(c(w[x]) for x in LANGUAGES)))
    lines += ["", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
