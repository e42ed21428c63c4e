"""Two nodes on one feed, poison between the readings, a node and a broker killed under load, and a device that was
offline for a week and sends everything at once, twice: no acknowledged reading is lost or doubled, every bad one
stands in the one open case of its patient.
WEFT_KILLS: how often the node that serves is killed (default 1). WEFT_ROUNDS: readings of the week (default 10,000).
WEFT_SOAK_MINUTES: ten kills."""
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "40-flows"))
from flows import Clock, House, in_houses, reading, wait_for  # noqa: E402
from readings_crash_test import Stream, check_patient, get  # noqa: E402

SOAK = float(os.environ.get("WEFT_SOAK_MINUTES", "0")) > 0
KILLS = int(os.environ.get("WEFT_KILLS", "10" if SOAK else "1"))
WEEK = int(os.environ.get("WEFT_ROUNDS", "10000"))
SEED = int(os.environ.get("WEFT_SEED", str(time.time_ns())))
POISON = ["", "{", "[]", "\xff\xfe\0", "{" * 3000, '{"resourceType":"Observation"}', '{"header":{},"body":{}}',
          '{"resourceType":"Observation","status":"final","code":{},"effectiveDateTime":"9999-99-99"}', "x" * 300000]


class Node(House):
    """One more server of a house: it waits for the data folder until the one that has it ends."""

    def __init__(self, house, n):
        for name in ("clock", "folder", "data", "demo", "truth", "accounts", "devices", "broker"):
            setattr(self, name, getattr(house, name))
        self.config, self.log_path = f"{house.config}.{n}", f"{house.log_path}.{n}"
        self.port, self.tokens, self.extra_env = 0, house.tokens, {}
        self.configure("database.standby = true")
        self.beside("a")

def by_mqtt(house, stream, patient, n):
    """Bad readings with poison between them; the broker acknowledges each."""
    device = house.mqtt(patient)
    for _ in range(n):
        device.publish(f"weft/v1/hub-{patient}/observation", random.choice(POISON), wait=False)
        o = stream.reading(patient)
        device.publish(f"weft/v1/hub-{patient}/observation", o)
        stream.acked[patient].append(o["effectiveDateTime"])
    device.close()


def two_nodes(house, nodes, patients):
    """The node that serves is killed while devices report; the one that waits goes on."""
    stream = Stream(patients, house.clock)
    nodes.append(Node(house, 0))
    for kill in range(KILLS):
        wait_for(nodes[-1].serves, "a node to serve", 90)
        nodes.append(Node(house, kill + 1))
        load = [threading.Thread(target=by_mqtt, args=(house, stream, p, 3)) for p in patients]
        for t in load:
            t.start()
        time.sleep(random.random() * 0.3)
        nodes[-2].stop(signal.SIGKILL)
        for t in load:
            t.join(60)
            assert not t.is_alive(), "the load does not end"
        if kill == KILLS // 2:
            house.broker.stop()
            house.broker.start()
    wait_for(nodes[-1].serves, "the last node to serve", 90)
    nodes[-1].sign_in("nurse")
    for patient, stamps in stream.acked.items():
        check_patient(nodes[-1], patient, stamps)
    return sum(map(len, stream.acked.values()))


def a_week_at_once(node, token, patient):
    step = 7 * 86400 / WEEK
    stamps = [node.clock.stamp(60 + step * (WEEK - i)) for i in range(WEEK)]
    entry = [{"resource": reading("spo2", 83 if i >= WEEK - 2 else 97, at, patient),
              "request": {"method": "POST", "url": "Observation"}} for i, at in enumerate(stamps)]
    for how_often in range(2):
        a = node.call("POST", "/fhir", {"resourceType": "Bundle", "type": "batch", "entry": entry}, token, timeout=300)
        assert a.status == 200, a.body[:2000]
        told = [e["response"]["status"][:3] for e in a.json["entry"]]
        assert set(told) == ({"201"}, {"200"})[how_often], {s: told.count(s) for s in told}
    since = node.clock.stamp(7 * 86400 + 60)

    def kept():
        a = node.call("GET", f"/fhir/Observation?subject=Patient/{patient}&code=59408-5&date=ge{since}&_summary=count",
                      token=node.sign_in("nurse"))
        return a.json["total"]
    own = kept()
    cases = wait_for(lambda: [c for c in get(node, f"/fhir/Task?patient=Patient/{patient}&_count=50")
                              if "83" in c.get("description", "")], "the case of the newest readings")
    assert len(cases) == 1, f"{len(cases)} cases"
    return own


def run(houses, nodes):
    random.seed(SEED)
    print(f"seed {SEED}")
    houses.append(house := House(clock=Clock(), broker=True))
    stable = [p for p, t in house.truth.items() if t["monitored"] and not t["planted"]]
    patient, others = stable[0], stable[1:5]
    token = house.token("device", "--user", "hub-" + patient)
    house.broker.start()
    started = time.monotonic()
    n = two_nodes(house, nodes, others)
    week = time.monotonic()
    own = a_week_at_once(nodes[-1], token, patient)
    assert own >= WEEK, f"{own} of {WEEK} are kept"
    ended = time.monotonic()
    code, log = nodes[-1].stop(), "".join(node.read_log() for node in nodes)
    assert code == 0 and "Sanitizer" not in log and "runtime error" not in log, log[-3000:]
    house.trail_holds()
    print(f"{KILLS} kills, {n} readings by MQTT and {WEEK} at once, twice: none lost, none doubled, one case a "
          f"patient; {week - started:.0f} s and {ended - week:.0f} s")


if __name__ == "__main__":
    in_houses(run)
