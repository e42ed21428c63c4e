#!/usr/bin/env python3
"""spec/identity/sharing.csv and proxy-ages.csv -> sharing_gen.h: categories and rows of ages.

Checked: types of R4, known categories, ages of a place without gap or overlap from 0."""
import csv
import sys


def rows(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def need(ok, what):
    if not ok:
        sys.exit(f"sharing: {what}")


def main(sharing, ages, types, target):
    with open(types, encoding="utf-8") as f:
        known = {line.split("\t")[0] for line in f}
    categories = rows(sharing)
    bits = {c["category"]: i for i, c in enumerate(categories)}
    places, cited = {}, set()
    with open(target, "w", encoding="utf-8") as f:
        f.write("/* Made from spec/identity/sharing.csv and proxy-ages.csv by tools/gen_sharing.py. */\n"
                "static const struct share_row share_rows[] = {\n")
        for c in categories:
            need(set(c["types"].split()) <= known and c["citation"], c["category"])
            f.write(f'    {{"{c["category"]}", "{c["types"]}", {str(c["preset"] == "yes").lower()}}},\n')
        f.write(f"}};\n#define SHARE_ROWS {len(categories)}u\n\nstatic const struct age_row age_rows[] = {{\n")
        for r in rows(ages):
            at, end = int(r["from_age"]), int(r["to_age"])
            need(places.get(r["jurisdiction"], 0) == at < end <= 21 and r["citation"], r)
            places[r["jurisdiction"]] = end
            need(r["citation"] not in cited, f"{r['citation']}: tells two rows apart")
            cited.add(r["citation"])
            mask = " | ".join(f"1u << {bits[c]}" for c in r["categories"].split())
            f.write(f'    {{"{r["jurisdiction"]}", "{r["citation"]}", {at}, {end}, {mask}}},\n')
        f.write(f"}};\n#define AGE_ROWS {len(rows(ages))}u\n")


main(*sys.argv[1:5])
