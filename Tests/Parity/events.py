#!/usr/bin/env python3
"""Reads the event files of a run with TensorBoard's own reader, and compares them with the run's JSON lines.

    events.py SIAMESE_FOLDER BACKBONE     # needs: pip install tensorboard
"""
import collections, json, os, subprocess, sys, tempfile

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def main():
    tools, backbone = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        place = lambda name: os.path.join(folder, name)
        subprocess.run([os.path.join(tools, "siamese"), "glyphs", "--output", place("glyphs"), "--classes", "12",
                        "--per-class", "5", "--style", "runes"], check=True)
        subprocess.run([os.path.join(tools, "siamese-finetune"), "--backbone", backbone, "--data", place("glyphs"),
                        "--output", place("model.h5"), "--steps", "20", "--log", place("run.jsonl"), "--tensorboard",
                        place("board")], check=True, stdout=subprocess.DEVNULL)
        rounds = collections.defaultdict(list)
        for line in open(place("run.jsonl")):
            record = json.loads(line)
            rounds[record["round"]].append(record)
        compared = 0
        for name, records in rounds.items():
            reader = EventAccumulator(place(f"board/{name}"))
            reader.Reload()
            for tag in reader.Tags()["scalars"]:
                found = [(event.step, event.value) for event in reader.Scalars(tag)]
                expected = [(r["step"], r[tag]) for r in records if r.get(tag) is not None]
                same = [s for s, _ in found] == [s for s, _ in expected] and all(
                    abs(a - b) <= 1e-6 * max(1, abs(b)) for (_, a), (_, b) in zip(found, expected))
                if not same:
                    sys.exit(f"FAIL {name}/{tag}: {found[:3]} … for {expected[:3]} …")
                compared += len(found)
        if compared < 100:
            sys.exit(f"FAIL only {compared} numbers were found")
        print(f"ok   TensorBoard reads the {compared} numbers of {len(rounds)} rounds as they are in the log")


if __name__ == "__main__":
    main()
