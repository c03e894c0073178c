#!/usr/bin/env python3
"""Opens a model that `siamese-finetune` wrote with Keras, and compares its embeddings with those of `siamese embed`.

    export.py SIAMESE_FOLDER BACKBONE PICTURES     # needs: pip install tensorflow-cpu keras pillow

PICTURES is a folder of classes. Embeddings must agree to 1e-4 of their size.
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


def main():
    tools, backbone, pictures = sys.argv[1:4]
    siamese = os.path.join(tools, "siamese")
    with tempfile.TemporaryDirectory() as folder:
        model_path, rows = os.path.join(folder, "model.h5"), os.path.join(folder, "rows.npy")
        subprocess.run([os.path.join(tools, "siamese-finetune"), "--backbone", backbone, "--data", pictures,
                        "--output", model_path], check=True)
        inspection = json.loads(subprocess.run([siamese, "inspect", model_path, "--json"], check=True,
                                               capture_output=True, text=True).stdout)
        model = keras.models.load_model(model_path, compile=False)
        files = sorted(os.path.join(base, name) for base, _, names in os.walk(pictures) for name in names)[:8]
        # Pictures of the input's own size, so that resizing is no part of the comparison.
        shape, sized = model.input_shape[1:], []
        for index, path in enumerate(files):
            sized.append(os.path.join(folder, f"{index}.png"))
            Image.open(path).convert("RGB").resize((shape[1], shape[0])).save(sized[-1])
        subprocess.run([siamese, "embed", "--model", model_path, "--images", *sized, "--output", rows], check=True)
        found = np.load(rows)
        expected = np.asarray(model(prepared(sized, shape, inspection["preprocessing"]), training=False))
        difference = float(np.abs(found - expected).max() / np.abs(expected).max())
        print(f"{'ok' if difference <= TOLERANCE else 'FAIL':4} fine-tuned model in Keras: {difference:.1e}")
        sys.exit(difference > TOLERANCE)


if __name__ == "__main__":
    main()
