"""Two servers with folders of their own on one PostgreSQL and one shared subscription: both take readings, one has
the record. The one that has it, then the one that waits, are killed under load, and the broker and the database start again: no
reading the broker acknowledged is lost or doubled, and each patient has one case, with the newest bad one. (Not with
every one: two ways are not one order, and what is older than a case's newest finding adds nothing to it.)
WEFT_KILLS: how often each of the two is killed (default 1)."""
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "40-flows"), os.path.join(HERE, "..")]
import postgres  # noqa: E402
from feed_crash_test import POISON  # noqa: E402
from flows import WEFT, Clock, House, in_houses, wait_for  # noqa: E402
from readings_crash_test import Stream, get  # noqa: E402

KILLS = int(os.environ.get("WEFT_KILLS", "1"))
SEED = int(os.environ.get("WEFT_SEED", str(time.time_ns())))
A_ROUND = 4  # readings a patient


class Node(House):
    """A server with its own copy of the keys, its own name at the broker and a place in the queue for the record."""

    def __init__(self, house, name):
        for what in ("clock", "folder", "demo", "truth", "accounts", "devices", "broker", "tokens"):
            setattr(self, what, getattr(house, what))
        self.name, self.data = name, f"{house.folder}/{name}"
        self.config, self.log_path = f"{self.data}.conf", f"{self.data}.log"
        self.port, self.extra_env, self.process, self.old = 0, {}, None, ""
        shutil.copytree(house.data, self.data, ignore=shutil.ignore_patterns("lock", "control*"))
        self.configure(f"database.standby = true\nmqtt.share = weft\nmqtt.client_id = {name}")

    def run(self):
        """Beside the other one; it serves when that one ends."""
        if os.path.exists(self.log_path):
            self.old += self.read_log()
        self.port = 0
        self.beside("w")
        return self

    def takes(self):
        """Waits for the record, and is subscribed."""
        log = self.read_log()
        return "readings=taken" in log and "mqtt.connected" in log


def load(house, stream, patients):
    """Bad readings with poison between them; the broker acknowledges each."""
    def one(patient):
        device = house.mqtt(patient)
        for _ in range(A_ROUND):
            device.publish(f"weft/v1/hub-{patient}/observation", random.choice(POISON), wait=False)
            o = stream.reading(patient)
            device.publish(f"weft/v1/hub-{patient}/observation", o)
            stream.acked[patient].append(o["effectiveDateTime"])
        device.close()
    threads = [threading.Thread(target=one, args=(p,)) for p in patients]
    for t in threads:
        t.start()
    return threads


def check(node, patient, stamps):
    since, told = node.clock.stamp(26 * 3600), {}

    def whole():
        rows = get(node, f"/fhir/Observation?subject=Patient/{patient}&code=59408-5&date=ge{since}&_count=1000")
        bad = [o for o in rows if o["valueQuantity"]["value"] < 85]
        newest = max(bad, key=lambda o: o["effectiveDateTime"], default={"id": ""})["id"]
        cases = get(node, f"/fhir/Task?patient=Patient/{patient}&_count=50")
        seen = [i["valueReference"]["reference"] for c in cases for i in c["input"]]
        told.update(times=[o["effectiveDateTime"] for o in bad], cases=cases, seen=seen)
        return set(stamps) <= set(told["times"]) and "Observation/" + newest in seen
    try:
        wait_for(whole, "the record and the case to be whole", 60, 0.2)
    except AssertionError:
        missing = sorted(set(stamps) - set(told["times"]))
        raise AssertionError(f"{patient}: {missing} of {len(stamps)} readings missing; {told['cases']}") from None
    assert len(told["times"]) == len(set(told["times"])), f"{patient}: a reading was doubled"
    assert len(told["cases"]) == 1 and told["cases"][0]["status"] == "requested", f"{patient}: {told['cases']}"
    assert len(told["seen"]) == len(set(told["seen"])), f"{patient}: evidence was doubled"


def join(threads):
    for t in threads:
        t.join(60)
        assert not t.is_alive(), "the load does not end"


def moved(house, cluster):
    """The demonstration's store, in PostgreSQL from now on."""
    cluster.sql("CREATE DATABASE nodes")
    for words in (("backup", "--data", house.data, "--out", house.folder + "/copy"),
                  ("restore", "--from", house.folder + "/copy", "--keys", house.data, "--data",
                   house.folder + "/moved", "--database", cluster.database("nodes"))):
        done = subprocess.run([WEFT, *words], capture_output=True, text=True, timeout=300, check=False,
                              env=house.clock.env())
        assert done.returncode == 0, done.stderr
    house.data = house.folder + "/moved"


def rounds(house, nodes, stream, patients):
    """nodes[0] has the record, nodes[1] waits; every kill leaves the other way round."""
    took = []
    for kill in range(2 * KILLS):
        wait_for(nodes[0].serves, "a node to serve", 90)
        wait_for(nodes[1].takes, "the other one to take readings", 90)
        join(load(house, stream, patients))  # both live
        threads = load(house, stream, patients)
        time.sleep(random.random() * 0.3)
        dead = kill % 2  # the one that has the record, then the one that waits
        nodes[dead].stop(signal.SIGKILL)
        since = time.monotonic()
        if not dead:
            nodes.reverse()
            wait_for(nodes[0].serves, "the other one to take over", 90)
            took.append(time.monotonic() - since)
        join(threads)
        wait_for(lambda: "mqtt.adopted whole=yes" in nodes[0].read_log(), "what was left to be taken", 90)
        if kill == KILLS - 1:
            house.broker.stop()
            house.broker.start()
        nodes[1].run()
    return took


def run(houses, nodes, cluster):
    random.seed(SEED)
    print(f"seed {SEED}")
    houses.append(house := House(clock=Clock(), broker=True))
    moved(house, cluster)
    patients = [p for p, t in house.truth.items() if t["monitored"] and not t["planted"]][:4]
    stream = Stream(patients, house.clock)
    house.broker.start()
    nodes += [Node(house, "weft-a").run()]
    wait_for(nodes[0].serves, "the first node to serve", 90)
    nodes += [Node(house, "weft-b").run()]
    took = rounds(house, nodes, stream, patients)
    wait_for(nodes[0].serves, "a node to serve", 90)
    wait_for(nodes[1].takes, "the other one to take readings", 90)
    threads = load(house, stream, patients)
    cluster.stop()
    nodes[0].stop(signal.SIGKILL)
    cluster.start()
    nodes.reverse()
    wait_for(nodes[0].serves, "the other one to outlast the database's start", 90)
    nodes[1].run()  # not before: it could be the first to ask
    join(threads)
    wait_for(nodes[1].takes, "the one that was killed to wait", 90)
    nodes[0].sign_in("nurse")
    for patient, stamps in stream.acked.items():
        check(nodes[0], patient, stamps)
    rows = int(cluster.sql("SELECT last_value FROM weft.inbox_id_seq", "nodes"))
    assert rows > 1, "the node that waits took nothing"
    wait_for(lambda: cluster.sql("SELECT count(*) FROM weft.inbox", "nodes") == "0", "the inbox to be empty")
    for node in reversed(nodes):  # first the one that waits
        assert node.stop() == 0, node.read_log()[-2000:]
        log = node.old + node.read_log()
        assert "Sanitizer" not in log and "runtime error" not in log, log[-3000:]
    house.data = nodes[0].data
    house.trail_holds()
    print(f"{2 * KILLS} kills, {sum(map(len, stream.acked.values()))} readings, {rows} batches by the one that waits: "
          f"none lost, none doubled, one case a patient; took over in {', '.join(f'{s:.1f}' for s in took)} s")


def main():
    why = postgres.missing()
    if why:
        print("skipped:", why)
        sys.exit(77)
    with postgres.Cluster() as cluster:
        in_houses(run, cluster)


if __name__ == "__main__":
    main()
