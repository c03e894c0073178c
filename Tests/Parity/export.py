#!/usr/bin/env python3
"""Opens models that `siamese-finetune` wrote with Keras, and compares their embeddings with those of `siamese embed`.

    export.py SIAMESE_FOLDER BACKBONE PICTURES     # needs: pip install tensorflow-cpu keras pillow

PICTURES is a folder of classes. One model is trained and written as .h5, one has joint layers beside it (which are no part of
the network), one is written as .keras. Embeddings must agree to 1e-4 of their size.
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


def difference(tools, folder, backbone, pictures, name, options, mode=None):
    """The largest difference of the model's embeddings, as a share of the largest number; and its preprocessing."""
    siamese = os.path.join(tools, "siamese")
    model_path, rows = os.path.join(folder, name), os.path.join(folder, "rows.npy")
    subprocess.run([os.path.join(tools, "siamese-finetune"), "--backbone", backbone, "--data", pictures, "--output",
                    model_path, *options], check=True, stdout=subprocess.DEVNULL)
    if mode is None:
        inspection = json.loads(subprocess.run([siamese, "inspect", model_path, "--json"], check=True,
                                               capture_output=True, text=True).stdout)
        mode, network = inspection["preprocessing"], ["--model", model_path]
    else:  # the archive says nothing about pictures or the layer
        network = ["--backbone", model_path, "--layer", "embedding", "--preprocess", mode]
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
    return float(np.abs(found - expected).max() / np.abs(expected).max()), mode


def main():
    tools, backbone, pictures = sys.argv[1:4]
    failed, mode = False, None
    for name, options in (("model.h5", []), ("joint.h5", ["--joint", "absdiff,product:16,1", "--steps", "20"]),
                          ("model.keras", ["--unfreeze", "none"])):
        with tempfile.TemporaryDirectory() as folder:
            found, mode = difference(tools, folder, backbone, pictures, name, options,
                                     mode if name.endswith(".keras") else None)
        failed |= not found <= TOLERANCE
        print(f"{'ok' if found <= TOLERANCE else 'FAIL':4} {name} in Keras: {found:.1e}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
