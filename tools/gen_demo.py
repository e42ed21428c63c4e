#!/usr/bin/env python3
"""spec/demo/people.json -> demo_gen.h: names, places and conditions of the invented population."""
import json
import sys


def text(s):
    return json.dumps(s, ensure_ascii=False)


def texts(items):
    return "{%s}" % ", ".join(text(i) for i in items)


def main(source, target):
    with open(source, encoding="utf-8") as f:
        spec = json.load(f)
    out = ["/* Generated from spec/demo/people.json; do not edit. */",
           "#ifndef WEFT_DEMO_GEN_H", "#define WEFT_DEMO_GEN_H"]
    out.append("#define CULTURE_ROWS \\")
    for c in spec["cultures"]:
        out.append("    {%s, %d, %d, %s, %d, %s, %d, %s}, \\" % (
            text(c["language"]), c["share"], len(c["women"]), texts(c["women"]), len(c["men"]),
            texts(c["men"]), len(c["families"]), texts(c["families"])))
    out.append("")
    out.append("#define PLACE_ROWS \\")
    for p in spec["places"]:
        out.append("    {%s, %s, %s, %s, %s}, \\" % tuple(text(p[k]) for k in ("city", "state", "zip", "zone", "area")))
    out.append("")
    out.append("#define STREET_ROWS %s" % ", ".join(text(s) for s in spec["streets"]))
    out.append("#define CONDITION_ROWS \\")
    for c in spec["conditions"]:
        meds = ", ".join("{%s}" % ", ".join(text(x) for x in m) for m in c["medicines"])
        out.append("    {%s, %s, %s, %d, {%s}}, \\" % (text(c["key"]), text(c["snomed"]), text(c["text"]),
                                                      len(c["medicines"]), meds))
    out.append("")
    out.append("enum condition { %s, CONDITION_COUNT };" % ", ".join("CONDITION_" + c["key"].upper() for c in spec["conditions"]))
    out += ["", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(out))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
