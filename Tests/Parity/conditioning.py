"""Chooses, for a Keras network and a batch, a point at which gradients of single precision can be compared.

A gradient jumps where a unit crosses a kink of its activation, and where two numbers of a pooling window change places. A
network has millions of such places, and the rounding of single precision carries some of them across wherever the weights
are drawn without a look at them. `settle` moves biases by a little, so that no unit is near.
"""
import keras
import numpy as np
import tensorflow as tf

layers = keras.layers
KINKS = {"relu": (0,), "relu6": (0, 6), "hard_sigmoid": (-3, 3), "hard_swish": (-3, 3), "hard_silu": (-3, 3)}
REACH = 0.25  # how far a bias may move, in standard deviations of its channel


def activation_kinks(layer):
    """Where the slope of the layer's activation jumps; a layer of its own or one that a layer with weights applies."""
    if isinstance(layer, layers.ReLU):
        return (0,) if layer.max_value is None else (0, float(layer.max_value))
    return KINKS.get(getattr(getattr(layer, "activation", None), "__name__", None), ())


def bias(layer):
    """What is added to each channel of the layer's output, or nothing."""
    found = getattr(layer, "beta", None) if isinstance(layer, layers.BatchNormalization) else getattr(layer, "bias", None)
    return found if isinstance(found, keras.Variable) else None


def producer(tensor):
    return tensor._keras_history.operation


class Settling:
    """One pass through the network in double precision, in which every bias is moved before its unit is used."""

    def __init__(self, model):
        self.model = model
        self.consumers = {}
        for operation in model.operations:
            for tensor in operation._inbound_nodes[0].input_tensors if operation._inbound_nodes else ():
                self.consumers.setdefault(producer(tensor), []).append(operation)
        self.margin, self.units, self.close, self.windows, self.ties = np.inf, 0, 0, 0, 0

    def kinks_after(self, operation):
        """The kinks that the operation's output meets, through what hands numbers on unchanged."""
        found = set()
        for consumer in self.consumers.get(operation, ()):
            if bias(consumer) is None:
                found |= set(activation_kinks(consumer))
            if isinstance(consumer, (layers.Concatenate, layers.ZeroPadding2D)):
                found.update(self.kinks_after(consumer))
        return sorted(found)

    def owner(self, operation):
        """The layer whose bias moves the operation's output and nothing else."""
        if isinstance(operation, layers.Add) or type(operation).__name__ == "Add":
            for tensor in operation._inbound_nodes[0].input_tensors:
                before = producer(tensor)
                if len(self.consumers[before]) == 1 and self.owner(before):
                    return self.owner(before)
            return None
        return operation if bias(operation) is not None else None

    def moved(self, values, kinks, owner):
        """`values` after the owner's bias has been moved to the middle of the widest gap near a kink."""
        rows = values.reshape(-1, values.shape[-1])
        spread = rows.std(0) + 1e-30
        if owner is not None:
            offsets = np.concatenate([rows - kink for kink in kinks] + [-REACH * spread[None], REACH * spread[None]])
            offsets = np.sort(np.clip(offsets, -REACH * spread, REACH * spread), 0)
            widest = np.diff(offsets, axis=0).argmax(0)[None]
            middle = (np.take_along_axis(offsets, widest, 0) + np.take_along_axis(offsets, widest + 1, 0))[0] / 2
            variable = bias(owner)
            before = np.asarray(variable)
            variable.assign((before - middle).astype("float32"))
            values = values + (np.asarray(variable) - before)
            rows = values.reshape(-1, values.shape[-1])
        for kink in kinks:
            distance = np.abs(rows - kink) / spread
            self.units += distance.size
            self.close += int((distance < 1e-5).sum())
            self.margin = min(self.margin, float(distance.min()))
        return values

    def look_for_ties(self, pool, values):
        """Counts windows whose two largest numbers are almost equal; zeros after a ReLU are no tie that matters."""
        size, stride = pool.pool_size, pool.strides
        windows = tf.image.extract_patches(values, (1, *size, 1), (1, *stride, 1), (1, 1, 1, 1), pool.padding.upper())
        windows = np.array(windows).reshape(-1, size[0] * size[1], values.shape[-1])
        windows.partition(size[0] * size[1] - 2, axis=1)
        first, second = windows[:, -1], windows[:, -2]
        spread = np.asarray(values).std((0, 1, 2))
        self.windows += first.size
        self.ties += int(((first - second < 1e-5 * spread) & ((first != 0) | (second != 0))).sum())

    def call(self, operation):
        def run(*arguments, **keywords):
            if isinstance(operation, layers.BatchNormalization):
                operation.momentum = 0  # the moving statistics become those of this batch
                output = operation(*arguments, training=True)
                operation.moving_variance.assign(np.asarray(operation.moving_variance).astype("float32"))
                operation.moving_mean.assign(np.asarray(operation.moving_mean).astype("float32"))
            elif bias(operation) is not None and activation_kinks(operation):
                activation, operation.activation = operation.activation, keras.activations.linear
                output = self.moved(np.asarray(operation(*arguments)), KINKS[activation.__name__], operation)
                operation.activation = activation
                return activation(tf.constant(output))
            else:
                if isinstance(operation, layers.MaxPooling2D):
                    self.look_for_ties(operation, arguments[0])
                output = operation(*arguments, **keywords)
            kinks = self.kinks_after(operation)
            return tf.constant(self.moved(np.asarray(output), kinks, self.owner(operation))) if kinks else output
        return run


def settle(model, pictures):
    """Moves the biases of a network in double precision off the kinks, and sets moving statistics to the batch's."""
    settling = Settling(model)
    settling.model._run_through_graph(tf.constant(pictures, "float64"), operation_fn=settling.call)
    return settling
