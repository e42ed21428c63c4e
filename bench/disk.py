#!/usr/bin/env python3
"""The limit of everything durable: 16 KB at a time written in place and synced, for some seconds.

    bench/disk.py FOLDER [SECONDS] [PAUSE]      prints syncs a second, p50, p99 and the longest in ms

With PAUSE seconds between them it takes next to nothing, and tells what the disk does to others: a
sync waits for all that the device holds, whoever wrote it.
"""
import os
import sys
import time

SIZE, SPAN = 16384, 64 << 20


def main():
    path = os.path.join(sys.argv[1], "disk.bin")
    end = float(sys.argv[2]) if len(sys.argv) > 2 else 3
    pause = float(sys.argv[3]) if len(sys.argv) > 3 else 0
    span = 1 << 20 if pause else SPAN
    block, took, at = os.urandom(SIZE), [], 0
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for i in range(span // SIZE):
            os.pwrite(fd, block, i * SIZE)
        os.fsync(fd)
        end += time.monotonic()
        while time.monotonic() < end:
            begun = time.perf_counter()
            os.pwrite(fd, block, at)
            os.fdatasync(fd)
            took.append(time.perf_counter() - begun)
            at = (at + SIZE) % span
            if pause:
                time.sleep(pause)
    finally:
        os.close(fd)
        os.unlink(path)
    took.sort()
    print(f"{len(took) / sum(took):.0f} {took[len(took) // 2] * 1e3:.2f} {took[len(took) * 99 // 100] * 1e3:.2f} "
          f"{took[-1] * 1e3:.0f}")


main()
