#!/usr/bin/env python3
"""Opens models that `siamese-finetune` wrote with Keras, and compares their embeddings with those of `siamese embed`.

    export.py SIAMESE_FOLDER BACKBONE PICTURES     # needs: pip install tensorflow-cpu keras pillow

PICTURES is a folder of classes. Models of several kinds are trained and written: a head behind the backbone, one with joint layers
beside it (which are no part of the network), one behind several layers joined, and a conv4 network from scratch, as .h5 and as
.keras, as model and as plain backbone. Embeddings must agree to 1e-4 of their size.
"""
import json, os, subprocess, sys, tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py
import keras
import numpy as np
from PIL import Image

TOLERANCE = 1e-4
MEANS = np.array([103.939, 116.779, 123.68], "float32")


def prepared(paths, shape, mode):
    rows = []
    for path in paths:
        picture = Image.open(path).convert("RGB").resize((shape[1], shape[0]), Image.BILINEAR)
        x = np.asarray(picture.convert("L"))[..., None] if shape[2] == 1 else np.asarray(picture)
        x = x.astype("float32")
        if mode == "caffe":
            x = x[..., ::-1] - MEANS
        elif mode == "tf":
            x = x / np.float32(127.5) - 1
        rows.append(x)
    return np.stack(rows)


def difference(tools, folder, pictures, name, options, mode, layer):
    """The largest difference of embeddings, as a share of the largest number. A .keras archive and a plain file say nothing
    about pictures, nor the former about the layer."""
    siamese = os.path.join(tools, "siamese")
    model_path, rows = os.path.join(folder, name), os.path.join(folder, "rows.npy")
    output = [model_path] if name != "backbone.h5" else [os.path.join(folder, "whole.h5"), "--export-backbone", model_path]
    subprocess.run([os.path.join(tools, "siamese-finetune"), "--data", pictures, *options, "--output", *output],
                   check=True, stdout=subprocess.DEVNULL)
    if mode is None:
        inspection = json.loads(subprocess.run([siamese, "inspect", model_path, "--json"], check=True,
                                               capture_output=True, text=True).stdout)
        mode = inspection["preprocessing"]
    network = (["--model", model_path] if layer is None else
               ["--backbone", model_path, "--layer", layer, "--preprocess", mode])
    model = keras.models.load_model(model_path, compile=False)
    files = sorted(os.path.join(base, name) for base, _, names in os.walk(pictures) for name in names)[:8]
    # Pictures of the input's own size, so that resizing is no part of the comparison.
    shape, sized = model.input_shape[1:], []
    for index, path in enumerate(files):
        sized.append(os.path.join(folder, f"{index}.png"))
        Image.open(path).convert("RGB").resize((shape[1], shape[0])).save(sized[-1])
    subprocess.run([siamese, "embed", *network, "--images", *sized, "--output", rows], check=True)
    found = np.load(rows)
    expected = np.asarray(model(prepared(sized, shape, mode), training=False))
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def joined(backbone):
    """Two layers of the backbone to join: a map in its middle, and a later one."""
    model = keras.models.load_model(backbone, compile=False)
    maps = [layer.name for layer in model.layers if len(layer.output.shape) == 4]
    return f"{maps[len(maps) // 2]}+{maps[-1]}"


def main():
    tools, backbone, pictures = sys.argv[1:4]
    inspection = subprocess.run([os.path.join(tools, "siamese"), "inspect", backbone, "--json"], check=True,
                                capture_output=True, text=True)
    mode = json.loads(inspection.stdout)["preprocessing"]
    pretrained, layers = ["--backbone", backbone], joined(backbone)
    scratch = ["--architecture", "conv4", "--from-scratch", "--steps", "20", "--head", "linear:32,plain", "--head-init",
               "orthogonal", "--augment", "rotate:10"]
    failed = False
    for name, what, options, mode, layer in (
            ("model.h5", "as by default", pretrained, None, None),
            ("model.h5", "joint layers beside", [*pretrained, "--joint", "absdiff,product:16,1", "--steps", "20"], None, None),
            ("model.keras", "a fitted head", [*pretrained, "--unfreeze", "none"], mode, "embedding"),
            ("model.h5", f"{layers} concatenated and trained through",
             [*pretrained, "--layer", layers, "--unfreeze", "all", "--steps", "20", "--choose-on", "0"], None, None),
            ("model.keras", f"{layers} concatenated", [*pretrained, "--layer", layers, "--unfreeze", "none"], mode, "embedding"),
            ("model.h5", "conv4 from scratch", scratch, None, None),
            ("model.keras", "conv4 from scratch", scratch, "none", "embedding"),
            ("model.h5", "conv4 from scratch, no head", scratch[:5], None, None),
            ("backbone.h5", "conv4 from scratch", scratch, "none", "features")):
        with tempfile.TemporaryDirectory() as folder:
            found = difference(tools, folder, pictures, name, options, mode, layer)
        failed |= not found <= TOLERANCE
        print(f"{'ok' if found <= TOLERANCE else 'FAIL':4} {name}, {what}, in Keras: {found:.1e}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
