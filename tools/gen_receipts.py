#!/usr/bin/env python3
"""spec/outreach/receipts.csv -> receipts_gen.h: what providers' words on a message mean.

    tools/gen_receipts.py SOURCE TARGET
"""
import csv
import json
import sys

MEANS = ("nothing", "taken", "delivered", "failed", "returned", "gone", "again", "read")


def main(source, target):
    with open(source, encoding="utf-8") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    for r in rows:
        if r["means"] not in MEANS or not r["source"] or not r["word"]:
            sys.exit("spec/outreach/receipts.csv: %s %s" % (r["vocabulary"], r["word"]))
    if len({(r["vocabulary"], r["word"]) for r in rows}) != len(rows):
        sys.exit("spec/outreach/receipts.csv: a word twice")
    with open(target, "w", encoding="utf-8") as f:
        f.write("/* Made by tools/gen_receipts.py from spec/outreach/receipts.csv; do not edit. */\n")
        f.write("#define RECEIPT_ROWS \\\n")
        f.writelines("    {%s, %s, MEANS_%s}, \\\n" % (json.dumps(r["vocabulary"]), json.dumps(r["word"]),
                                                      r["means"].upper()) for r in rows)
        f.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
