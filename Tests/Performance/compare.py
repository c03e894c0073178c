"""Times peers and this package on the same networks, one process after another, and prints ours ÷ best peer.

    python compare.py MODELS --siamese .build/release/siamese [--networks resnet50 …] [--batch 1 16] [--threads 2]

Engines: ONNX Runtime, OpenVINO (f32 and bf16), TensorFlow. Each figure is the fastest of --runs batches; peers of one
precision are compared with ours of the same. Needs: pip install onnxruntime openvino tensorflow-cpu
"""
import argparse
import datetime
import json
import math
import os
import subprocess
import sys

ENGINE = r'''
import json, os, sys, time
engine, stem, batch, threads, runs = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
random = np.random.default_rng(1)
if engine == "onnxruntime":
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(stem + ".onnx", options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    x = random.uniform(-1, 1, [batch] + entry.shape[1:]).astype("float32")
    run = lambda: session.run(None, {entry.name: x})
elif engine.startswith("openvino"):
    import openvino
    core = openvino.Core()
    model = core.read_model(stem + ".onnx")
    shape = [batch] + [d.get_length() for d in list(model.input(0).partial_shape)[1:]]
    model.reshape(shape)
    x = random.uniform(-1, 1, shape).astype("float32")
    request = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": engine.split("-")[1], "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads}).create_infer_request()
    run = lambda: request.infer({0: x})
else:
    import keras, tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = keras.models.load_model(stem + ".keras", compile=False)
    graph = tf.function(lambda t: model(t, training=False))
    x = tf.constant(random.uniform(-1, 1, [batch] + list(model.input_shape[1:])).astype("float32"))
    run = lambda: graph(x).numpy()
for _ in range(2):
    run()
best = float("inf")
for _ in range(runs):
    start = time.perf_counter()
    run()
    best = min(best, time.perf_counter() - start)
print(json.dumps({"milliseconds": best * 1e3}))
'''


def last_json(command):
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        print(f"{command[0]}: no figure; {done.stderr.strip()[-300:]}", file=sys.stderr)
        return {"milliseconds": math.nan}
    return json.loads(lines[-1])


def processor():
    with open("/proc/cpuinfo") as file:
        fields = dict(line.split(":", 1) for line in file if ":" in line)
    return next(v.strip() for k, v in fields.items() if k.strip() == "model name")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models")
    parser.add_argument("--siamese", required=True)
    parser.add_argument("--networks", nargs="+")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--precisions", nargs="+", default=["f32", "bf16"])
    parser.add_argument("--engines", nargs="+", default=["onnxruntime", "openvino-f32", "openvino-bf16", "tensorflow"])
    parser.add_argument("--output", help="a file for the table, as Markdown")
    args = parser.parse_args()
    names = args.networks or sorted(n[:-5] for n in os.listdir(args.models) if n.endswith(".onnx"))
    rows = [
        f"{datetime.date.today()}, {processor()}, {args.threads} threads, fastest of {args.runs} batches.", "",
        "| network | precision | batch | peers, ms | ours, ms | ours ÷ best peer |", "| --- | --- | --- | --- | --- | --- |"]
    print("\n".join(rows), flush=True)
    for name in names:
        stem = os.path.join(args.models, name)
        for precision in args.precisions:
            engines = [e for e in args.engines if e.endswith("bf16") == (precision == "bf16")]
            for batch in args.batch:
                ours = last_json([
                    args.siamese, "bench", "--backbone", stem + ".h5", "--batch", str(batch), "--threads",
                    str(args.threads), "--runs", str(args.runs), "--precision", precision, "--json"])["milliseconds"]
                peers = {
                    engine: last_json(
                        [sys.executable, "-c", ENGINE, engine, stem, str(batch), str(args.threads), str(args.runs)]
                    )["milliseconds"]
                    for engine in engines}
                best = min((v for v in peers.values() if not math.isnan(v)), default=math.nan)
                listed = ", ".join(f"{k} {v:.1f}" for k, v in peers.items())
                row = f"| {name} | {precision} | {batch} | {listed} | {ours:.1f} | {ours / best:.2f} |"
                rows.append(row)
                print(row, flush=True)
    if args.output:
        with open(args.output, "w") as file:
            file.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
