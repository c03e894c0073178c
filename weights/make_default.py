"""Trains the embedded default backbone, `glyphs.h5`, with Keras. See README.md here.

    python make_default.py [--siamese PATH] [--epochs N] [--output glyphs.h5]

Needs keras with the TensorFlow backend, and Pillow. Pictures are drawn by `siamese glyphs`.
"""
import argparse
import glob
import os
import subprocess
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("--siamese", default=os.path.join(here, "../.build/release/siamese"), help="the command that draws")
parser.add_argument("--epochs", type=int, default=8)
parser.add_argument("--classes", type=int, default=400)
parser.add_argument("--per-class", type=int, default=20)
parser.add_argument("--output", default=os.path.join(here, "glyphs.h5"))
arguments = parser.parse_args()

import keras
import numpy as np
from PIL import Image

keras.utils.set_random_seed(20)
SIZE = 48
# The quickstart draws alphabets of other seeds, in another style; none of them is seen here.
SEED = 1000
ALPHABETS = 20


def pictures(folder):
    """Grey levels [N, 48, 48, 1] and class indices, in path order."""
    paths = sorted(glob.glob(f"{folder}/*/*/*.png"))
    classes = {name: i for i, name in enumerate(sorted({os.path.dirname(path) for path in paths}))}
    x = np.stack([np.asarray(Image.open(path).convert("L")) for path in paths])[..., None]
    return x, np.array([classes[os.path.dirname(path)] for path in paths])


def backbone(class_count):
    """Four blocks of convolution, batch norm and pooling, a layer of features, the classifier.

    Takes grey levels from 0 to 255 as they are: the first layer turns paper to 0 and ink to 1.
    """
    layers = keras.layers
    x = inputs = keras.Input((SIZE, SIZE, 1), name="picture")
    x = layers.Rescaling(-1 / 255, offset=1, name="ink")(x)
    for i, filters in enumerate([24, 48, 64, 96], 1):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"block{i}_conv")(x)
        x = layers.BatchNormalization(name=f"block{i}_bn")(x)
        x = layers.ReLU(name=f"block{i}_relu")(x)
        x = layers.MaxPooling2D(name=f"block{i}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    x = layers.Dense(128, name="features")(x)
    outputs = layers.Dense(class_count, activation="softmax", name="classifier")(x)
    return keras.Model(inputs, outputs, name="glyphs")


with tempfile.TemporaryDirectory() as folder:
    subprocess.run(
        [arguments.siamese, "glyphs", "--output", folder, "--alphabets", str(ALPHABETS), "--classes", str(arguments.classes),
         "--per-class", str(arguments.per_class), "--style", "script", "--size", str(SIZE), "--seed", str(SEED)], check=True)
    x, y = pictures(folder)

model = backbone(arguments.classes)
model.summary()
batch = 64
steps = arguments.epochs * -(-len(x) // batch)
model.compile(
    keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)),
    keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
model.fit(x, y, batch_size=batch, epochs=arguments.epochs, verbose=2)
model.save(arguments.output, include_optimizer=False)
print(arguments.output, os.path.getsize(arguments.output), "bytes")
