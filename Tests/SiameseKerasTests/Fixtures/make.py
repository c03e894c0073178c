"""Makes the Keras fixtures beside this script: one small network in every layout and dialect.

Needs Keras 3 with TensorFlow, h5py and numpy: KERAS_BACKEND=tensorflow python make.py
What Keras 1 and 2 wrote is written by hand with h5py, as those versions did it.
"""
import json
import os
import zipfile

os.environ["KERAS_BACKEND"] = "tensorflow"
import h5py
import keras
import numpy as np
from keras import layers

here = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(here, name)


def values(shape, start):
    """Numbers that are exact in bfloat16 and differ from weight to weight."""
    return ((np.arange(np.prod(shape)) + start) % 64 / 8 - 2).reshape(shape).astype("float32")


# The network of all the weights-only files: layer, its weights, shapes in the layer's own order.
network = [
    ("input_1", []),
    ("conv1", [("kernel", (3, 3, 3, 4)), ("bias", (4,))]),
    ("bn1", [("gamma", (4,)), ("beta", (4,)), ("moving_mean", (4,)), ("moving_variance", (4,))]),
    ("relu1", []),
    ("conv2", [("kernel", (1, 1, 4, 5)), ("bias", (5,))]),
    ("fc/predictions", [("kernel", (5, 3)), ("bias", (3,))]),
]
keras1_names = {
    "kernel": "W", "bias": "b", "gamma": "gamma", "beta": "beta", "moving_mean": "running_mean",
    "moving_variance": "running_std",
}


def write_layers(group, naming, dtype="float32", compression=None):
    group.attrs["layer_names"] = np.array([name.encode() for name, _ in network])
    start = 0
    for layer, weights in network:
        inner = group.create_group(layer)
        names = [naming(layer, role) for role, _ in weights]
        inner.attrs["weight_names"] = np.array([n.encode() for n in names]) if names else np.array([])
        for name, (_, shape) in zip(names, weights):
            inner.create_dataset(name, data=values(shape, start).astype(dtype), compression=compression)
            start += 7


def legacy(name, naming, version=None, config=None, **options):
    with h5py.File(path(name), "w") as file:
        group = file
        if config is not None:
            file.attrs["model_config"] = json.dumps(config).encode()
            file.attrs["training_config"] = json.dumps({"loss": "mse"}).encode()
            group = file.create_group("model_weights")
            file.create_group("optimizer_weights").attrs["weight_names"] = np.array([b"iterations:0"])
            file["optimizer_weights/iterations:0"] = np.int64(3)
        for place in {file, group}:
            if version:
                place.attrs["keras_version"] = version.encode()
                place.attrs["backend"] = b"tensorflow"
        write_layers(group, naming, **options)


config = {"class_name": "Model", "config": {"name": "m", "layers": [], "input_layers": [], "output_layers": []}}
legacy("keras1-weights.h5", lambda layer, role: f"{layer}_{keras1_names[role]}")
legacy("keras1-model.h5", lambda layer, role: f"{layer}_{keras1_names[role]}", "1.2.2", config)
legacy("keras2-weights.h5", lambda layer, role: f"{layer}_1/{role}:0", "2.1.6")
legacy("keras2-model.h5", lambda layer, role: f"{layer}/{role}:0", "2.2.4", config)
legacy("tfkeras-weights.h5", lambda layer, role: f"{layer}/{role}:0", "2.6.0")
legacy("gzip-weights.h5", lambda layer, role: f"{layer}/{role}:0", "2.6.0", compression="gzip")
legacy("half-weights.h5", lambda layer, role: f"{layer}/{role}:0", "2.6.0", dtype="float16")

# Keras 2's answer to attributes beyond 64 KiB: numbered parts.
with h5py.File(path("chunked-names.h5"), "w") as file:
    names = [f"layer_{index}".encode() for index in range(30)]
    for part, chunk in enumerate(np.array_split(np.asarray(names), 4)):
        file.attrs[f"layer_names{part}"] = chunk
    file.attrs["keras_version"] = "2.2.4"
    for index, name in enumerate(names):
        group = file.create_group(name)
        group.attrs["weight_names0"] = np.array([b"a:0"])
        group.attrs["weight_names1"] = np.array([b"b:0"])
        group["a:0"], group["b:0"] = np.float32([index]), np.float32([index, index])

# Keras 0.x, which is refused by name.
with h5py.File(path("keras0-weights.h5"), "w") as file:
    file.attrs["nb_layers"] = 1
    file["layer_0/param_0"] = np.zeros((2, 2), "float32")


# Keras 3 itself. The classes alternate, so that numbers per class and order of layers differ; one model is nested.
def model(dtype=None):
    keras.utils.set_random_seed(0)
    nested_in = keras.Input((6, 6, 4))
    nested = keras.Model(nested_in, layers.Conv2D(4, 1, name="inside")(nested_in), name="nested")
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="z_first", dtype=dtype)(image)
    x = layers.BatchNormalization(name="norm", dtype=dtype)(x)
    x = layers.ReLU()(x)
    x = nested(x)
    for index in range(11):
        x = layers.Conv2D(2 + index % 2, 1, use_bias=False, name=f"a_{11 - index}", dtype=dtype)(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.5)(x)
    result = keras.Model(image, layers.Dense(3, name="top", dtype=dtype)(x), name="outer")
    for index, weight in enumerate(result.weights):
        if weight.dtype != "uint32":
            weight.assign(values(weight.shape, index))
    return result


small = model()
small.save(path("keras3-model.keras"))
small.save_weights(path("keras3.weights.h5"))
small.save(path("keras3-model.h5"))
model("bfloat16").save_weights(path("keras3-bfloat16.weights.h5"))

# Keras 2.13's name for `layers`.
with h5py.File(path("keras3.weights.h5")) as source, h5py.File(path("keras213.weights.h5"), "w") as target:
    def copy(name, item):
        if isinstance(item, h5py.Dataset):
            target[name.replace("layers", "_layer_checkpoint_dependencies")] = item[()]
    source.visititems(copy)

# What Keras reads from them, in its own order of layers: "path: first element".
expected = {
    "weights": [[w.path, list(w.shape), float(np.asarray(w.value).ravel()[0])] for w in small.weights],
}
with open(path("keras3-expected.json"), "w") as file:
    json.dump(expected, file)

# Archives that lie: a member longer or shorter than it says, and an archive without weights.
with zipfile.ZipFile(path("keras3-model.keras")) as source:
    members = {name: source.read(name) for name in source.namelist()}
with zipfile.ZipFile(path("no-weights.keras"), "w") as target:
    for name in ["metadata.json", "config.json"]:
        target.writestr(name, members[name])
with zipfile.ZipFile(path("deflated.keras"), "w", zipfile.ZIP_DEFLATED) as target:
    for name, data in members.items():
        target.writestr(name, data)
