#!/usr/bin/env python3
"""Distils the UCUM essence table into spec/ucum/prefixes.tsv and units.tsv: every prefix, base unit
and unit, none left out.

Reads ucum-essence.xml, as the PyPI package ucumvert brings it (pip download --no-deps ucumvert,
then ucumvert/vendor/ucum-essence.xml in the wheel).

usage: distill_ucum.py WHEEL_OR_XML OUT_FOLDER
       distill_ucum.py --check WHEEL_OR_XML SPEC_FOLDER   (exit 1 when the tables are stale)
"""

import os
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile

NS = "{http://unitsofmeasure.org/ucum-essence}"
INSIDE = "ucumvert/vendor/ucum-essence.xml"


def essence(path):
    if path.endswith(".xml"):
        with open(path, "rb") as f:
            return ET.fromstring(f.read())
    with zipfile.ZipFile(path) as wheel:
        return ET.fromstring(wheel.read(INSIDE))


def words(node, tag):
    found = node.find(NS + tag)
    return " ".join("".join(found.itertext()).split()) if found is not None else ""


def unit_row(unit):
    value = unit.find(NS + "value")
    function = value.find(NS + "function")
    source = value if function is None else function
    flags = "".join(letter for letter, key in (("m", "isMetric"), ("a", "isArbitrary"))
                    if unit.get(key) == "yes")
    return [unit.get("Code"), flags, "" if function is None else function.get("name"),
            source.get("value"), source.get("Unit"), words(unit, "name"), words(unit, "property")]


def write(root, folder):
    head = (f"# UCUM {root.get('version')} ({root.get('revision-date')}), made by "
            "tools/distill_ucum.py from ucum-essence.xml; do not edit.\n"
            "# The UCUM table is copyright 1999-2024 Regenstrief Institute, Inc. and the UCUM "
            "Organization; licence: README.md beside this file\n")
    with open(os.path.join(folder, "prefixes.tsv"), "w", encoding="utf-8") as f:
        f.write(head + "# code\tvalue\tname\n")
        for p in root.findall(NS + "prefix"):
            f.write(f"{p.get('Code')}\t{p.find(NS + 'value').get('value')}\t{words(p, 'name')}\n")
    with open(os.path.join(folder, "units.tsv"), "w", encoding="utf-8") as f:
        f.write(head + "# code\tb base, m metric, a arbitrary\tfunction of a special unit\tvalue\t"
                "unit\tname\tproperty\n")
        for u in root.findall(NS + "base-unit"):
            f.write("\t".join([u.get("Code"), "bm", "", "1", "", words(u, "name"),
                               words(u, "property")]) + "\n")
        for u in root.findall(NS + "unit"):
            f.write("\t".join(unit_row(u)) + "\n")


def main():
    args = sys.argv[1:]
    check = args[0] == "--check"
    source, folder = args[-2:]
    root = essence(source)
    if not check:
        write(root, folder)
        return
    with tempfile.TemporaryDirectory() as fresh:
        write(root, fresh)
        for name in ("prefixes.tsv", "units.tsv"):
            with open(os.path.join(fresh, name), encoding="utf-8") as a, \
                    open(os.path.join(folder, name), encoding="utf-8") as b:
                if a.read() != b.read():
                    sys.exit(f"spec/ucum/{name} is stale")
    print("spec/ucum is current")


if __name__ == "__main__":
    main()
