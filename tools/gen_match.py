#!/usr/bin/env python3
"""spec/record/match.csv and nicknames.csv -> match_gen.h: the weights of Patient/$match by row, and
short forms of names as (name, group), sorted by name."""
import csv
import math
import sys


def rows(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def main(weights, nicknames, out):
    table, names = rows(weights), []
    for group, row in enumerate(rows(nicknames)):
        for name in row["names"].split():
            if not name.isascii() or not name.islower():
                sys.exit(f"nicknames.csv: {name}: write it folded")
            names.append((name, group))
    if len(set(names)) != len(names):
        sys.exit("nicknames.csv: a name stands twice in a group")
    seen = set()
    with open(out, "w", encoding="utf-8") as f:
        f.write("/* Made from spec/record/match.csv and nicknames.csv by tools/gen_match.py. */\n"
                "enum match_row {\n")
        for r in table:
            key = f"MATCH_{r['element']}_{r['level']}".upper()
            if key in seen or not 0 < float(r["m"]) <= 1 or not 0 < float(r["u"]) <= 1:
                sys.exit(f"match.csv: {key} stands twice, or m or u is no share")
            seen.add(key)
            f.write(f"    {key},\n")
        f.write("    MATCH_ROWS\n};\nstatic const struct {\n    const char *element, *level;\n"
                "    double weight;\n    unsigned veto; /* 0 none, 1 soft, 2 hard */\n} match_rows[MATCH_ROWS] = {\n")
        for r in table:
            w = math.log2(float(r["m"]) / float(r["u"]))
            f.write(f'    {{"{r["element"]}", "{r["level"]}", {w:.4f}, '
                    f'{("", "soft", "hard").index(r["veto"])}}},\n')
        f.write("};\nstatic const struct {\n    const char *name;\n    unsigned group;\n"
                "} match_nicknames[] = {\n")
        for name, group in sorted(names):
            f.write(f'    {{"{name}", {group}}},\n')
        f.write("};\n")


main(*sys.argv[1:4])
