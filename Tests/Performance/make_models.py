"""Writes networks of the catalogue with random weights in the forms that compare.py times.

    python make_models.py OUT resnet50 squeezenet … [--all]

OUT/NAME.h5 (legacy whole model), OUT/NAME.keras, and OUT/NAME.onnx with NHWC input "x", at each network's own input size:
every constructor of Keras Applications, and SqueezeNet 1.1. Weights keep activations of order one, so that no side meets
numbers so small that processors slow down. Needs: pip install tensorflow-cpu tf2onnx onnx
"""
import argparse
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Parity"))
import inference  # noqa: E402  (the parity tests' random weights)
import ports  # noqa: E402

inference.load(threads=2)
import keras  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf2onnx  # noqa: E402
from onnx import helper, numpy_helper  # noqa: E402

CONSTRUCTORS = {name.lower(): getattr(keras.applications, name) for name in dir(keras.applications) if name[0].isupper()}


def make(name):
    """The network at its published input size, which MobileNetV3 alone leaves open."""
    if name == "squeezenet":
        return ports.squeezenet(227)
    sized = {"input_shape": (224, 224, 3)} if name.startswith("mobilenetv3") else {}
    return CONSTRUCTORS[name](weights=None, **sized)


def write_onnx(model, path):
    """Through TensorFlow's graph; what the converter leaves as an input although it is a constant becomes one."""
    signature = (tf.TensorSpec((None,) + model.input_shape[1:], tf.float32, name="x"),)
    large = model.count_params() > 1e8
    np.product = np.prod  # the converter's name for it
    made, storage = tf2onnx.convert.from_function(
        tf.function(lambda x: model(x, training=False)), signature, opset=17, large_model=large)
    for name, value in (storage.name_to_tensor_data if storage else {}).items():
        # A large model's weights come beside it.
        tensor = next(t for t in tensors_of(made.graph) if any(e.value == name for e in t.external_data))
        shape = list(tensor.dims)
        tensor.CopyFrom(numpy_helper.from_array(np.frombuffer(value, "float32").reshape(shape), tensor.name))
    normalization = [layer for layer in model.layers if isinstance(layer, keras.layers.Normalization)]
    for missing in [i for i in made.graph.input if i.name != "x"]:
        value = normalization[0].mean if missing.name.endswith("Sub/y:0") else normalization[0].variance
        made.graph.initializer.append(numpy_helper.from_array(np.asarray(value, "float32"), missing.name))
        made.graph.input.remove(missing)
    onnx.save(made, path)


def write_chain(model, path):
    """A chain of convolutions, poolings and dense layers node by node: VGG's weights are too much for the converter."""
    nodes, tensors, last = [helper.make_node("Transpose", ["x"], ["maps"], perm=[0, 3, 1, 2])], [], "maps"

    def append(kind, inputs=(), **attributes):
        nonlocal last
        nodes.append(helper.make_node(kind, [last, *inputs], [f"t{len(nodes)}"], **attributes))
        last = nodes[-1].output[0]

    for layer in model.layers:
        weights = [w.transpose(3, 2, 0, 1) if w.ndim == 4 else w for w in layer.get_weights()]
        names = [f"{layer.name}.{index}" for index in range(len(weights))]
        tensors += [numpy_helper.from_array(np.ascontiguousarray(w), name) for w, name in zip(weights, names)]
        if isinstance(layer, keras.layers.Conv2D):
            append("Conv", names, pads=[1, 1, 1, 1])
        elif isinstance(layer, keras.layers.MaxPooling2D):
            append("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
        elif isinstance(layer, keras.layers.Flatten):
            append("Transpose", perm=[0, 2, 3, 1])
            append("Flatten")
        elif isinstance(layer, keras.layers.Dense):
            append("Gemm", names)
        if weights:
            append({"relu": "Relu", "softmax": "Softmax"}[layer.activation.__name__])
    value = lambda name, shape: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", *shape])
    graph = helper.make_graph(
        nodes, "chain", [value("x", model.input_shape[1:])], [value(last, model.output_shape[1:])], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def write_convnext(model, path):
    """ConvNeXt node by node, channels last but for its convolutions: the larger ones are too much for the converter."""
    nodes, tensors, last, shortcut = [], [], "x", None

    def constant(array):
        tensors.append(numpy_helper.from_array(np.ascontiguousarray(array, "float32"), f"c{len(tensors)}"))
        return tensors[-1].name

    def append(kind, *inputs, **attributes):
        nonlocal last
        nodes.append(helper.make_node(kind, [last, *inputs], [f"t{len(nodes)}"], **attributes))
        last = nodes[-1].output[0]

    def write(layer):
        nonlocal shortcut, last
        kind, weights = type(layer).__name__, layer.get_weights()
        if kind == "Sequential":
            for part in layer.layers:
                write(part)
        elif kind == "Normalization":
            append("Sub", constant(layer.mean))
            append("Div", constant(np.sqrt(np.asarray(layer.variance))))
        elif kind == "Conv2D":
            if layer.groups > 1:
                shortcut = last
            pad = layer.kernel_size[0] // 2 if layer.padding == "same" else 0
            append("Transpose", perm=[0, 3, 1, 2])
            append("Conv", constant(weights[0].transpose(3, 2, 0, 1)), constant(weights[1]), group=layer.groups,
                   strides=layer.strides, pads=[pad] * 4)
            append("Transpose", perm=[0, 2, 3, 1])
        elif kind == "LayerNormalization":
            append("LayerNormalization", *map(constant, weights), axis=-1, epsilon=layer.epsilon)
        elif kind == "Dense":
            append("MatMul", constant(weights[0]))
            append("Add", constant(weights[1]))
            if layer.activation.__name__ == "softmax":
                append("Softmax", axis=-1)
        elif kind == "LayerScale":
            append("Mul", constant(weights[0]))
        elif kind == "GlobalAveragePooling2D":
            append("ReduceMean", axes=[1, 2], keepdims=0)
        elif layer.name.endswith("gelu"):
            before = last
            append("Div", constant(np.sqrt(2.0)))
            append("Erf")
            append("Add", constant(1.0))
            append("Mul", before)
            append("Mul", constant(0.5))
        elif layer.name.endswith("identity") or kind == "StochasticDepth":
            append("Add", shortcut)
        else:
            assert kind == "InputLayer", kind

    for layer in model.layers:
        write(layer)
    value = lambda name, shape: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", *shape])
    graph = helper.make_graph(nodes, "convnext", [value("x", model.input_shape[1:])], [value(last, model.output_shape[1:])], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def tensors_of(graph):
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--all", action="store_true", help="every network of the catalogue (some 12 GB)")
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    for name in sorted([*CONSTRUCTORS, "squeezenet"]) if arguments.all else [name.lower() for name in arguments.names]:
        if name not in CONSTRUCTORS and name != "squeezenet":
            sys.exit(f"no network of that name: {name}; known are {' '.join(sorted(CONSTRUCTORS))}")
        keras.backend.clear_session()
        model = make(name)
        inference.randomise(model, seed=1)
        stem = os.path.join(arguments.out, name)
        model.save(stem + ".h5")
        model.save(stem + ".keras")
        write = write_chain if name.startswith("vgg") else write_convnext if name.startswith("convnext") else write_onnx
        write(model, stem + ".onnx")
        print(stem, flush=True)


main()
