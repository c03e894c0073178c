"""Kernel machines against LIBSVM 3.x on seeded small problems, through the command and both ways through model files.

    pip install libsvm-official scikit-learn numpy
    python svm.py .build/release/siamese [--problems 200] [--seed 0]

For each problem: train here and there; objectives, predictions and decision values must agree; our model file must
predict the same inside LIBSVM, and LIBSVM's inside ours; every tenth goes through scikit-learn's SVC as well.
"""
import argparse, json, os, re, subprocess, sys, tempfile
import numpy as np
from libsvm import svm, svmutil

MACHINES = ["c-svc", "nu-svc", "one-class", "epsilon-svr", "nu-svr"]
KERNELS = ["linear", "polynomial", "rbf", "sigmoid"]


def write(path, x, y):
    with open(path, "w") as file:
        for label, row in zip(y, x):
            file.write(f"{label:g} " + " ".join(f"{i + 1}:{v:.9g}" for i, v in enumerate(row) if v) + "\n")


def siamese(binary, *arguments):
    run = subprocess.run([binary, "svm", *map(str, arguments)], capture_output=True, text=True, timeout=120)
    if run.returncode: raise RuntimeError(f"{' '.join(map(str, arguments))}: {run.stderr.strip()}")


def predict(binary, model, data, folder):
    out = os.path.join(folder, "out.tsv")
    siamese(binary, "predict", model, data, "--output", out)
    return np.array([float(line.split("\t")[2]) for line in open(out).read().splitlines()[1:]])


def trained(x, y, flags):
    lines, parameter = [], svmutil.svm_parameter(flags)
    parameter.print_func = svm.PRINT_STRING_FUN(lambda line: lines.append(line.decode()))
    problem = svmutil.svm_problem(list(map(float, y)), [list(map(float, row)) for row in x])
    model = svmutil.svm_train(problem, parameter)
    model.kept = (problem, parameter)
    return model, sum(float(v) for v in re.findall(r"obj = (\S+),", "".join(lines)))


def predicted(model, x):
    return np.array([svm.libsvm.svm_predict(model, svm.gen_svm_nodearray(list(map(float, row)))[0]) for row in x])


def problem(binary, number, seed, folder):
    r = np.random.default_rng([seed, number])
    machine, kernel = MACHINES[number % 5], KERNELS[number // 5 % 4]
    rows, width, classes = int(r.integers(20, 160)), int(r.integers(2, 12)), int(r.integers(2, 5))
    y = np.arange(rows) % classes
    centres = r.normal(size=(classes, width)) * 1.3
    x = np.round(centres[y] + r.normal(size=(rows, width)), 4)
    test = np.round(centres[np.arange(60) % classes] + r.normal(size=(60, width)), 4)
    if machine.endswith("svr"): y = np.round(np.sin(x[:, 0]) + 0.5 * x[:, -1] + 0.1 * r.normal(size=rows), 4)
    c, nu, gamma = float(np.round(10 ** r.uniform(-1, 1.5), 3)), float(np.round(r.uniform(0.1, 0.4), 3)), float(np.round(10 ** r.uniform(-2, 0), 4))
    offset = float(np.round(r.uniform(-0.5, 0) if kernel == "sigmoid" else r.uniform(0, 1), 3))
    if kernel == "sigmoid": gamma /= 10
    flags = f"-s {MACHINES.index(machine)} -t {KERNELS.index(kernel)} -c {c} -n {nu} -p 0.1 -g {gamma} -r {offset} -d 2 -e 1e-4"
    train, probe, mine, theirs = (os.path.join(folder, n) for n in ("a.libsvm", "b.libsvm", "mine.model", "theirs.model"))
    write(train, x, y); write(probe, test, np.zeros(60))
    metrics = os.path.join(folder, "fit.json")
    siamese(
        binary, "train", train, "--output", mine, "--machine", machine, "--kernel", kernel, f"--c={c}", f"--nu={nu}",
        "--epsilon=0.1", f"--gamma={gamma}", f"--offset={offset}", "--degree=2", "--tolerance=1e-4", "--allow-indefinite", "--metrics", metrics)
    figures = json.load(open(metrics))
    model, objective = trained(x, y, flags)
    svmutil.svm_save_model(theirs, model)
    faults = []
    ours, reference = predict(binary, mine, probe, folder), predicted(model, test)
    agree = (lambda a, b, share: np.mean(np.abs(a - b) <= 2e-2 * max(1, np.abs(b).max())) >= share) if machine.endswith("svr") else (lambda a, b, share: np.mean(a == b) >= share)
    # An indefinite kernel has many stationary points: there only the interchange must agree.
    if kernel != "sigmoid":
        if abs(figures["objective"] - objective) > 1e-3 * max(1e-1, abs(objective)): faults.append(f"objective {figures['objective']} against {objective}")
        if not agree(ours, reference, 0.96): faults.append("predictions differ")
        if abs(figures["support_vectors"] - model.l) > max(2, 0.03 * rows): faults.append(f"{figures['support_vectors']} support vectors against {model.l}")
    if not agree(predicted(svmutil.svm_load_model(mine), test), ours, 0.98): faults.append("LIBSVM reads our model differently")
    if not agree(predict(binary, theirs, probe, folder), reference, 0.98): faults.append("we read LIBSVM's model differently")
    if number % 10 == 0 and kernel != "sigmoid":
        from sklearn.svm import SVC
        other = SVC(C=c, kernel={"polynomial": "poly"}.get(kernel, kernel), gamma=gamma, coef0=offset, degree=2, tol=1e-4).fit(x, y)
        if not agree(ours, other.predict(test).astype(float), 0.96): faults.append("scikit-learn predicts differently")
    return f"{number} {machine} {kernel} {rows}x{width}", faults


def main():
    p = argparse.ArgumentParser(); p.add_argument("binary"); p.add_argument("--problems", type=int, default=200); p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(a.problems):
            try: name, faults = problem(a.binary, number, a.seed, folder)
            except Exception as error: name, faults = f"{number}", [str(error)]
            if faults: failed += 1; print(f"{name}: {'; '.join(faults)}", flush=True)
    print(f"{a.problems - failed} of {a.problems} problems agree with LIBSVM")
    sys.exit(1 if failed else 0)


main()
