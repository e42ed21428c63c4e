"""Compiles calling-hours.csv, holidays.csv and recording-consent.csv into C tables. Used by gen_rules.py.

"closed" gives a span of no minutes; every holiday word but "allowed" counts as closed.
"""

import datetime
import os
import re

DAY_KINDS = ("mf", "sat", "sun")
SCOPES = {"solicitation": "HOURS_SOLICITATION", "care_message": "HOURS_CARE",
          "automated_device": "HOURS_AUTOMATED"}


def minutes(text):
    if text == "closed":
        return 0
    if not re.fullmatch(r"[0-2]\d:[0-5]\d", text):
        raise SystemExit("calling-hours.csv: not a time: " + text)
    return int(text[:2]) * 60 + int(text[3:])


def days(text, open_end):
    if not text:
        return open_end
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days


def hours_row(r):
    spans = ", ".join("{%d, %d}" % (minutes(r[k + "_open"]), minutes(r[k + "_close"]))
                      for k in DAY_KINDS)
    zones = r["time_zones"] if "/" in r["time_zones"] else ""  # "patient zone" names none
    return '{"%s", %s, {%s}, %s, %d, %d, "%s"}' % (
        r["code"], SCOPES[r["scope"]], spans, "true" if r["holidays"] != "allowed" else "false",
        days(r["effective_from"], -2147483648), days(r["effective_to"], 2147483647), zones)


WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def holiday_row(r):
    """{place, name, kind, year, month, day (or days from Easter), wday}"""
    found = re.fullmatch(r"(?:(?P<wday>[a-z]{3}) )?(?:(?P<year>\d{4})-)?(?P<month>\d\d)-(?P<day>\d\d)(?: (?P<moved>near|after))?"
                         r"|easter(?P<easter>[+-]\d+)", r["rule"])
    if not found or (found["wday"] and found["wday"] not in WEEKDAYS):
        raise SystemExit("holidays.csv: not a rule: %s (%s)" % (r["rule"], r["name"]))
    kind, wday = "DATE", 0
    if found["easter"]:
        kind = "EASTER"
    else:
        datetime.date(int(found["year"] or 2000), int(found["month"]), int(found["day"]))
        if found["wday"]:
            kind, wday = "WEEKDAY", WEEKDAYS.index(found["wday"])
        elif found["moved"]:
            kind = found["moved"].upper()
    return '{"%s", "%s", HOLIDAY_%s, %d, %d, %d, %d}' % (
        r["place"], r["name"], kind, int(found["year"] or 0), int(found["month"] or 0), int(found["easter"] or found["day"]), wday)


def holidays(spec, rows, hours):
    days = rows(os.path.join(spec, "rules/holidays.csv"))
    known = {r["place"] for r in days}
    for r in hours:
        if r["holidays"] != "allowed" and r["code"] not in known and not r["code"].startswith("US-"):
            raise SystemExit("holidays.csv: calling-hours.csv closes %s on holidays; which are they?" % r["code"])
    return [holiday_row(r) for r in days]


def body(spec, rows):
    hours = sorted(rows(os.path.join(spec, "rules/calling-hours.csv")), key=lambda r: r["code"])
    recording = sorted(rows(os.path.join(spec, "rules/recording-consent.csv")),
                       key=lambda r: r["code"])
    found = holidays(spec, rows, hours)
    out = ['/* Made by tools/gen_rules.py from spec/rules/calling-hours.csv,\n'
           ' * holidays.csv and recording-consent.csv; do not edit. */\n#include "policy/policy_int.h"\n\n']
    for name, items in (
            ("const struct hours_row policy_hours[]", [hours_row(r) for r in hours]),
            ("const struct recording_row policy_recording[]",
             ['{"%s", %d}' % (r["code"], int(r["engine_rank"])) for r in recording]),
            ("const struct holiday_row policy_holidays[]", found)):
        out.append("%s = {\n%s};\n\n" % (name, "".join("    %s,\n" % i for i in items)))
    out.append("const size_t policy_hours_count = %d;\nconst size_t policy_recording_count = %d;\n"
               "const size_t policy_holidays_count = %d;\n" % (len(hours), len(recording), len(found)))
    return "".join(out)
