#!/usr/bin/env python3
"""spec/content/gsm7.csv -> gsm7_gen.h: septets of the GSM alphabet and of its extension table.

    tools/gen_gsm.py SOURCE TARGET
"""
import csv
import sys


def main(source, target):
    with open(source, encoding="utf-8") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    found = sorted((int(r["code_point"], 16), int(r["value"], 16), r["septets"] == "2") for r in rows)
    if len({(v, e) for _, v, e in found}) != len(found) or any(v > 127 for _, v, _ in found):
        sys.exit("spec/content/gsm7.csv: a septet twice, or over 7F")
    with open(target, "w", encoding="utf-8") as f:
        f.write("/* Made by tools/gen_gsm.py from spec/content/gsm7.csv; do not edit. */\n")
        f.write("#define GSM_ROWS \\\n")
        f.writelines("    {%#x, %#x, %s}, \\\n" % (c, v, str(e).lower()) for c, v, e in found)
        f.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
