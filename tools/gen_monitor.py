#!/usr/bin/env python3
"""spec/monitor/rules.json -> monitor_gen.h: series, symptoms, programmes and rules as const rows.
Refuses rows that contradict themselves, so a bad table never reaches the compiler."""
import json
import sys

KINDS = {k: "RULE_" + k.upper() for k in ("limit", "rise", "fall", "answer", "mean", "baseline", "method", "ratio",
                                          "rate", "repeats", "stale", "missed", "adherence")}
WITH_TESTS = ("limit", "mean")
TIMED = ("stale", "missed", "adherence")
METHODS = ("robust_z", "ewma", "cusum", "macd", "spc", "band")
SIDES = {None: "SIDE_BOTH", "high": "SIDE_HIGH", "low": "SIDE_LOW"}
DAYS = {"mean": "DAY_MEAN", "sum": "DAY_SUM", "none": "DAY_NONE"}
SYMPTOMS = {None: "SYMPTOM_NONE", "any": "SYMPTOM_ANY", "amber": "SYMPTOM_AMBER", "red": "SYMPTOM_RED",
            "emergency": "SYMPTOM_EMERGENCY", "other": "SYMPTOM_OTHER"}


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


def is_low(t, clear):
    """Is it too low, what lies inside? Of a band the clear limit tells: what is beyond its upper end is too high."""
    lo, hi = t.get("gt", t.get("ge")), t.get("lt", t.get("le"))
    if clear is None or lo is None or hi is None:
        return lo is None
    tops = [c.get("lt", c.get("le")) for c in clear if c["series"] == t["series"]]
    need(len(tops) == 1, "a band of %s without a clear limit: is it too high or too low?" % t["series"])
    return tops[0] is None or tops[0] > hi


def test_row(t, series, clear):
    need(t["series"] in series, "unknown series " + t["series"])
    lo, hi = t.get("gt", t.get("ge")), t.get("lt", t.get("le"))
    need(lo is not None or hi is not None, "a test without bound")
    flags = ["true" if f else "false" for f in ("gt" in t, "lt" in t, is_low(t, clear))]
    return "{%d, %s, %s, %s}" % (series[t["series"]], bound(lo), bound(hi), ", ".join(flags))


def series_rows(spec, masks, out):
    out.append("#define SERIES_ROWS \\")
    for s in spec["series"]:
        codes = ", ".join(text(c) for c in s["codes"])
        answers = s.get("answers", {})
        need(s["plausible"][0] < s["plausible"][1], s["name"] + ": plausible range is empty")
        need(len(answers) <= 6, s["name"] + ": more than 6 coded answers")
        row = [("name", text(s["name"])), ("shown", words(s, "display")), ("unit", text(s["unit"])),
               ("unit_text", words(s, "unit_text")), ("decimals", s["decimals"]),
               ("plausible_lo", bound(s["plausible"][0])), ("plausible_hi", bound(s["plausible"][1])),
               ("loosest_lo", bound(s["loosest"][0])), ("loosest_hi", bound(s["loosest"][1])),
               ("molar_mass", repr(float(s.get("molar_mass", 0)))),
               ("system", text(s.get("system", "http://loinc.org"))), ("codes", "{%s}" % (codes or "NULL")),
               ("day", DAYS[s.get("day", "mean")]), ("rules", "UINT64_C(%#x)" % masks[s["name"]])]
        if answers:
            row.append(("answers", "{%s}" % ", ".join("{%s, %d}" % (text(c), v) for c, v in answers.items())))
        out.append("    {%s}, \\" % ", ".join(".%s = %s" % field for field in row))
    out.append("")


def watched(r):
    """The series whose points a rule looks at."""
    names = [t["series"] for t in r.get("any", [])]
    return names + ([r["series"]] if "series" in r and r["kind"] not in TIMED else [])


def mask_of(rows, of):
    return sum(1 << i for i, r in enumerate(rows) if of(r))


def tests(rows, series, what, clear):
    need(len(rows) <= 3, what + ": more than 3 tests")
    return "{%s}" % ", ".join(test_row(t, series, clear) for t in rows), len(rows)


def rule_row(r, series, programmes):
    what, kind = r["id"], r["kind"]
    need((kind in WITH_TESTS) == bool(r.get("any")), what + ": limit and mean rules, and only they, have tests")
    need(("technical" in r) != ("priority" in r), what + ": a priority, or a technical level")
    need(1 <= r.get("priority", 1) <= 4 and 1 <= r.get("technical", 1) <= 3, what + ": levels are 1 to 4, 1 to 3")
    need(r["programme"] == "*" or r["programme"] in programmes, what + ": no such programme")
    need(kind != "method" or r["method"] in METHODS, what + ": no such method")
    need("remeasure_min" not in r or (r.get("priority", 1) > 1 and 5 <= r["remeasure_min"] <= 120),
         what + ": an emergency waits for no second reading, and nothing waits over two hours")
    row = [("id", text(what)), ("kind", KINDS[kind]), ("series", series[r["series"]] if "series" in r else -1),
           ("programmes", "~0u" if r["programme"] == "*" else "1u << %d" % programmes.index(r["programme"])),
           ("symptoms", SYMPTOMS[r.get("symptoms")]), ("source", text(r["source"])),
           ("dedupe_s", int(r.get("dedupe_h", 24) * 3600)), ("readings", r.get("readings", 1))]
    for name, field in (("any", "tests"), ("clear", "clear"), ("raise_any", "raise_tests")):
        rows, n = tests(r.get(name, []), series, what, r.get("clear", []) if name == "any" else None)
        row += [(field, rows), ("n_" + field, n)] if n else []
    row += [(k, repr(float(r[k]))) for k in ("window_h", "by", "clear_by", "raise_window_h", "raise_by") if k in r]
    row += [(k, r[k]) for k in ("priority", "technical", "with_symptoms", "within_min", "for_min", "clear_min", "days",
                                "baseline_days", "min_readings", "count", "raise_new_days", "remeasure_min") if k in r]
    row += [(k, "true") for k in ("scale2", "dry", "shadow") if r.get(k)]
    need(not r.get("shadow") or (kind == "method" and r.get("priority", 1) > 2), what + ": only a method is tried")
    need(not r.get("dry") or (kind == "baseline" and r["series"] == "weight"), what + ": only a weight has a dry one")
    if kind == "method":
        row += [("method", "CONTROL_" + r["method"].upper()), ("side", SIDES[r.get("side")])]
    if "raise_raised" in r:
        row.append(("raise_series", hex(sum(1 << series[n] for n in r["raise_raised"])) + "u"))
    return "    {%s}, \\" % ", ".join(".%s = %s" % field for field in row)


def signal_rows(spec, series, out):
    out.append("#define SIGNAL_ROWS \\")
    for s in spec["signals"]:
        need(s["series"] in series, "a signal of an unknown series")
        out.append("    {%d, %s, %s, %r}, \\" % (series[s["series"]], text(s["type"]), text(s["where"]), float(s["value"])))
    out.append("")


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
    rules, programmes = spec["rules"], [p["code"] for p in spec["programmes"]]
    need(len(rules) <= 64 and len(series) <= 32, "more than 64 rules or 32 series: the masks are too small")
    need(len(programmes) <= 8, "more than 8 programmes")
    out += ["#define DOUBT_REMEASURE_MIN %d" % spec["doubt_remeasure_min"]]
    out += ["#define SIGNAL_COUNT %du" % len(spec["signals"]),
            "#define RULES_ANSWER UINT64_C(%#x)" % mask_of(rules, lambda r: r["kind"] == "answer"),
            "#define RULES_TIMED UINT64_C(%#x)" % mask_of(rules, lambda r: r["kind"] in TIMED)]
    out += ["enum series { %s };" % ", ".join("SERIES_" + s.upper() for s in series)]
    series_rows(spec, {s: mask_of(rules, lambda r, s=s: s in watched(r)) for s in series}, out)
    signal_rows(spec, series, out)
    out.append("#define SYMPTOM_ROWS \\")
    for s in spec["symptoms"]:
        out.append("    {%s, %s, %s}, \\" % (text(s["code"]), words(s, "words"), SYMPTOMS[s["group"]]))
    out.append("")
    out.append("#define PROGRAMME_ROWS \\")
    for p in spec["programmes"]:
        expects = hex(sum(1 << series[name] for name in p["expects"]))
        out.append("    {%s, %s, %s, %su}, \\" % (text(p["code"]), text(p["display"]), text(p["definition"]), expects))
    out.append("")
    ids = [r["id"] for r in rules]
    need(len(ids) == len(set(ids)), "a rule id stands twice")
    out.append("#define RULE_ROWS \\")
    out += [rule_row(r, series, programmes) for r in rules]
    out += ["", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(out))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
