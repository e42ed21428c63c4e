#!/usr/bin/env python3
"""A text says the same in each language: it has the same variables ({phone}: how to reach a person, {emergency}), offers
the choices that its answers are read by, and says to reply where English does. The Arabic of many first texts ended
before the number to call, and its 2 of "How do you feel?" was the 3 of English."""
import csv
import glob
import json
import os
import re
import sys

SPEC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "spec")
LANGUAGES = ("en", "es", "ar")
REPLY = {"en": r"\breply\b(?! ST)", "es": r"\bresponda\b(?! ST)", "ar": r"\bو?رد\b(?! ST)|\bأرسل\b"}
ENGLISH_PARTS = "refusals.csv"  # what stands for {a} there may be English: other languages leave it out (refusal_words_test.py)


def variables(text):
    return sorted(set(re.findall(r"\{\w+\}", text)))


def choices(text):
    """1 Yes 2 No: the numbers that words follow, not those of "Reply 1-3", "1 or 2", "5 minutes"."""
    body = re.split(r"(?i)\breply (?=\d)|\bresponda (?=\d)|\bرد (?=\d-|\d أو)", text)[0]
    found = [int(n) for n in re.findall(r"(?<![\w-])(\d)(?= \w)", body)]
    return found if found[:1] == [1] and len(found) > 1 else []


def differ(texts, keys=None):
    """What differs from English, in words; keys: the choices that there are."""
    for lang in LANGUAGES[1:]:
        if variables(texts[lang]) != variables(texts["en"]):
            yield "%s has %s, en %s" % (lang, variables(texts[lang]), variables(texts["en"]))
        if re.search(REPLY["en"], texts["en"], re.I) and not re.search(REPLY[lang], texts[lang], re.I):
            yield "%s does not say to reply" % lang
    asked = choices(texts["en"]) if keys is None else keys
    for lang in LANGUAGES:
        if choices(texts[lang]) != asked:
            yield "%s offers %s, not %s" % (lang, choices(texts[lang]), asked)


def spoken(steps):
    """Each text of an outline: its place, the three, the numbers of its answers."""
    for s in steps:
        if "words" in s:
            yield s["id"], s["words"], [int(p["key"]) for p in s.get("paths", [])]
        for p in s.get("paths", []):
            if "echo" in p:
                yield "%s %s" % (s["id"], p["key"]), p["echo"], []
            yield from spoken(p.get("steps", []))


def texts():
    for path in sorted(glob.glob(os.path.join(SPEC, "campaign", "journeys", "*.json"))):
        with open(path, encoding="utf-8") as f:
            o = json.load(f)
        for where, words, keys in spoken(o["steps"] + o.get("silence", {}).get("steps", [])):
            yield "%s %s" % (o["code"], where), dict(zip(LANGUAGES, words)), keys
    with open(os.path.join(SPEC, "templates", "messages.json"), encoding="utf-8") as f:
        o = json.load(f)
    for t in o["templates"]:
        for part in ("title", "sms", "subject", "email"):
            yield "%s %s" % (t["code"], part), t[part], None
    yield from (("line " + name, of, None) for name, of in o["lines"].items())
    for path in sorted(glob.glob(os.path.join(SPEC, "*", "*.csv"))):
        if path.endswith(ENGLISH_PARTS):
            continue
        with open(path, encoding="utf-8", newline="") as f:
            for row in csv.DictReader(x for x in f if not x.startswith("#")):
                if set(LANGUAGES) <= set(row):
                    yield "%s %s" % (os.path.basename(path), row["en"]), row, None


def catches():
    """That it finds what it is for."""
    en, es = "All well? 1 Yes 2 No. Reply 1 or 2 or call {phone}.", "Bien? 1 Si 2 No. Responda 1 o 2 o llame al {phone}."
    wrong = ("بخير؟ 1 نعم 2 لا. رد 1-2", "بخير؟ 1 نعم. رد أو {phone}", "بخير؟ 1 نعم 2 لا. أو {phone}")
    return all(list(differ({"en": en, "es": es, "ar": ar}, [1, 2])) for ar in wrong) and not list(
        differ({"en": en, "es": es, "ar": "بخير؟ 1 نعم 2 لا. رد أو {phone}"}, [1, 2]))


def main():
    bad, n = [], 0
    for where, of, keys in texts():
        n += 1
        bad += ["%s: %s: %s" % (where, fault, of["ar"]) for fault in differ(of, keys)]
    print("%d texts" % n)
    print("\n".join(bad))
    return bool(bad) or n < 120 or not catches()


if __name__ == "__main__":
    sys.exit(main())
