"""Features of SqueezeNet 1.1 and mini-Xception with their real weights, by Keras, on pictures made by a formula.

    python make_real.py WEIGHTS_DIRECTORY     # needs: pip install tensorflow-cpu keras h5py pillow

Writes real.h5: `squeezenet` [2, 512] and `mini_xception` [2, 128] are globally averaged last feature maps,
`mini_xception_classes` [2, 7] its output. The formula stands in RealNetworkTests.swift too.
"""
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np
from keras import layers
from PIL import Image


def picture(seed, height, width):
    """A grey oval on a patterned ground, in integers only."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    dy, dx = y * 256 // height - 128, x * 256 // width - 128
    oval = (dy * dy * 2 + dx * dx * 3) // 128
    face = np.where(oval < 200, 220 - oval // 2 + (dx * (seed + 3)) // 16, 60 + (y + x * (seed + 1)) % 64)
    return np.clip(face + (x * y * (seed + c + 1) // 32) % 24 + 12 * c, 0, 255).astype("uint8")


def squeezenet(path):
    file = h5py.File(path)
    weights = [[np.array(file[n][w]) for w in file[n].attrs["weight_names"]] for n in file.attrs["layer_names"]]
    image = keras.Input((227, 227, 3))
    made = []

    def conv(x, filters, kernel, **options):
        made.append(layers.Conv2D(filters, kernel, activation="relu", **options))
        return made[-1](x)

    def fire(x, squeeze, expand):
        x = conv(x, squeeze, 1)
        return layers.Concatenate()([conv(x, expand, 1), conv(x, expand, 3, padding="same")])

    x = layers.MaxPooling2D(3, 2)(conv(image, 64, 3, strides=2))
    x = layers.MaxPooling2D(3, 2)(fire(fire(x, 16, 64), 16, 64))
    x = layers.MaxPooling2D(3, 2)(fire(fire(x, 32, 128), 32, 128))
    x = fire(fire(fire(fire(x, 48, 192), 48, 192), 64, 256), 64, 256)
    model = keras.Model(image, layers.GlobalAveragePooling2D()(x))
    for layer, values in zip(made, [w for w in weights if w]):
        layer.set_weights(values)
    return model


def main():
    here, weights = os.path.dirname(os.path.abspath(__file__)), sys.argv[1]
    model = squeezenet(os.path.join(weights, "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5"))
    pictures = np.stack([picture(seed, 227, 227) for seed in range(2)])
    ready = pictures[..., ::-1].astype("float32") - np.array([103.939, 116.779, 123.68], "float32")
    whole = keras.models.load_model(os.path.join(weights, "fer2013_mini_XCEPTION.102-0.66.hdf5"), compile=False)
    last = [layer for layer in whole.layers if layer.weights][-1]
    averaged = keras.Model(whole.input, layers.GlobalAveragePooling2D()(last.input))
    grey = [Image.fromarray(picture(seed, 64, 64)).convert("L") for seed in range(2)]
    grey = np.stack([np.array(p) for p in grey])[..., None].astype("float32") / 127.5 - 1
    with h5py.File(os.path.join(here, "real.h5"), "w") as file:
        file["squeezenet"] = model.predict(ready, verbose=0)
        file["mini_xception"] = averaged.predict(grey, verbose=0)
        file["mini_xception_classes"] = whole.predict(grey, verbose=0)


if __name__ == "__main__":
    main()
