#!/usr/bin/env python3
"""spec/monitor/rules.json -> monitor_gen.h: series, symptoms, programmes and rules as const rows.
Refuses rows that contradict themselves, so a bad table never reaches the compiler."""
import json
import sys

KINDS = {"limit": "RULE_LIMIT", "rise": "RULE_RISE", "fall": "RULE_FALL", "answer": "RULE_ANSWER"}
SYMPTOMS = {None: "SYMPTOM_NONE", "any": "SYMPTOM_ANY", "amber": "SYMPTOM_AMBER", "red": "SYMPTOM_RED",
            "emergency": "SYMPTOM_EMERGENCY"}


def text(s):
    return json.dumps(s, ensure_ascii=False)


def words(row, key):
    """The text in each language: {"en": …, "es": …, "ar": …}."""
    return "{%s}" % ", ".join(text(row[key][lang]) for lang in ("en", "es", "ar"))


def bound(v):
    return "NAN" if v is None else repr(float(v))


def need(cond, what):
    if not cond:
        sys.exit("spec/monitor/rules.json: " + what)


def test_row(t, series):
    need(t["series"] in series, "unknown series " + t["series"])
    lo, hi = t.get("gt", t.get("ge")), t.get("lt", t.get("le"))
    need(lo is not None or hi is not None, "a test without bound")
    return "{%d, %s, %s, %s, %s}" % (series[t["series"]], bound(lo), bound(hi),
                                     "true" if "gt" in t else "false", "true" if "lt" in t else "false")


def series_rows(spec, out):
    out.append("#define SERIES_ROWS \\")
    for s in spec["series"]:
        codes = ", ".join(text(c) for c in s["codes"])
        need(s["plausible"][0] < s["plausible"][1], s["name"] + ": plausible range is empty")
        out.append('    {%s, %s, %s, %s, %d, %s, %s, %s, %s, %r, {%s}}, \\' % (
            text(s["name"]), words(s, "display"), text(s["unit"]), words(s, "unit_text"), s["decimals"],
            bound(s["plausible"][0]), bound(s["plausible"][1]), bound(s["loosest"][0]), bound(s["loosest"][1]),
            float(s.get("molar_mass", 0)), codes))
    out.append("")


def rule_row(r, series):
    kind = KINDS[r["kind"]]
    any_tests = [test_row(t, series) for t in r.get("any", [])]
    clear = [test_row(t, series) for t in r.get("clear", [])]
    need(len(any_tests) <= 3 and len(clear) <= 3, r["id"] + ": more than 3 tests")
    need((r["kind"] == "limit") == bool(any_tests), r["id"] + ": limit rules, and only they, have tests")
    need(1 <= r["priority"] <= 4, r["id"] + ": priority is 1 to 4")
    main = series[r["series"]] if "series" in r else -1
    return '    {%s, %s, %s, %d, {%s}, %d, {%s}, %d, %s, %s, %s, %s, %d, %d, %d, %d, %d, %s}, \\' % (
        text(r["id"]), text(r["programme"]), kind, main,
        ", ".join(any_tests) or "{0, 0, 0, false, false}", len(any_tests),
        ", ".join(clear) or "{0, 0, 0, false, false}", len(clear),
        repr(float(r.get("window_h", 0))), repr(float(r.get("by", 0))), repr(float(r.get("clear_by", 0))),
        SYMPTOMS[r.get("symptoms")], r["priority"], r.get("with_symptoms", 0), r.get("readings", 1),
        r.get("within_min", 0), int(r.get("dedupe_h", 24) * 3600), text(r["source"]))


def main(source, target):
    with open(source, encoding="utf-8") as f:
        spec = json.load(f)
    series = {s["name"]: i for i, s in enumerate(spec["series"])}
    out = ["/* Generated from spec/monitor/rules.json; do not edit. */",
           "#ifndef WEFT_MONITOR_GEN_H", "#define WEFT_MONITOR_GEN_H",
           "#define SERIES_COUNT %du" % len(series),
           "#define RULE_COUNT_MONITOR %du" % len(spec["rules"]),
           "#define SYMPTOM_COUNT %du" % len(spec["symptoms"]),
           "#define SYMPTOM_SYSTEM %s" % text(spec["symptom_system"])]
    out += ["enum series { %s };" % ", ".join("SERIES_" + s.upper() for s in series)]
    series_rows(spec, out)
    out.append("#define SYMPTOM_ROWS \\")
    for s in spec["symptoms"]:
        out.append("    {%s, %s, %s}, \\" % (text(s["code"]), words(s, "words"), SYMPTOMS[s["group"]]))
    out.append("")
    out.append("#define PROGRAMME_ROWS \\")
    for p in spec["programmes"]:
        out.append("    {%s, %s, %s}, \\" % (text(p["code"]), text(p["display"]), text(p["definition"])))
    out.append("")
    ids = [r["id"] for r in spec["rules"]]
    need(len(ids) == len(set(ids)), "a rule id stands twice")
    out.append("#define RULE_ROWS \\")
    out += [rule_row(r, series) for r in spec["rules"]]
    out += ["", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(out))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
