"""Makes libsvm.json: small problems, and what LIBSVM makes of them.

    pip install libsvm-official numpy
    python make_goldens.py

LIBSVM's own seeds fix its folds, so the numbers repeat. Tolerance 1e-5 in training keeps both solvers close to the same
optimum; the tests allow for what is left.
"""
import ctypes, json, os, re
import numpy as np
from libsvm import svm, svmutil

MACHINES = {"c_svc": 0, "nu_svc": 1, "one_class": 2, "epsilon_svr": 3, "nu_svr": 4}
KERNELS = {"linear": 0, "polynomial": 1, "rbf": 2, "sigmoid": 3, "precomputed": 4}


KEPT = []  # LIBSVM's wrapper frees what models still point to


def trained(problem, flags):
    """A model and what LIBSVM printed while training it."""
    lines, parameter = [], svmutil.svm_parameter(flags)
    parameter.print_func = svm.PRINT_STRING_FUN(lambda line: lines.append(line.decode()))
    model = svmutil.svm_train(problem, parameter)
    KEPT.append((problem, parameter, model))
    return model, "".join(lines)


def predicted(model, probe, kernel, pairs, with_probabilities):
    """Labels, decision values and probabilities, straight from the C library."""
    labels, values, probabilities = [], [], []
    for row in probe:
        nodes, _ = svm.gen_svm_nodearray(row, isKernel=kernel == "precomputed")
        room = (ctypes.c_double * max(pairs, model.nr_class))()
        labels.append(svm.libsvm.svm_predict_values(model, nodes, room)); values.append(list(room)[:pairs])
        if with_probabilities:
            svm.libsvm.svm_predict_probability(model, nodes, room); probabilities.append(list(room)[:model.nr_class])
    return labels, values, probabilities


def rows(seed, count, width, classes):
    r = np.random.default_rng(seed)
    y = np.arange(count) % classes
    x = r.normal(size=(classes, width))[y] * 1.2 + r.normal(size=(count, width))
    return np.round(x, 3).astype("float32"), y


def case(name, machine, kernel, x, y, test, options, gamma=None, **settings):
    flags = f"-s {MACHINES[machine]} -t {KERNELS[kernel]} -e 1e-5 -m 100 {options}" + (f" -g {gamma}" if gamma else "")
    train, probe = x, test
    if kernel == "precomputed":
        gram = (x @ x.T + 1) ** 2; cross = (test @ x.T + 1) ** 2
        train = [{0: i + 1, **{j + 1: float(v) for j, v in enumerate(row)}} for i, row in enumerate(gram)]
        probe = [{0: i + 1, **{j + 1: float(v) for j, v in enumerate(row)}} for i, row in enumerate(cross)]
    problem = svmutil.svm_problem(list(map(float, y)), train, isKernel=kernel == "precomputed")
    model, text = trained(problem, flags)
    pairs = max(1, model.nr_class * (model.nr_class - 1) // 2)
    labels, values, probabilities = predicted(model, probe, kernel, pairs, "-b 1" in options)
    result = dict(
        name=name, machine=machine, kernel=kernel, gamma=gamma, settings=settings, shape=list(x.shape),
        x=[float(v) for v in x.ravel()], y=[float(v) for v in y], test=[float(v) for v in test.ravel()],
        predicted=labels, values=values,
        objectives=[float(v) for v in re.findall(r"obj = (\S+),", text)],
        rho=[model.rho[i] for i in range(pairs)],
        vectors=model.l, labels=model.get_labels() if machine.endswith("svc") else [])
    if "-b 1" in options:
        result["probabilities"] = probabilities
    return result


def main():
    cases = []
    x, y = rows(1, 60, 5, 3); test = rows(2, 20, 5, 3)[0]
    binary = (y > 0).astype(int)
    z = np.round(np.sin(x[:, 0]) + 0.3 * x[:, 1], 4)
    for kernel, gamma, flags, settings in (
        ("linear", None, "", {}), ("rbf", 0.2, "", {}), ("polynomial", 0.3, "-d 3 -r 1", dict(degree=3, offset=1.0)),
        ("sigmoid", 0.05, "-r -0.5", dict(offset=-0.5)), ("precomputed", None, "", {})):
        cases += [
            case(f"c_svc {kernel}", "c_svc", kernel, x, y, test, f"-c 2 {flags}", gamma, c=2.0, **settings),
            case(f"nu_svc {kernel}", "nu_svc", kernel, x, y, test, f"-n 0.3 {flags}", gamma, nu=0.3, **settings),
            case(f"one_class {kernel}", "one_class", kernel, x, y, test, f"-n 0.25 {flags}", gamma, nu=0.25, **settings),
            case(f"epsilon_svr {kernel}", "epsilon_svr", kernel, x, z, test, f"-c 3 -p 0.05 {flags}", gamma, c=3.0, epsilon=0.05, **settings),
            case(f"nu_svr {kernel}", "nu_svr", kernel, x, z, test, f"-c 3 -n 0.4 {flags}", gamma, c=3.0, nu=0.4, **settings)]
    cases.append(case("c_svc two classes, weighted", "c_svc", "rbf", x, binary, test, "-c 1 -w0 3 -w1 0.5", 0.2, c=1.0, classWeights={"0": 3.0, "1": 0.5}))
    x, y = rows(3, 300, 6, 3); test = rows(4, 60, 6, 3)[0]
    cases.append(case("c_svc probabilities", "c_svc", "rbf", x, y, test, "-c 2 -b 1", 0.1, c=2.0, probability=True))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libsvm.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


main()
