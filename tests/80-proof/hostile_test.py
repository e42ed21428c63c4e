"""A hostile run: an invented town is contacted by campaigns and by staff at every hour, while the house's clock jumps forward,
back and over both changes of the hour, the server is killed, providers throttle, stay silent, break off, repeat and reorder,
and people say STOP and START at random. What arrived at the message centre and at the mail server, with what people said and
agreed to, goes to the independent checker, which finds no breach. A contact is tried when the campaign came to that person.
WEFT_CONTACTS: how many contacts are tried (default 300; make soak: a million, WEFT_SOAK_MINUTES at most), in towns of TOWN
people at most, each with a house, a checker and a seed of its own. WEFT_SEED: of the first. WEFT_KEEP: a file for what the
checkers were told."""
import bisect
import collections
import email
import email.policy
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "40-flows"))
import mail_test  # noqa: E402  (finds the Python that has aiosmtpd)
from aiosmtpd.controller import Controller  # noqa: E402
from flows import WEFT, Clock, free_port, wait_for, weft_http  # noqa: E402
from peers import Smsc  # noqa: E402

import checker  # noqa: E402
from town import Town, word  # noqa: E402

CONTACTS = int(os.environ.get("WEFT_CONTACTS", "300"))
TOWN = 10000
LULL = 0.5 if CONTACTS < 10000 else 1.0  # seconds; a batch of the house takes less
SEED = int(os.environ.get("WEFT_SEED", "2026" if CONTACTS < 10000 else str(time.time_ns() % 1000000)))
UNTIL = time.monotonic() + 60 * float(os.environ.get("WEFT_SOAK_MINUTES", "600"))
KEEP = os.environ.get("WEFT_KEEP")  # a file for what the checker was told
HOUSE = {"name": "Bright River Clinic", "domains": ["brightriver.example"], "reference": r"(?P<who>[A-Z][a-z]{7}) \((?P<matter>(?P<hand>y)?\w+)\)",
         "heard": r"A nurse will read this|Una enfermera lo leera|ستقرأ ممرضة رسالتك|Who is this about|De quien se trata|عمن هذه الرسالة"
                  r"|Nobody is watching now|Nadie vigila ahora|لا أحد يراقب"}
CHAOS = {"ok": 900, "throttled": 15, "full": 10, "syserr": 10, "invalid": 2, "silent": 2, "cut": 1, "slow": 5, "early": 30,
         "undelivered": 20}
MAIL = (["ok"] * 60 + ["451", "550", "554-data", "cut-rcpt", "cut-data"])
WORDS = {"en": "{first} (%s): please call us at {phone}.", "es": "{first} (%s): llame al {phone}.", "ar": "{first} (%s) اتصل بنا"}
# What a person would like to say; the last of a row is what it means to us.
SAYINGS = (("STOP", "stop"), ("Stop please", "stop"), ("alto", "stop"), ("START", "start"), ("HELP", "help"), ("thank you", ""))
BAD = ("{who} ({matter}): your HIV test is ready, please call.", "{who} ({matter}): see bit.ly/{matter} please.",
       "{who} ({matter}): " + "please call us " * 12, "{who} ({matter}): 20% off your next visit, a special offer!")
# Each: the instant by the house's clock. Tuesdays, nights, the hour before opening, closing time, back again, Sundays.
AUTUMN = ("2026-10-29T17:00", "2026-10-29T23:57", "2026-10-30T07:00", "2026-10-29T18:30", "2026-11-01T14:30", "2026-11-01T15:02",
          "2026-11-02T12:40", "2026-11-05T18:00", "2026-11-04T15:00", "2026-11-06T13:02", "2026-11-12T17:00", "2026-11-20T23:58")
SPRING = ("2027-03-11T18:00", "2027-03-14T13:40", "2027-03-14T14:02", "2027-03-13T23:00", "2027-03-15T12:01", "2027-03-19T20:00",
          "2027-03-19T01:30", "2027-03-28T17:00")
FEW = {AUTUMN: (0, 3, 5), SPRING: (0, 2)}


class World:
    """What happened, in order, stamped with the house's clock of then; told by three threads."""

    def __init__(self, clock, people):
        self.clock, self.lock, self.jumps, self.lines = clock, threading.Lock(), [(0, clock.offset)], []
        self.lines = [{"house": HOUSE}, *({"person": p} for p in people)]
        self.sent = 0

    def jump(self, to):
        self.clock.offset = weft_epoch(to) - time.time()
        with self.lock:
            self.jumps.append((time.time(), self.clock.offset))

    def tell(self, kind, real, **more):
        with self.lock:
            offset = self.jumps[bisect.bisect_right(self.jumps, (real, float("inf"))) - 1][1]
            self.lines.append({kind: {"at": real + offset, "real": real, **more}})
            self.sent += kind == "arrived"


def weft_epoch(text):
    return checker.law.datetime.datetime.fromisoformat(text + "+00:00").timestamp()


class Centre(Smsc):
    """Tells the world as it hears, and gives what people say to the house until it says that it has it."""

    def __init__(self, world, seed):
        self.world, self.saying, self.gone, self.count = world, {}, threading.Event(), 0
        self.parts = {}  # of messages that are not whole yet: a phone shows them when they are
        super().__init__(chaos=CHAOS, seed=seed, window=100, receipts="text")

    def listen(self):
        for line in self.process.stdout:
            e = json.loads(line)
            if e["ev"] == "submit":
                self.submitted(e)
            elif e["ev"] == "mo" and e["status"] == 0 and e["tag"] in self.saying:
                self.saying.pop(e["tag"])
                self.world.tell("kept", e["real"], id=e["tag"])
            elif e["ev"] == "gone":
                self.gone.set()
            elif e["ev"] in ("up", "bind"):
                with self.lock:
                    self.events.append(e)
                    self.lock.notify_all()

    def submitted(self, e):
        """A part that comes again (UDH 00 03: reference, how many, which) is shown by itself, and is no whole message."""
        key, of, which = (e["to"], e["udh"][:6]), int(e["udh"][6:8] or "1", 16), int(e["udh"][8:10] or "1", 16)
        have = self.parts.pop(key, {})
        if which in have:
            self.parts[key] = have
            self.shown(of, [e])
        elif len(have) + 1 == of:
            self.shown(of, [part for _, part in sorted({**have, which: e}.items())])
        else:
            self.parts[key] = {**have, which: e}

    def shown(self, of, parts):
        last = parts[-1]
        self.world.tell("arrived", last["real"], channel="sms", to="+" + last["to"], text="".join(p["text"] for p in parts),
                        coding=last["coding"], parts=of, failed=any(p["failed"] for p in parts))

    def says(self, number, text, means):
        self.count += 1
        self.saying[str(self.count)] = (number, text, means)
        self.give(str(self.count))

    def give(self, tag):
        number, text, means = self.saying[tag]
        self.world.tell("said", time.time(), id=tag, channel="sms", **{"from": number}, means=means)
        self.tell("mo", tag=tag, **{"from": number.lstrip("+")}, to="15035550100", hex=text.encode().hex())

    def again(self):
        """What was not acknowledged before the line broke is told again."""
        for tag in list(self.saying):
            self.give(tag)

    def left(self):
        self.gone.clear()
        self.tell("gone")
        assert self.gone.wait(30), "the house is gone, and its lines are open"


class Mailbox(mail_test.Mailbox):
    def __init__(self, world, seed):
        super().__init__()
        self.world, self.rng = world, random.Random(seed)
        self.next()

    def next(self):
        self.plan = [self.rng.choice(MAIL)]

    async def handle_DATA(self, server, session, envelope):
        before = len(self.mails)
        answer = await super().handle_DATA(server, session, envelope)
        for to, raw in self.mails[before:]:
            m = email.message_from_bytes(raw, policy=email.policy.default)
            self.world.tell("arrived", time.time(), channel="email", to=to[0], text=m.get_content(), subject=m["Subject"])
        self.mails.clear()
        return answer


class House(weft_http.Server):
    def __init__(self, clock, town, centre, mail_port):
        self.clock = clock
        super().__init__()
        with open(os.path.join(self.folder, "secret"), "w", encoding="utf-8") as f:
            f.write("secret08\n")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(f"sms.channel = smpp\nsmpp.url = smpp://127.0.0.1:{centre.port}\nsmpp.user = weft\nsmpp.window = 100\n"
                    f"smpp.password_file = {self.folder}/secret\nsmpp.answer_seconds = 1\nsms.from = +15035550100\n"
                    "sms.route = us_10dlc\nsms.campaign_approved = true\nsms.multi_segment = true\nsms.burst = 10000\n"
                    f"smtp.channel = smtp\nsmtp.url = smtp://127.0.0.1:{mail_port}\nsmtp.allow_plain = true\n"
                    f"smtp.from = care@brightriver.example\noutreach.clinic = {HOUSE['name']}\n"
                    "outreach.phone = +1 503 555 0100\noutreach.domain = brightriver.example\noutreach.undo_seconds = 0\n"
                    "outreach.expiry_hours = 720\ncampaign.undo_minutes = 0\ncampaign.holdout = 0\n"
                    "campaign.two_over = 10000000\n")
        path = os.path.join(self.folder, "town.ndjson")
        town.write(path)
        self.run("import", path)
        self.roles = {r: self.run("token", "--role", r, "--ttl", "31000000") for r in ("nurse", "outreach", "privacy")}

    def run(self, verb, *more):
        done = subprocess.run([WEFT, verb, "--data", self.data, *more], capture_output=True, text=True, env=self.clock.env())
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self):
        real = subprocess.Popen
        weft_http.subprocess.Popen = lambda *a, **k: real(*a, **{**k, "env": self.clock.env()})
        try:
            return super().start()
        finally:
            weft_http.subprocess.Popen = real

    def ask(self, status, role, method, path, body=None):
        """503: the house is just up, and makes its table of people."""
        a = wait_for(lambda: next((x for x in [self.call(method, path, body, self.roles[role])] if x.status != 503), None),
                     f"{method} {path}", 300)
        assert a.status in status, f"{method} {path}: {a.status} {a.body[:1000]}"
        return a.json

    def at_work(self):
        """Threads that run, want to, or wait for the disk."""
        found = []
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            try:
                with open(f"/proc/{self.process.pid}/task/{task}/stat", encoding="ascii", errors="replace") as f:
                    if f.read().rsplit(") ", 1)[1][0] in "RD":
                        found.append(task)
            except OSError:
                pass  # it ended
        return found

    def rests(self, world, most=1800):
        """Nothing is left to do: for a while hardly anything arrives, and no thread is at work for half of it."""
        end = time.monotonic() + most
        while time.monotonic() < end:
            sent, looks, began = world.sent, [], time.monotonic()
            while time.monotonic() - began < LULL:
                looks += [*set(self.at_work())]
                time.sleep(LULL / 20)
            if world.sent - sent <= 2 and max(collections.Counter(looks).values(), default=0) < 10:
                return
        raise AssertionError("the house does not come to rest")

    def comes_to_all(self, id, world):
        """The campaign came to all whom it is for, and what was due now was decided: how many they are."""
        def look():
            c = self.ask((200,), "outreach", "GET", f"/campaigns/{id}")
            return c["people"] if c.get("next", -1) >= c["people"] else 0
        people = wait_for(look, "all to be under way", 1800, 0.2)
        self.rests(world)
        return people

    def campaign(self, matter, group):
        """One message to everybody, in three languages, at once."""
        lang = {k: v % matter for k, v in WORDS.items()}
        said = [{"url": "http://hl7.org/fhir/StructureDefinition/translation", "extension": [
            {"url": "lang", "valueCode": k}, {"url": "content", "valueString": lang[k]}]} for k in ("es", "ar")]

        def step(code):
            return [{"coding": [{"system": "https://weft.health/fhir/plan-step", "code": code}]}]
        url = "https://weft.health/fhir/StructureDefinition/plan-"
        plan = {"resourceType": "PlanDefinition", "status": "draft", "title": matter, "name": matter, "extension": [
            {"url": url + "kind", "valueCode": "campaign"}, {"url": url + "purpose", "valueCode": "wellness_checkup"},
            {"url": url + "programme", "valueCode": matter}, {"url": url + "hours", "valueString": "00:00-23:59"},
            {"url": url + "gap", "valueDuration": {"value": 0, "code": "h", "system": "http://unitsofmeasure.org"}},
            {"url": url + "spread", "valueDuration": {"value": 0, "code": "h", "system": "http://unitsofmeasure.org"}},
            {"url": url + "audience", "valueReference": {"reference": group}}],
            "action": [{"id": "enrol", "title": "Who", "code": step("enrol")},
                       {"id": "say", "title": "Say", "code": step("message"), "textEquivalent": lang["en"],
                        "_textEquivalent": {"extension": said}}]}
        id = self.ask((201,), "outreach", "POST", "/campaigns", plan)["id"]
        for role, name in (("outreach", "submit"), ("privacy", "approve"), ("outreach", "schedule")):
            self.ask((200,), role, "POST", f"/campaigns/{id}/step", {"step": name})
        return id


class Run:
    def __init__(self, moments, people, seed):
        self.rng, self.moments, self.matter = random.Random(seed), moments, 0
        self.clock = Clock(moments[0] + ":00Z")
        self.town = Town(people, self.clock.now(), seed)
        self.world = World(self.clock, self.town.people.values())
        self.centre, self.box = Centre(self.world, seed), Mailbox(self.world, seed)
        self.mail = Controller(self.box, hostname="127.0.0.1", port=free_port())
        self.mail.start()
        self.house = House(self.clock, self.town, self.centre, self.mail.port)
        self.ids, self.tried, self.kills, self.jumps = [*self.town.people], 0, 0, 0
        self.group = None

    def next_matter(self, first):
        self.matter += 1
        return first + word(self.matter, 3)

    def up(self):
        binds = len(self.centre.of("bind"))
        self.house.start()
        self.centre.until("bind", n=binds + 1)
        self.centre.again()

    def down(self, how):
        """It ends when it is told to, and no sooner."""
        there, code = self.house.process.poll(), self.house.stop(how)
        assert there is None and code == (0 if how == signal.SIGTERM else -how), f"ended with {there or code}: {self.house.read_log()[-3000:]}"
        self.centre.left()

    def staff(self, n):
        """A nurse writes to people; some of it must be refused."""
        for _ in range(n):
            person, matter = self.town.people[self.rng.choice(self.ids)], self.next_matter("y")
            bad = self.rng.random() < 0.2
            words = self.rng.choice(BAD) if bad else "{who} ({matter}): please call us — “today”, if you can."
            draft = {"patient": person["id"], "channel": self.rng.choice(("sms", "sms", "email", "")), "key": f"key-{matter}",
                     "text": words.format(who=person["names"][0], matter=matter)}
            try:
                a = self.house.call("POST", "/fhir/Communication/$send", draft, self.house.roles["nurse"], timeout=20)
            except (OSError, weft_http.http.client.HTTPException):
                continue  # killed meanwhile
            assert a.status in (201, 422, 503), a.body[:500]
            assert a.status != 201 or not bad, draft
            self.tried += 1

    def people_say(self, n):
        for _ in range(n):
            person = self.town.people[self.rng.choice(self.ids)]
            text, means = self.rng.choice(SAYINGS)
            self.centre.says(person["numbers"][0], text, means)
            if means == "stop" and self.rng.random() < 0.3:
                self.centre.says(person["numbers"][0], text, means)

    def moment(self, at, last):
        self.world.jump(at)
        self.jumps += 1
        self.up()
        if not self.group:
            self.group = "Group/" + self.house.ask((201,), "outreach", "POST", "/audiences", {
                "name": "Everybody", "purpose": "care", "lately": 0, "groups": [[{"chip": "age-adult"}]]})["id"]
        campaign = self.house.campaign(self.next_matter("z"), self.group)
        few = max(4, len(self.ids) // 40)
        writer = threading.Thread(target=self.staff, args=(few,))
        writer.start()
        self.people_say(few)
        if at == self.moments[0]:  # by day: the run is of messages that went, and is killed among them
            wait_for(lambda: self.world.sent > len(self.ids) // 4, "messages", 120)
        for _ in range(self.rng.randrange(3 if len(self.ids) > 1000 else 2)):
            time.sleep(self.rng.random() * 0.6)
            self.kills += 1
            self.down(signal.SIGKILL)
            self.up()
            self.people_say(few // 2)
        writer.join(1800)
        assert not writer.is_alive(), "the writing does not end"
        self.tried += self.house.comes_to_all(campaign, self.world)
        self.down(signal.SIGTERM if last or self.rng.random() < 0.5 else signal.SIGKILL)

    def all(self):
        try:
            for i, at in enumerate(self.moments):
                began = time.monotonic()
                self.moment(at, i + 1 == len(self.moments))
                if len(self.ids) > 1000:
                    print(f"  {at}: {time.monotonic() - began:.1f} s, {self.tried} tried, {self.world.sent} arrived", flush=True)
                if time.monotonic() > UNTIL:
                    break
            log = self.house.read_log()
            assert "Sanitizer" not in log and "runtime error" not in log, log[-3000:]
        finally:
            self.house.stop(signal.SIGKILL)
            self.house.close()
            self.mail.stop()
            self.centre.close()
        if KEEP:
            with open(KEEP, "a", encoding="utf-8") as f:
                f.writelines(json.dumps(x) + "\n" for x in self.world.lines)
        breaches, counts = checker.check(self.world.lines)
        return breaches, counts, self


def town(moments, people, seed):
    """One house with its people through the moments; its breaches, and what was done."""
    began = time.monotonic()
    breaches, counts, run = Run(moments, people, seed).all()
    print(f"{moments[0]} to {moments[-1]}: seed {seed}, {people} people, {run.tried} contacts tried, {counts['arrived']} messages "
          f"arrived, {counts['said']} said, {run.kills} kills, {run.jumps} jumps, {len(breaches)} breaches; "
          f"{time.monotonic() - began:.0f} s", flush=True)
    for b in breaches[:50]:
        print(f"{b.kind}: {b.who} at {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(b.at))}: {b.why}", flush=True)
    return collections.Counter(breaches=len(breaches), contacts=run.tried, kills=run.kills, jumps=run.jumps, **counts)


def main():
    print(f"seed {SEED}")
    few, began = CONTACTS < 10000, time.monotonic()
    years = [[moments[i] for i in FEW[moments]] if few else moments for moments in (AUTUMN, SPRING)]
    people = max(20, min(TOWN, CONTACTS // sum(len(m) for m in years)))
    done, seed = collections.Counter(), SEED
    while not done or (done["contacts"] < CONTACTS - people and time.monotonic() < UNTIL):
        for moments in years:
            done += town(moments, people, seed)
        seed += 1
    print(f"{done['contacts']} contacts tried, {done['arrived']} arrived, {done['said']} said, {done['kills']} kills, "
          f"{done['jumps']} jumps of the clock, {done['breaches']} breaches; {time.monotonic() - began:.0f} s")
    assert not done["breaches"], f"{done['breaches']} breaches"


if __name__ == "__main__":
    main()
