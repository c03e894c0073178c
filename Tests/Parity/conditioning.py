"""Chooses, for a Keras network and a batch, a point at which gradients of single precision can be compared.

A gradient jumps where a unit crosses a kink of its activation, and where two numbers of a pooling window change places. A
network has millions of units, so wherever weights are drawn without a look at them, the rounding of single precision carries
some across, and each is wrong by its whole gradient. And a network with random weights doubles a small difference every few
layers: each ReLU cuts the mean-free part of its channel in half, each batch normalisation blows what is left up again.

`settle` changes the drawn weights by little, so that neither happens. Biases before a kink get a positive shift, which leaves
more of each channel uncut, and move where a unit is near; filters behind a pooling window with a tie, or behind a unit at a kink
that no bias moves alone, are shaken. One pass does it layer by layer, each layer's weights before its output is used; where
filters are shaken, which may lie behind several layers, it starts again.
"""
import keras
import numpy as np
import tensorflow as tf

layers = keras.layers
KINKS = {"relu": (0,), "relu6": (0, 6), "hard_sigmoid": (-3, 3), "hard_swish": (-3, 3), "hard_silu": (-3, 3)}
SHIFT = 0.5  # added to biases before a kink
REACH = 0.25  # how far a bias may move, in standard deviations of its channel
PASSES = 30  # through the network, each to the first place at which filters are shaken
ENOUGH = 2e-4  # a distance from kinks that needs no move
CLOSE = 1e-5  # what rounding might carry across, in standard deviations of a channel


def activation_kinks(layer):
    """Where the slope of the layer's activation jumps; a layer of its own or one that a layer with weights applies."""
    if isinstance(layer, layers.ReLU):
        return (0,) if layer.max_value is None else (0, float(layer.max_value))
    return KINKS.get(getattr(getattr(layer, "activation", None), "__name__", None), ())


def bias(layer):
    """What is added to each channel of the layer's output, or nothing."""
    found = getattr(layer, "beta" if isinstance(layer, layers.BatchNormalization) else "bias", None)
    return found if isinstance(found, keras.Variable) else None


def producer(tensor):
    return tensor._keras_history.operation


def ties(values, size, stride, padding):
    """For each window and channel, whether its two largest numbers are almost equal.

    Equal ones are no danger: they are zeros after a ReLU, or one unit that two overlapping windows have handed on.
    """
    positive = values - tf.reduce_min(values) + 1  # the border that is added holds zeros, and no maximum then takes them
    windows = tf.image.extract_patches(positive, (1, *size, 1), (1, *stride, 1), (1, 1, 1, 1), padding)
    windows = np.array(windows).reshape(-1, size[0] * size[1], values.shape[-1])
    windows.partition(size[0] * size[1] - 2, axis=1)
    first, second = windows[:, -1], windows[:, -2]
    # Rounding grows with depth, where windows are few enough to ask for more.
    close = np.clip(0.1 / len(windows), CLOSE, ENOUGH) * np.asarray(values).std((0, 1, 2))
    return (first - second < close) & (first != second)


class Close(Exception):
    """A pass has met a tie, or a unit at a kink that no bias moves, and changed filters because of it."""


class Settling:
    """A pass through a network in double precision that changes each layer's weights before its output is used."""

    def __init__(self, model, seed):
        self.model, self.random = model, np.random.default_rng(seed)
        self.consumers = {}
        for operation in model.operations:
            for tensor in operation._inbound_nodes[0].input_tensors:
                self.consumers.setdefault(producer(tensor), []).append(operation)
        # Units at kinks and the smallest distance of one in standard deviations; windows of maxima and those tied.
        self.units, self.margin, self.windows, self.ties = 0, np.inf, 0, 0
        self.passes_left = 0

    def kinks_after(self, operation):
        """The kinks that the operation's output meets, through what hands numbers on unchanged."""
        found = set()
        for consumer in self.consumers.get(operation, ()):
            if bias(consumer) is None:
                found.update(activation_kinks(consumer))
            if isinstance(consumer, (layers.Concatenate, layers.ZeroPadding2D)):
                found.update(self.kinks_after(consumer))
        return sorted(found)

    def owner(self, operation):
        """The layer whose bias moves the operation's output and nothing else, and how far one of it does."""
        if type(operation).__name__ in ("Add", "CustomScaleLayer"):
            # The residual branch comes last, and InceptionResNet scales it.
            for tensor in reversed(operation._inbound_nodes[0].input_tensors):
                if len(self.consumers[producer(tensor)]) == 1:
                    layer, factor = self.owner(producer(tensor))
                    if layer is not None:
                        return layer, factor * getattr(operation, "scale", 1)
            return None, 1
        return (operation, 1) if bias(operation) is not None else (None, 1)

    def moved(self, operation, values, kinks, layer, factor=1):
        """The operation's values after the layer's bias has moved the kinks to the middle of the widest gap near them."""
        values = np.asarray(values)
        spread = values.std(tuple(range(values.ndim - 1))) + 1e-30
        if layer is not None:
            rows, reach = values.reshape(-1, values.shape[-1]), REACH * spread
            offsets = np.sort(np.clip(np.concatenate([rows - kink for kink in kinks] + [[-reach, reach]]), -reach, reach), 0)
            widest = np.diff(offsets, axis=0).argmax(0)[None]
            middle = (np.take_along_axis(offsets, widest, 0) + np.take_along_axis(offsets, widest + 1, 0))[0] / 2
            middle[np.abs(offsets).min(0) > ENOUGH * spread] = 0  # what stands well stays, so that passes converge
            before = np.array(bias(layer))
            bias(layer).assign((before - middle / factor).astype("float32"))
            values = values + (np.asarray(bias(layer)) - before) * factor
        distance = np.min([np.abs(values - kink) / spread for kink in kinks], 0)
        self.again(operation, distance < CLOSE)  # what no bias moves alone, or has no gap wide enough
        self.units, self.margin = self.units + values.size, min(self.margin, float(distance.min()))
        return tf.constant(values)

    def shake(self, operation, channels):
        """Changes the filters that these channels come from."""
        if isinstance(operation, (layers.Conv2D, layers.SeparableConv2D)):
            kernel = getattr(operation, "pointwise_kernel", None)
            kernel = operation.kernel if kernel is None else kernel
            values = np.array(kernel)
            values[..., channels] *= self.random.uniform(0.95, 1.05, values[..., channels].shape)
            kernel.assign(values.astype("float32"))
            return
        inputs = operation._inbound_nodes[0].input_tensors
        for tensor in inputs if isinstance(operation, layers.Concatenate) else inputs[-1:]:
            count = tensor.shape[-1]
            if (channels < count).any():
                self.shake(producer(tensor), channels[channels < count])
            channels = channels[channels >= count] - count

    def again(self, operation, close):
        """Starts the pass again where some of the operation's numbers `[…, C]` are too close."""
        if close.any() and self.passes_left:
            self.shake(operation, np.flatnonzero(close.reshape(-1, close.shape[-1]).any(0)))
            raise Close

    def count_ties(self, pool, values):
        tied = ties(values, pool.pool_size, pool.strides, pool.padding.upper())
        self.again(producer(pool.input), tied)
        self.windows, self.ties = self.windows + tied.size, self.ties + int(tied.sum())

    def call(self, operation):
        """What stands in for the operation in the pass."""
        def run(*arguments, **keywords):
            if isinstance(operation, layers.BatchNormalization):
                output = operation(*arguments, training=True)
            elif isinstance(operation, layers.Conv2D) and activation_kinks(operation):
                activation, kinks = operation.activation, activation_kinks(operation)
                operation.activation = keras.activations.linear
                output = operation(*arguments)
                operation.activation = activation
                output = activation(self.moved(operation, output, kinks, operation))
            else:
                if isinstance(operation, layers.MaxPooling2D) and max(operation.pool_size) > 1:
                    self.count_ties(operation, arguments[0])
                output = operation(*arguments, **keywords)
            kinks = self.kinks_after(operation)
            return self.moved(operation, output, kinks, *self.owner(operation)) if kinks else output
        return run

    def run(self, pictures):
        for operation in self.model.operations:
            if isinstance(operation, layers.BatchNormalization):
                operation.momentum = 0  # the moving statistics become the batch's
            layer = self.owner(operation)[0] if self.kinks_after(operation) else None
            if layer is not None:
                bias(layer).assign((np.array(bias(layer)) + SHIFT).astype("float32"))
        for self.passes_left in reversed(range(PASSES)):
            self.units, self.margin, self.windows, self.ties = 0, np.inf, 0, 0
            try:
                return self.model._run_through_graph(tf.constant(pictures), operation_fn=self.call)
            except Close:
                pass


def settle(model, pictures, seed):
    """Changes the weights of a network in double precision as said above, and sets moving statistics to the batch's."""
    settling = Settling(model, seed)
    settling.run(pictures)
    return settling
