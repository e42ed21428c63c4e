"""The independent checker: reads what arrived at a message centre and a mail server, what people said to us, their
consents and the truth about them, and names every breach of consent, opt-out, hours, caps, length, content and of "once".
It shares nothing with the product: its law is law.py. It knows neither templates nor rulebook, only what a stranger with
the phone in hand could hold against us.

As a program: python3 checker.py FILE with one JSON object a line; prints each breach and ends with 1 if there is any.
  {"house": {"name", "domains": [], "reference": a regular expression with groups who and matter, "heard": one of what may be
    answered to words that are no keyword (that a person reads them, whose they are), "caps": {…}}}
  {"person": {"id", "names": who of a reference, "numbers": [], "mails": [], "zones": [], "states": [], "consents":
    [{"channel", "to", "from", "until", "sale"}], "countries": where they live, if abroad, "dead": true}}
  {"said": {"at", "real", "id", "channel", "from", "means": "stop" | "start" | "help" | ""}}  told to the house, perhaps again
  {"kept": {"at", "real", "id"}}   the house said that it has it
  {"arrived": {"at", "real", "channel", "to", "text", "subject", "coding", "parts", "failed"}}
Who of the reference matches "hand", too, was written to by a person, who may answer whoever wrote words within a day.
Lines stand in the order in which things happened. at: the house's clock, in seconds; real: a clock that never jumps.
A message that failed (the centre itself says so) reached nobody and counts in no cap."""
import collections
import json
import re
import sys

import law

DAY = 86400
# Texts a person a day (MSG-09), contacts a person in seven days (MSG-10), texts a number a day (CAP-01), parts of a text.
CAPS = {"day": 1, "week": 2, "number": 4, "parts": 1}
ANSWER_S = 300  # 47 CFR 64.1200(a)(12)
FLIGHT_S = 1.0  # what was on the wire when STOP was acknowledged
GSM = set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
          "abcdefghijklmnopqrstuvwxyzäöñüà")
GSM_TWICE = set("^{}\\[~]|€\f")
DIAGNOSIS = re.compile(
    r"\b(hiv|aids|cancer|tumou?r|chemo\w*|diabet\w*|insulin|methadone|suboxone|buprenorphine|opioid|addict\w*|depress\w*|"
    r"schizo\w*|bipolar|pregnan\w*|abortion|hepatitis|syphilis|chlamydia|biops\w*|dialysis|c[áa]ncer|embaraz\w*|vih|sida|"
    r"quimioterapia|heart failure|copd|a1c|metformin|viagra|psychiatr\w*|oncolog\w*)\b|سرطان|السكري|إيدز|حامل", re.I)
ARABIC = re.compile("[\u0621-\u064a]")
MARKS = "\u200e\u200f"  # of direction (UAX #9), before a name of Latin letters in an Arabic text
LINK = re.compile(r"(?:https?://)?((?:[a-z0-9-]+\.)+(?:com|org|net|ly|gl|io|co|me|info|example))\b(?!@)", re.I)
Breach = collections.namedtuple("Breach", "kind at who why")


def septets(text):
    """Of the GSM alphabet; None when the text is not of it."""
    n = 0
    for c in text:
        if c not in GSM and c not in GSM_TWICE:
            return None
        n += 2 if c in GSM_TWICE else 1
    return n


class Checker:
    def __init__(self, house, people=()):
        self.house, self.caps = house, {**CAPS, **house.get("caps", {})}
        self.reference, self.heard = re.compile(house["reference"]), re.compile(house.get("heard", r"(?!)"))
        self.people, self.by_name, self.by_address = {}, {}, collections.defaultdict(list)
        self.stops = collections.defaultdict(list)  # by address
        self.breaches, self.counts = [], collections.Counter()
        self.stopped, self.asked = {}, collections.defaultdict(list)  # by person; by address: what waits for an answer
        self.told, self.last, self.wrote = {}, {}, collections.defaultdict(list)  # by id; by address: stop or start; words
        self.days, self.weeks = collections.Counter(), collections.defaultdict(list)
        self.once, self.ended = {}, {}  # ended, by address: the STOP that ended what was permitted last
        self.between, self.spent = collections.defaultdict(set), set()  # STARTs that may come between two STOPs; used up
        for p in people:
            self.add(p)

    def add(self, person):
        self.people[person["id"]] = person
        for name in person["names"]:
            self.by_name[name] = person
        for to in [*person["numbers"], *person.get("mails", ())]:
            self.by_address[to].append(person)

    def breach(self, kind, m, who, why):
        self.breaches.append(Breach(kind, m["at"], who, why))

    @staticmethod
    def elapsed(m, since):
        """Seconds by the house's clock; when that was set back, by the one that never jumps."""
        return m["at"] - since["at"] if m["at"] >= since["at"] else m["real"] - since["real"]

    def said(self, m):
        if m["means"] == "start" and any("has" not in w for w in self.stops[m["from"]]):
            self.between[m["from"]].add(m["id"])
        if m["id"] in self.told:  # again, as nobody said that they have it: what it asks may be answered from now on
            self.told[m["id"]]["tellings"].append(m)
            self.told[m["id"]].update(at=m["at"], real=m["real"])
            return self.told_again(m)
        self.counts["said"] += 1
        m = self.told[m["id"]] = {**m, "tellings": [m], "answer": None}
        again = m["means"] == "stop" == self.last.get(m["from"])
        if not m["means"]:
            self.wrote[m["from"]].append(m)
            return
        self.last[m["from"]] = m["means"] if m["means"] != "help" else self.last.get(m["from"])
        if again:
            self.said_again(m)
        else:
            self.asked[m["from"]].append(m)
            if m["means"] == "stop":
                self.ended[m["from"]] = m["id"]
        if m["means"] == "stop":
            self.stops[m["from"]].append(m)
        for w in self.stops[m["from"]] if m["means"] == "start" else ():  # the house may be told both later
            w["undone"] = True
        for p in self.by_address[m["from"]] if m["means"] == "start" else ():
            self.stopped.pop((p["id"], m["channel"]), None)
            p["consents"] = [*p["consents"], {"channel": m["channel"], "to": m["from"]}]  # START asks for it

    def told_again(self, m):
        """Of two words that are alike nobody can tell which came. A START may come between two STOPs, whichever was said
        first: each of these is confirmed."""
        free = self.between[m["from"]] - self.spent
        stops = [a for a in self.asked[m["from"]] if a["means"] == "stop"]
        if m["means"] == "stop" and "has" not in self.told[m["id"]] and free and len(stops) < len(self.stops[m["from"]]):
            self.spent.add(min(free))
            self.asked[m["from"]].append({**self.told[m["id"]], "id": self.ended[m["from"]], "tellings": [], "answer": None})
        if m["means"] == "stop":
            return self.said_again(m)
        for w in self.asked[m["from"]]:
            if w["means"] == m["means"] and w is not self.told[m["id"]]:
                w["tellings"].append(m)

    def said_again(self, m):
        """STOP gets one confirmation, however often they say it; as long as none came, within five minutes of the last."""
        for a in self.asked[m["from"]]:
            if a["means"] == "stop" and a["id"] == self.ended.get(m["from"]):
                a["tellings"].append(m)
                a["kept"] = 0

    def kept(self, m):
        word = self.told[m["id"]]
        word["kept"] = word["has"] = m["real"]
        for a in self.asked[word["from"]] if word["means"] == "stop" else ():  # it may ask again what an earlier one asks
            a["kept"] = m["real"] if a["means"] == "stop" else a.get("kept", 0)
        stop = word["means"] == "stop" and not word.get("undone")
        for p in self.by_address[word["from"]]:
            if stop:
                self.stopped.setdefault((p["id"], word["channel"]), m)
            elif word["means"] == "start":  # said before a stop and brought after it: the house cannot know, and says START
                self.stopped.pop((p["id"], word["channel"]), None)

    def arrived(self, m):
        self.counts["arrived"] += 1
        found = self.reference.search(re.sub(f"[{MARKS}]", "", m["text"]))
        person = self.by_name.get(found["who"]) if found else None
        self.form(m, care=found is not None)
        if found and not person:
            self.breach("stranger", m, m["to"], f"nobody is called {found['who']}")
        elif found:
            self.care(m, person, found["matter"], found.groupdict().get("hand"))
        elif self.heard.search(m["text"]):
            self.hears(m)
        else:
            self.answer(m)

    def may_answer(self, m, word):
        return any(t["real"] <= m["real"] and self.elapsed(m, t) <= ANSWER_S for t in word["tellings"])

    def answers(self, m, words, passed=()):
        """Has each answer so far, and m, words of its own? Who could have been answered by another gives way (Kuhn's
        matching): an answer does not say what it answers. First what the house said last that it has."""
        passed = passed or []
        for w in sorted((w for w in words if self.may_answer(m, w)), key=lambda w: -w.get("kept", 0)):
            if any(w is p for p in passed):
                continue
            passed.append(w)
            if w["answer"] is None or self.answers(w["answer"], words, passed):
                w["answer"] = m
                return True
        return False

    def answered(self, m, words, why):
        was = [w["answer"] for w in words]
        if not self.answers(m, words):
            self.breach("answer", m, m["to"], why)
        elif m.get("failed"):  # it reached nobody: the next may
            for w, a in zip(words, was):
                w["answer"] = a

    def hears(self, m):
        """Their own words were heard: soon, once for the same words, and to nobody who said STOP after them."""
        self.answered(m, self.wrote[m["to"]], "words that nobody wrote, a second time, or later than five minutes")
        stops = [s for p in self.by_address[m["to"]] for s in [self.stopped.get((p["id"], m["channel"]))] if s]
        if stops and m["real"] - min(s["real"] for s in stops) > FLIGHT_S:
            self.breach("opt-out", m, m["to"], "a helpful answer after their STOP")

    def answer(self, m):
        """What we may write because they wrote: once, soon."""
        self.answered(m, self.asked[m["to"]], "an answer to nothing, a second one, or later than five minutes")

    def care(self, m, p, matter, hand):
        if m["to"] not in p["numbers"] and m["to"] not in p.get("mails", ()):
            self.breach("stranger", m, p["id"], f"went to {m['to']}, which is not theirs")
        if p.get("dead"):
            self.breach("consent", m, p["id"], "they are dead")
        if not any(self.holds(c, m) for c in p["consents"]):
            self.breach("consent", m, p["id"], f"no consent to {m['channel']} to {m['to']} then")
        if law.SALE.search(m["text"]) and law.asks_for_opt_in(m["to"], p.get("countries", ())) and \
                not any(c.get("sale") and self.holds(c, m) for c in p["consents"]):
            self.breach("opt-in", m, p["id"], "advertising that they did not ask for, where the law wants that they do")
        stop = self.stopped.get((p["id"], m["channel"]))
        if stop and m["real"] - stop["real"] > FLIGHT_S:
            self.breach("opt-out", m, p["id"], f"{m['real'] - stop['real']:.1f} s after their STOP")
        if (p["id"], matter) in self.once:
            self.breach("twice", m, p["id"], f"{matter} went before, at {self.once[p['id'], matter]}")
        self.once[p["id"], matter] = m["at"]
        reply = bool(hand and any(self.elapsed(m, w) <= DAY for w in self.wrote[m["to"]]))
        if not reply:
            self.hours(m, p)
        if not m.get("failed"):
            self.cap(m, p, reply)

    @staticmethod
    def holds(c, m):
        return c["channel"] == m["channel"] and c.get("to", m["to"]) == m["to"] and \
            c.get("from", m["at"]) <= m["at"] <= c.get("until", m["at"])

    def hours(self, m, p):
        if not p["zones"]:
            self.breach("hours", m, p["id"], "nobody knows what time it is there")
        for zone in p["zones"] if m["channel"] == "sms" else ():
            date, day, minute = law.local(m["at"], zone)
            for what, opens, closes in law.windows(day, m["text"], p["states"]):
                if not opens <= minute < closes:
                    self.breach("hours", m, p["id"], f"{minute // 60:02}:{minute % 60:02} in {zone}: outside {what}")
            quiet = p.get("quiet")
            if quiet and (minute >= quiet[0] or minute < quiet[1]):
                self.breach("hours", m, p["id"], f"{minute // 60:02}:{minute % 60:02} in {zone}: their quiet hours")

    def cap(self, m, p, reply):
        """A reply is a contact, too, but none that has to wait."""
        recent = self.weeks[p["id"]] = [t for t in self.weeks[p["id"]] if t > m["at"] - 7 * DAY]
        recent.append(m["at"])
        if len(recent) > self.caps["week"] and not reply:
            self.breach("week", m, p["id"], f"contact {len(recent)} in seven days")
        if m["channel"] != "sms":
            return
        for what, key, cap in (("day", p["id"], self.caps["day"]), ("number", m["to"], self.caps["number"])):
            over = 0
            for zone in p["zones"]:
                today = (what, key, zone, law.local(m["at"], zone)[0])
                self.days[today] += 1
                over = max(over, self.days[today])
            if over > cap and not reply:
                self.breach(what, m, p["id"], f"text {over} of the day")

    def form(self, m, care):
        text, name = m["text"], self.house["name"]
        who = m["to"]
        if m["channel"] == "sms":
            n = septets(text)
            units = len(text.encode("utf-16-le")) // 2
            two = n is None and ARABIC.search(text)  # MSG-05: what the GSM alphabet cannot spell, 2 x 67 units
            long = n > 160 if n is not None else units > (134 if two else 70)
            if m.get("parts", 1) > self.caps["parts"] + bool(two) or long:
                self.breach("length", m, who, f"{m.get('parts', 1)} parts, {n} septets, {units} units")
            if n is None and m.get("coding") == 0:
                self.breach("length", m, who, "not of the alphabet it says")
            if not text.lstrip(MARKS).startswith(name):
                self.breach("identity", m, who, "does not begin with who we are")
        elif name not in text and name not in m.get("subject", ""):
            self.breach("identity", m, who, "does not say who we are")
        if care and not re.search(r"\bSTOP\b", text):
            self.breach("opt-out line", m, who, "does not say how to stop")
        for part in (text, m.get("subject", "")):
            for word in DIAGNOSIS.finditer(part):
                self.breach("content", m, who, f"says {word[0]}")
            for link in LINK.finditer(part):
                if not any(link[1] == d or link[1].endswith("." + d) for d in self.house["domains"]):
                    self.breach("link", m, who, f"points to {link[1]}")


def check(lines):
    """Breaches of an iterable of objects as told at the top, and what was looked at."""
    checker = None
    for o in lines:
        (kind, body), = o.items()
        if kind == "house":
            checker = Checker(body)
        elif kind == "person":
            checker.add(body)
        else:
            getattr(checker, kind)(body)
    return checker.breaches, checker.counts


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        breaches, counts = check(json.loads(line) for line in f)
    for b in breaches:
        print(f"{b.kind}: {b.who} at {b.at}: {b.why}")
    print(f"{counts['arrived']} arrived, {counts['said']} said, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
