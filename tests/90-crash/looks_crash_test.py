"""kill -9 at random moments while a whole server answers reads: every answer that a client received has
its line in the trail after the restart, no line is there twice, and the trail is whole.
WEFT_KILLS: how often (default 5). WEFT_SOAK_MINUTES: go on for so long."""
import collections
import http.client
import json
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-http"))
import weft_http  # noqa: E402

KILLS = int(os.environ.get("WEFT_KILLS", "5"))
SOAK_S = 60 * float(os.environ.get("WEFT_SOAK_MINUTES", "0"))
SEED = int(os.environ.get("WEFT_SEED", str(time.time_ns())))
PATIENTS, CLIENTS = 40, 6
BATCH = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [
    {"request": {"method": "GET", "url": "Patient/p%d"}}]})
ROADS = ("GET /fhir/Patient/p%d", "HEAD /fhir/Patient/p%d", "GET /fhir/Patient/p%d/_history",
         "GET /fhir/Patient/p%d/_history/1", "GET /fhir/Observation?patient=p%d",
         "GET /fhir/Patient?_id=p%d", "GET /fhir/Patient/p%d/$everything", "POST /fhir",
         "POST /fhir/Observation/_search")


class Client:
    """One account; what it asked for and what it was shown, by patient."""

    def __init__(self, server, n):
        self.user = f"reader.{n}"
        self.token = server.token("nurse", "--user", self.user)
        self.asked, self.shown = collections.Counter(), collections.Counter()

    def request(self, connection, road, p):
        method, path = road.split(" ")
        headers, body = {"Authorization": "Bearer " + self.token}, None
        if path == "/fhir":
            body, headers["Content-Type"] = BATCH % p, weft_http.FHIR
        elif method == "POST":
            body, headers["Content-Type"] = f"patient=p{p}", "application/x-www-form-urlencoded"
        self.asked[p] += 1
        connection.request(method, path % p if "%d" in path else path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (road, answer.status, text)
        assert method == "HEAD" or b"p%d\"" % p in text, text[:500]
        self.shown[p] += 1

    def run(self, port):
        """Until the server is gone."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            while True:
                self.request(connection, random.choice(ROADS), random.randrange(PATIENTS))
        except (OSError, http.client.HTTPException):
            connection.close()


def writes(server, token):
    """Commits between the looks: their rows meet."""
    try:
        while True:
            server.call("POST", "/fhir/Organization",
                        {"resourceType": "Organization", "name": "Between"}, token)
            time.sleep(random.random() * 0.05)
    except (OSError, http.client.HTTPException):
        pass


class Trail:
    """Counts the lines past those counted before."""

    def __init__(self):
        self.newest, self.lines = 0, collections.Counter()

    def read(self, server, token):
        link, top = "/fhir/AuditEvent?_count=1000", 0
        while link:
            a = server.call("GET", link, token=token)
            assert a.status == 200, a.body
            rows = [e["resource"] for e in a.json.get("entry", [])]
            for r in rows:
                top = max(top, int(r["id"]))
                if int(r["id"]) <= self.newest:
                    continue
                user = r["agent"][0].get("altId", "")
                for e in r.get("entity", []):
                    who = e.get("what", {}).get("reference", "")
                    if user.startswith("reader.") and who.startswith("Patient/p"):
                        self.lines[user, int(who[9:])] += 1
            more = [x["url"] for x in a.json["link"] if x["relation"] == "next"]
            link = "/" + more[0].split("/", 3)[3] if more and \
                int(rows[-1]["id"]) > self.newest else None
        self.newest = top


def verified(server):
    done = weft_http.weft("audit", "verify", "--data", server.data, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def check(trail, clients):
    for c in clients:
        for p in range(PATIENTS):
            lines = trail.lines[c.user, p]
            assert c.shown[p] <= lines <= c.asked[p], \
                f"{c.user} was shown p{p} {c.shown[p]} times of {c.asked[p]}: {lines} lines"


def fill(server):
    path = os.path.join(server.folder, "people.ndjson")
    with open(path, "w", encoding="utf-8") as f:
        for i in range(PATIENTS):
            f.write(json.dumps({"resourceType": "Patient", "id": f"p{i}"}) + "\n")
            f.write(json.dumps(weft_http.observation(f"p{i}", id=f"o{i}")) + "\n")
    weft_http.weft("import", "--data", server.data, path)


def run(server):
    random.seed(SEED)
    print(f"seed {SEED}")
    fill(server)
    clients, trail = [Client(server, n) for n in range(CLIENTS)], Trail()
    system, admin = server.token("system"), server.token("admin")
    server.start()
    started, kills = time.monotonic(), 0
    while kills < KILLS or time.monotonic() - started < SOAK_S:
        load = [threading.Thread(target=c.run, args=(server.port,)) for c in clients]
        load.append(threading.Thread(target=writes, args=(server, admin)))
        for t in load:
            t.start()
        time.sleep(0.05 + random.random() * 0.4)
        server.stop(signal.SIGKILL)
        for t in load:
            t.join(60)
            assert not t.is_alive(), "the load does not end"
        kills += 1
        if kills % 10 == 1:
            verified(server)
        server.start()
        trail.read(server, system)
        check(trail, clients)
    code, log = server.stop(), server.read_log()
    assert code == 0 and "Sanitizer" not in log and "runtime error" not in log, log[-3000:]
    verified(server)
    shown = sum(sum(c.shown.values()) for c in clients)
    assert shown > 20 * kills, shown
    print(f"{kills} kills, {shown} answers to reads received: each has its line, none has two; "
          f"{time.monotonic() - started:.0f} s")


def main():
    server = weft_http.Server()
    try:
        run(server)
    finally:
        server.close()


if __name__ == "__main__":
    main()
