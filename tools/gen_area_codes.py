#!/usr/bin/env python3
"""spec/rules/area-codes.csv -> area_codes_gen.h: where a number may be. Refuses codes out of order, zones and places
that are more than the table holds."""
import csv
import sys

ZONES, PLACES = 6, 2


def main(source, target):
    with open(source, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    if [r["code"] for r in rows] != sorted({r["code"] for r in rows}):
        sys.exit(source + ": codes are in order, each once")
    out = ["/* Generated from spec/rules/area-codes.csv; do not edit. */", "#ifndef WEFT_AREA_CODES_GEN_H",
           "#define WEFT_AREA_CODES_GEN_H", "#define AREA_ZONES %d" % ZONES, "#define AREA_PLACES %d" % PLACES,
           "#define AREA_ROWS \\"]
    for r in rows:
        zones, places = r["zones"].split(";"), [p for p in r["places"].split(";") if p]
        if not zones[0] or len(zones) > ZONES or len(places) > PLACES or not r["code"].isdigit():
            sys.exit("%s: %s does not fit" % (source, r["code"]))
        out.append("    {%s, {%s}, {%s}}, \\" % (r["code"], ", ".join('"%s"' % p for p in places) or "NULL",
                                               ", ".join('"%s"' % z for z in zones)))
    out += ["", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(out))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
