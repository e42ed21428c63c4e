#!/usr/bin/env python3
"""spec/outreach/line-words.csv -> line_words_gen.h: what providers' words on a number mean.

    tools/gen_line_words.py SOURCE TARGET
"""
import csv
import json
import sys

MEANS = {"line": ("wireless", "residential_landline", "business_landline", "voip", "toll_free"),
         "owner": ("no", "yes", "no_data")}


def main(source, target):
    with open(source, encoding="utf-8") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    for r in rows:
        if r["means"] not in MEANS.get(r["about"], ()) or not r["source"] or not r["word"]:
            sys.exit("spec/outreach/line-words.csv: %s %s" % (r["provider"], r["word"]))
    if len({(r["provider"], r["about"], r["word"]) for r in rows}) != len(rows):
        sys.exit("spec/outreach/line-words.csv: a word twice")
    with open(target, "w", encoding="utf-8") as f:
        f.write("/* Made by tools/gen_line_words.py from spec/outreach/line-words.csv; do not edit. */\n")
        f.write("#define LINE_WORD_ROWS \\\n")
        f.writelines("    {%s, %s, %s, %s}, \\\n" % tuple(json.dumps(r[k]) for k in ("provider", "about", "word", "means"))
                     for r in rows)
        f.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
