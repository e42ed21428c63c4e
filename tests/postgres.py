"""A real PostgreSQL of the test's own: initdb in a folder, a Unix socket and nothing else, fsync as
it comes. As root it runs as another user, since PostgreSQL refuses root.

postgres.py PROGRAM...   runs the programs, one after the other, with WEFT_TEST_DATABASE naming the database."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def binaries():
    """The folder with initdb and postgres, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[-2]))
    if found:
        return found[-1]
    there = shutil.which("initdb")
    return os.path.dirname(os.path.realpath(there)) if there else None


def missing():
    return None if binaries() else "PostgreSQL is not installed (package postgresql)"


class Cluster:
    """Started and empty; database() is the connection string."""

    def __init__(self, settings=()):
        self.bin = binaries()
        self.dir = tempfile.mkdtemp(prefix="weft-pg-", dir=os.environ.get("TMPDIR", "/tmp"))
        self.data = self.dir + "/data"
        self.settings = list(settings)
        self.process = None
        self.as_user = []
        if os.getuid() == 0:
            user = next(u for u in ("postgres", "nobody") if self._user(u))
            who = pwd.getpwnam(user)
            os.chmod(self.dir, 0o755)
            os.makedirs(self.data, 0o700)
            os.chown(self.data, who.pw_uid, who.pw_gid)
            os.chown(self.dir, who.pw_uid, who.pw_gid)
            self.as_user = ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups"]
        self._run("initdb", "-D", self.data, "-U", "weft", "-A", "trust", "-E", "UTF8", "--locale=C",
                  "--no-sync", "--no-instructions")
        self.start()

    @staticmethod
    def _user(name):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            return None

    def _run(self, program, *words):
        done = subprocess.run([*self.as_user, f"{self.bin}/{program}", *words], cwd="/",
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def database(self, name="postgres"):
        return f"postgresql://weft@/{name}?host={self.dir}"

    def freeze(self, how=signal.SIGSTOP):
        """Every process of it stands still (SIGCONT: goes on), its sockets open."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as f:
            for pid in [self.process.pid, *map(int, f.read().split())]:
                os.kill(pid, how)

    def start(self):
        words = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.dir}",
                 "-c", "max_connections=100", "-c", "shared_buffers=64MB"]
        for setting in self.settings:
            words += ["-c", setting]
        with open(self.dir + "/log", "ab") as log:
            self.process = subprocess.Popen([*self.as_user, f"{self.bin}/postgres", "-D", self.data, *words],
                                            cwd="/", stdout=log, stderr=log, start_new_session=True)
        for _ in range(600):
            if subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", self.dir], check=False).returncode == 0:
                return
            if self.process.poll() is not None:
                raise RuntimeError(open(self.dir + "/log", encoding="utf-8").read()[-2000:])
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL does not start")

    def stop(self, how=signal.SIGINT):
        """SIGINT: at once, orderly; SIGQUIT: as if the machine had failed."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)

    def sql(self, text, name="postgres"):
        done = subprocess.run([f"{self.bin}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                               self.database(name), "-c", text], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def remove(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


def main():
    why = missing()
    if why:
        print("skipped:", why)
        return 77
    with Cluster() as cluster:
        env = {**os.environ, "WEFT_TEST_DATABASE": cluster.database()}
        return max(subprocess.run([program], env=env, check=False).returncode for program in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
