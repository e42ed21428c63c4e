#!/usr/bin/env python3
"""spec/rules/area-codes.csv and spec/desk/places.csv -> area_codes_gen.h: where a number may be, and the countries with
their numbers, laws of contact and zones. Refuses codes out of order, zones, places and laws that the tables do not hold."""
import csv
import sys

ZONES, PLACES = 6, 2
LAWS = {"gdpr": 1, "casl": 2}


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def countries(path):
    yield from ("#define LAW_%s %du" % (name.upper(), bit) for name, bit in LAWS.items())
    yield "#define COUNTRY_ROWS \\"
    for r in rows_of(path):
        laws = [x for x in r["laws"].split(";") if x]
        if set(laws) - set(LAWS) or not r["phone"].isdigit() or not r["citation"]:
            sys.exit("%s: %s does not fit" % (path, r["country"]))
        yield '    {"%s", "%s", "%s", %s, "%s"}, \\' % (r["country"], r["alpha3"], "+" + r["phone"],
                                                     " | ".join("LAW_" + x.upper() for x in laws) or "0", r["zones"])
    yield ""


def main(source, places_source, target):
    rows = rows_of(source)
    if [r["code"] for r in rows] != sorted({r["code"] for r in rows}):
        sys.exit(source + ": codes are in order, each once")
    out = ["/* Generated from spec/rules/area-codes.csv and spec/desk/places.csv; do not edit. */", "#ifndef WEFT_AREA_CODES_GEN_H",
           "#define WEFT_AREA_CODES_GEN_H", "#define AREA_ZONES %d" % ZONES, "#define AREA_PLACES %d" % PLACES,
           "#define AREA_ROWS \\"]
    for r in rows:
        zones, places = r["zones"].split(";"), [p for p in r["places"].split(";") if p]
        if not zones[0] or len(zones) > ZONES or len(places) > PLACES or not r["code"].isdigit():
            sys.exit("%s: %s does not fit" % (source, r["code"]))
        out.append("    {%s, {%s}, {%s}}, \\" % (r["code"], ", ".join('"%s"' % p for p in places) or "NULL",
                                               ", ".join('"%s"' % z for z in zones)))
    out += ["", *countries(places_source), "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(out))


if __name__ == "__main__":
    main(*sys.argv[1:4])
