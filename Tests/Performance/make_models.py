"""Writes Keras Applications networks with random weights in the forms that compare.py times.

    python make_models.py OUT resnet50 mobilenetv2 …

OUT/NAME.h5 (legacy whole model), OUT/NAME.keras and OUT/NAME.onnx. Needs: pip install tensorflow-cpu tf2onnx onnx
"""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import tensorflow as tf
import tf2onnx


def main():
    out, names = sys.argv[1], sys.argv[2:]
    os.makedirs(out, exist_ok=True)
    constructors = {name.lower(): name for name in dir(keras.applications) if name[0].isupper()}
    for name in names:
        keras.utils.set_random_seed(1)
        model = getattr(keras.applications, constructors[name.lower()])(weights=None)
        stem = os.path.join(out, name.lower())
        model.save(stem + ".h5")
        model.save(stem + ".keras")
        signature = (tf.TensorSpec((None,) + model.input_shape[1:], tf.float32, name="x"),)
        tf2onnx.convert.from_function(
            tf.function(lambda x: model(x, training=False)), signature, opset=17, output_path=stem + ".onnx")
        print(stem)


main()
