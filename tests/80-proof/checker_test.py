"""The independent checker can fail: a world without a breach is found clean; then one breach of each kind is planted in it,
and the checker names that kind and no other. Its law is held against dates and places that anybody can look up."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from calendar import timegm
from time import strptime

import checker
import law

HOUSE = {"name": "Bright River Clinic", "domains": ["brightriver.example"], "reference": r"Dear (?P<who>\w+), about (?P<matter>(?P<hand>y)?\w+)",
         "heard": "A nurse will read this"}


def at(text):
    return float(timegm(strptime(text, "%Y-%m-%dT%H:%M")))


NOON = at("2026-11-24T18:00")  # Tuesday: 10:00 in Seattle, 12:00 in Dallas, 13:00 in New York


def person(id, number="+12065550142", **more):
    state = more.pop("state", "WA")
    p = {"id": id, "names": [id.title()], "numbers": [number], "mails": [f"{id}@example.org"], "states": [state],
         "zones": law.zones_of(state, number), "consents": [{"channel": "sms", "to": number}, {"channel": "email"}]}
    return {**p, **more}


def text(who="ann", matter="dimu", t=NOON, to="+12065550142", **more):
    words = f"Bright River Clinic: Dear {who.title()}, about {matter}: please call us. Reply STOP to end"
    return {"arrived": {"at": t, "real": t, "channel": "sms", "to": to, "text": words, "coding": 0, **more}}


def said(means, t=NOON, number="+12065550142"):
    return {"said": {"at": t, "real": t, "id": f"{means}{t}", "channel": "sms", "from": number, "means": means}}


def stop(t):
    return said("stop", t), {"kept": {"at": t, "real": t, "id": f"stop{t}"}}


def answer(t, to="+12065550142"):
    return {"arrived": {"at": t, "real": t, "channel": "sms", "to": to, "coding": 0,
                        "text": "Bright River Clinic: You get no more texts. START begins again."}}


def heard(t):
    m = answer(t)
    m["arrived"]["text"] = "Bright River Clinic: Thank you. A nurse will read this."
    return m


def has_it(word):
    return {"kept": {"at": NOON + 70, "real": NOON + 70, "id": word["said"]["id"]}}


ANN = [person("ann"), person("bob", "+13125550143", state="IL")]


def found(*lines, people=ANN, house=HOUSE):
    breaches, _ = checker.check([{"house": house}, *({"person": p} for p in people), *lines])
    return sorted(b.kind for b in breaches)


class Planted(unittest.TestCase):
    def is_clean(self, *lines, **more):
        self.assertEqual([], found(*lines, **more))

    def is_named(self, kind, *lines, **more):
        self.assertEqual([kind], found(*lines, **more))

    def test_a_clean_world(self):
        week = 7 * 86400
        self.is_clean(text(), text(matter="kalo", t=NOON + 86400), text(matter="rubi", t=NOON + week + 60),
                      text("bob", to="+13125550143"), said("stop", NOON + 3600), answer(NOON + 3700),
                      said("start", NOON + 7200), answer(NOON + 7201), said("help", NOON + 9000), answer(NOON + 9002))

    def test_consent(self):
        self.is_named("consent", text(), people=[person("ann", consents=[{"channel": "email"}])])
        self.is_named("consent", text(), people=[person("ann", consents=[{"channel": "sms", "to": "+12065550199"}])])
        self.is_named("consent", text(), people=[person("ann", consents=[{"channel": "sms", "until": NOON - 1}])])
        self.is_named("consent", text(), people=[person("ann", consents=[{"channel": "sms", "from": NOON + 1}])])
        self.is_named("consent", text(), people=[person("ann", dead=True)])

        self.is_clean(said("start", NOON - 60), text(), people=[person("ann", consents=[])])

    def test_opt_out(self):
        self.is_named("opt-out", *stop(NOON - 60), answer(NOON - 50), text())
        self.is_clean(*stop(NOON - 0.5), text())  # it was on its way
        self.is_clean(said("stop", NOON - 60), text())  # the house never said that it heard
        one = [person("ann"), person("cy")]  # one phone, two people: it holds for both
        self.is_named("opt-out", *stop(NOON - 60), text("cy"), people=one)
        self.is_named("opt-out", *stop(NOON - 60), said("help", NOON - 40), text())
        self.is_clean(*stop(NOON - 60), said("start", NOON - 40), text())
        word, kept = stop(NOON - 60)
        self.is_clean(word, said("start", NOON - 59), kept, text())  # it has both, and START is the later
        self.is_named("opt-out", said("start", NOON - 61), word, kept, text())
        start, has = said("start", NOON - 61), {"kept": {"at": NOON - 30, "real": NOON - 30, "id": f"start{NOON - 61}"}}
        self.is_clean(start, word, kept, has, text())  # the network turned the two around
        self.is_named("opt-out", start, has, word, kept, text())

    def test_answers(self):
        self.is_named("answer", answer(NOON))
        self.is_named("answer", said("stop", NOON), answer(NOON + 301))
        self.is_named("answer", said("stop", NOON), answer(NOON + 5), answer(NOON + 6))
        self.is_named("answer", said("stop", NOON), answer(NOON + 5), said("stop", NOON + 7), answer(NOON + 8))
        self.is_named("answer", *stop(NOON), answer(NOON + 5), *stop(NOON + 9), answer(NOON + 10))
        self.is_clean(said("stop"), said("stop"), said("start", NOON + 1), answer(NOON + 2), answer(NOON + 3))
        self.is_clean(said("help"), {"said": {**said("help")["said"], "at": NOON + 900}}, answer(NOON + 901))
        lost = answer(NOON + 5)
        lost["arrived"]["failed"] = True
        self.is_clean(*stop(NOON), lost, *stop(NOON + 900), answer(NOON + 905))
        again = *stop(NOON), *stop(NOON + 900)  # the house was killed before it confirmed the first
        self.is_clean(*again, answer(NOON + 905))
        self.is_named("answer", *again, answer(NOON + 905), answer(NOON + 906))
        self.is_named("answer", *again, answer(NOON + 1201))
        self.is_clean(said(""), heard(NOON + 10))
        self.is_named("answer", heard(NOON))
        self.is_named("answer", said(""), heard(NOON + 10), heard(NOON + 20))
        self.is_named("answer", said(""), heard(NOON + 301))
        two = said(""), {"said": {**said("")["said"], "id": "more"}}  # other words: heard, too
        self.is_clean(*two, heard(NOON + 10), heard(NOON + 20))
        self.is_named("answer", *two, heard(NOON + 10), heard(NOON + 20), heard(NOON + 30))
        has = {"kept": {"at": NOON + 5, "real": NOON + 5, "id": "more"}}  # the second is heard; the first comes again
        late = {"said": {**said("")["said"], "at": NOON + 900}}
        self.is_clean(*two, has, heard(NOON + 10), late, heard(NOON + 901))
        self.is_named("answer", said(""), answer(NOON + 10))  # words that we have are no request
        self.is_named("opt-out", said(""), *stop(NOON + 1), heard(NOON + 10))
        self.is_clean(said("help"), *stop(NOON + 1), answer(NOON + 2), {"kept": {"at": NOON + 800, "real": NOON + 800,
                      "id": f"help{NOON}"}}, {"said": {**said("help")["said"], "at": NOON + 799}}, answer(NOON + 801))
        has = {"kept": {"at": NOON + 9, "real": NOON + 9, "id": f"help{NOON + 3}"}}  # STOP was not confirmed; HELP is answered
        self.is_clean(*stop(NOON), said("help", NOON + 3), has, answer(NOON + 10), *stop(NOON + 900), answer(NOON + 905))
        # Two words, and nobody can tell which was answered: the first may be what came again.
        again = said("help"), {"said": {**said("help")["said"], "id": "two", "at": NOON + 1, "real": NOON + 1}}
        once_more = {"said": {**said("help")["said"], "at": NOON + 1800, "real": NOON + 1800}}
        self.is_clean(*again, answer(NOON + 5), once_more, answer(NOON + 1801))
        self.is_named("answer", *again, answer(NOON + 5), answer(NOON + 6), once_more, answer(NOON + 1801))
        self.is_named("answer", *again, answer(NOON + 5), answer(NOON + 1801))
        self.is_named("answer", said("help"), answer(NOON + 5), once_more, answer(NOON + 1801))
        after = [{"said": {**x["said"], "at": x["said"]["at"] + 1800, "real": x["said"]["real"] + 1800}} for x in again]
        self.is_clean(again[0], answer(NOON + 5), again[1], after[0], answer(NOON + 1801))  # alike: any may be the one that came
        self.is_named("answer", again[0], answer(NOON + 5), again[1], *after, answer(NOON + 1801), answer(NOON + 1802))
        # START, STOP, STOP; the house hears the second STOP, then START, then the first: each was confirmed. With one STOP, no.
        begin, ends = said("start"), [said("stop", NOON + i) for i in (1, 2)]
        now = [{"said": {**x["said"], "at": NOON + 60 + i, "real": NOON + 60 + i}} for i, x in enumerate((ends[1], begin, ends[0]))]
        each = now[0], has_it(now[0]), answer(NOON + 71), now[1], has_it(now[1]), answer(NOON + 72), now[2], answer(NOON + 73)
        self.is_clean(begin, *ends, *each)
        self.is_named("answer", begin, *ends, *each, answer(NOON + 74))
        self.is_named("answer", begin, ends[0], now[1], now[2], *(answer(NOON + 73 + i) for i in range(3)))
        twice = ends[0], has_it(ends[0]), answer(NOON + 5), ends[1], begin, has_it(begin), answer(NOON + 6)  # one STOP came late
        self.is_clean(*twice, now[0], answer(NOON + 65))
        self.is_named("answer", *twice[:4], now[0], answer(NOON + 65))
        late = answer(NOON - 3600)  # the house's clock was set back by an hour
        late["arrived"]["real"] = NOON + 400
        self.is_named("answer", said("stop", NOON), late)

    def test_hours(self):
        for when, clean in (("2026-11-24T16:00", True), ("2026-11-24T15:59", False), ("2026-11-25T03:59", True),
                            ("2026-11-25T04:00", False), ("2026-11-29T17:59", False), ("2026-11-29T18:00", True),
                            ("2026-11-30T02:00", False)):  # 08:00 and 20:00 in Seattle; Sunday from ten to six
            self.assertEqual([] if clean else ["hours"], found(text(t=at(when))), when)
        moved = person("ann", "+12125550142")  # lives in Washington with a number of New York: legal in both
        for when, clean in (("2026-11-24T15:00", False), ("2026-11-24T16:30", True), ("2026-11-25T01:30", False)):
            self.assertEqual([] if clean else ["hours"], found(text(t=at(when), to="+12125550142"), people=[moved]))
        away = person("ann", zones=law.zones_of("WA", "+12065550142", ["Pacific/Honolulu"]))
        self.is_named("hours", text(t=at("2026-11-24T17:30")), people=[away])  # 07:30 there
        nowhere = person("ann", "+8615112345678", state=None, states=[])
        self.is_named("hours", text(to="+8615112345678"), people=[nowhere])
        self.is_named("hours", text(t=at("2026-11-25T02:30")), people=[person("ann", quiet=[1080, 540])])

    def test_hours_when_the_clocks_change(self):
        ny = [person("ann", "+12125550142", state="NY")]
        for when, clean in (("2026-10-31T12:00", True), ("2026-11-01T14:00", False), ("2026-11-01T15:00", True),
                            ("2026-11-02T12:00", False), ("2026-11-02T13:00", True), ("2027-03-13T13:00", True),
                            ("2027-03-14T13:59", False), ("2027-03-14T14:00", True), ("2027-03-15T12:00", True)):
            self.assertEqual([] if clean else ["hours"], found(text(t=at(when), to="+12125550142"), people=ny), when)
        az = [person("ann", "+14805550142", state=None, states=["AZ"])]  # Phoenix keeps its time
        self.assertEqual([], found(text(t=at("2027-07-05T15:00"), to="+14805550142"), people=az))
        self.assertEqual(["hours"], found(text(t=at("2027-07-05T14:30"), to="+14805550142"), people=az))

    def test_hours_of_sales(self):
        sale = text(t=at("2026-11-29T18:30"))  # a Sunday
        sale["arrived"]["text"] = sale["arrived"]["text"].replace("please", "20% off, please")
        self.is_named("hours", {"arrived": {**sale["arrived"], "to": "+12155550142"}},
                      people=[person("ann", "+12155550142", state="PA")])
        self.is_clean(sale)

    def test_opt_in_abroad(self):
        for number, home in (("+442079460142", {}), ("+14165550142", {}), ("+12065550142", {"countries": ["DE"]})):
            zones = law.zones_of("WA", number)
            sale = text(t=at("2026-11-24T18:30"), to=number)
            sale["arrived"]["text"] = sale["arrived"]["text"].replace("please", "20% off, please")
            ann = person("ann", number, zones=zones, **home)
            self.is_named("opt-in", sale, people=[ann])
            self.is_clean(text(to=number), people=[ann])  # care needs none
            asked = {**ann, "consents": [{"channel": "sms", "to": number, "sale": True}]}
            self.is_clean(sale, people=[asked])

    def test_caps(self):
        hour = 3600
        self.is_named("day", text(), text(matter="kalo", t=NOON + hour))
        self.is_clean(text(failed=True), text(matter="kalo", t=NOON + hour))
        days = [text(matter=m, t=NOON + i * 2 * 86400) for i, m in enumerate(("dimu", "kalo", "rubi"))]
        self.is_named("week", *days)
        mail = text(matter="kalo", t=NOON + 86400)
        mail["arrived"].update(channel="email", to="ann@example.org", subject="A note")
        self.is_named("week", days[0], mail, days[2])
        back = [text(), text(matter="kalo", t=NOON - 86400), text(matter="rubi", t=NOON - 3 * 86400)]
        self.is_named("week", *back)  # the clock went back, the people did not
        home = [person(n) for n in ("ann", "bob", "cy", "dee", "eve")]
        self.is_clean(*(text(p["id"], t=NOON + i) for i, p in enumerate(home[:4])), people=home)
        self.is_named("number", *(text(p["id"], t=NOON + i) for i, p in enumerate(home)), people=home)

    def test_who_wrote_is_answered_by_a_person(self):
        night = at("2026-11-25T09:00")
        self.is_named("hours", said("", night - 60), text(t=night))
        self.is_named("hours", said("help", night - 60), text(matter="yadi", t=night))
        self.is_clean(said("", night - 60), text(matter="yadi", t=night))
        self.is_named("hours", said("", night - 86460), text(matter="yadi", t=night))

    def words(self, more, coding=0, **fields):
        m = text(coding=coding, **fields)
        m["arrived"]["text"] = m["arrived"]["text"].replace("please", more)
        return m

    def test_length(self):
        self.is_clean(self.words("please " + "x" * 83))
        self.is_named("length", self.words("please " + "x" * 84))
        self.is_named("length", self.words("please " + "x" * 68 + "€" * 8))
        self.is_named("length", self.words("please — ", coding=8))
        self.is_named("length", text(parts=2))
        short = text(coding=8)
        short["arrived"]["text"] = "Bright River Clinic: Dear Ann, about dimu — call. STOP"
        self.is_clean(short)
        arabic = text(coding=8, parts=2)
        arabic["arrived"]["text"] = "\u200fBright River Clinic\u200f: Dear Ann, about dimu: " + "ا" * 84 + " STOP"
        self.is_clean(arabic)
        self.is_named("length", {"arrived": {**arabic["arrived"], "parts": 3}})
        self.is_named("length", {"arrived": {**arabic["arrived"], "text": arabic["arrived"]["text"].replace("ا ", "اا ")}})
        short["arrived"]["coding"] = 0
        self.is_named("length", short)

    def test_content(self):
        for word in ("your HIV result: please", "su quimioterapia: please", "metformin: please", "السكري"):
            self.assertIn("content", found(self.words(word, coding=8)))
        mail = text()
        mail["arrived"].update(channel="email", to="ann@example.org", subject="Your biopsy")
        self.is_named("content", mail)
        self.is_named("link", self.words("see bit.ly/x7"))
        self.is_named("link", self.words("see https://brightriver.example.com/a"))
        self.is_clean(self.words("see https://go.brightriver.example/a"))

    def test_lines(self):
        for was, now, kind in (("Bright River Clinic: ", "", "identity"), (" Reply STOP to end", "", "opt-out line")):
            m = text()
            m["arrived"]["text"] = m["arrived"]["text"].replace(was, now)
            self.is_named(kind, m)

    def test_twice(self):
        self.is_named("twice", text(), text(t=NOON + 86400))
        mail = text(t=NOON + 60)
        mail["arrived"].update(channel="email", to="ann@example.org", subject="A note")
        self.is_named("twice", text(), mail)

    def test_strangers(self):
        self.is_named("stranger", text("zoe"))
        self.assertIn("stranger", found(text(to="+13125550143")))

    def test_as_a_program(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as f:
            for line in ({"house": HOUSE}, {"person": ANN[0]}, text(), text(t=NOON + 86400)):
                f.write(json.dumps(line) + "\n")
            f.flush()
            done = subprocess.run([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "checker.py"),
                                   f.name], capture_output=True, text=True)
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn("twice: ann", done.stdout)
        self.assertIn("2 arrived, 0 said, 1 breaches", done.stdout)


if __name__ == "__main__":
    unittest.main()
