"""Networks that Keras Applications does not have, as their Keras ports write them."""
import keras
import tensorflow as tf

layers = keras.layers


def squeezenet(size):
    """SqueezeNet 1.1 with the names of its Keras port, `/` written as `_`."""
    image = keras.Input((size, size, 3))
    conv = lambda x, name, filters, kernel, **options: layers.Conv2D(
        filters, kernel, activation="relu", name=name, **options)(x)

    def fire(x, name, squeeze, expand):
        x = conv(x, name + "_squeeze1x1", squeeze, 1)
        return layers.Concatenate()([conv(x, name + "_expand1x1", expand, 1),
                                     conv(x, name + "_expand3x3", expand, 3, padding="same")])

    x = layers.MaxPooling2D(3, 2)(conv(image, "conv1", 64, 3, strides=2))
    x = layers.MaxPooling2D(3, 2)(fire(fire(x, "fire2", 16, 64), "fire3", 16, 64))
    x = layers.MaxPooling2D(3, 2)(fire(fire(x, "fire4", 32, 128), "fire5", 32, 128))
    x = fire(fire(x, "fire6", 48, 192), "fire7", 48, 192)
    x = layers.Dropout(0.5)(fire(fire(x, "fire8", 64, 256), "fire9", 64, 256))
    x = layers.GlobalAveragePooling2D()(conv(x, "conv10", 1000, 1))
    return keras.Model(image, layers.Activation("softmax", name="loss")(x))


def respond_anywhere(x):
    """tf.nn.lrn as nn4.small2 has it, which TensorFlow has in single precision only."""
    channels = x.shape[-1]
    neighbours = tf.linalg.band_part(tf.ones((channels, channels), x.dtype), 5, 5)
    return x * (1 + 1e-4 * (tf.square(x) @ neighbours)) ** -0.75


def root_of_zero(x):
    """The square root, with a slope of nothing at zero instead of infinity."""
    return tf.where(x > 0, tf.sqrt(tf.where(x > 0, x, 1)), 0)


def nn4_small2(size, differentiable=False):
    """OpenFace's nn4.small2: local response normalisation, powers, roots and the L2 norm are Lambdas; takes 0 … 1.

    `differentiable` writes two of them so that they have gradients everywhere and in double precision.
    """
    image = keras.Input((size, size, 3))
    pad, pool = layers.ZeroPadding2D, layers.MaxPooling2D
    conv = lambda x, name, filters, kernel=1, strides=1: layers.Conv2D(filters, kernel, strides=strides, name=name)(x)
    norm = lambda x, name: layers.Activation("relu")(layers.BatchNormalization(epsilon=1e-5, name=name)(x))
    response = respond_anywhere if differentiable else lambda x: tf.nn.lrn(x, alpha=1e-4, beta=0.75)
    root = root_of_zero if differentiable else lambda x: tf.sqrt(x)
    respond = lambda x, name: layers.Lambda(response, name=name)(x)

    def reduced(x, name, first, second, kernel, strides=1):
        x = norm(conv(x, name + "_conv1", first), name + "_bn1")
        return norm(conv(pad(kernel // 2)(x), name + "_conv2", second, kernel, strides), name + "_bn2")

    def single(x, name, filters):
        return norm(conv(x, name + "_conv", filters), name + "_bn")

    def power(x, name):
        x = layers.AveragePooling2D(3, 3)(layers.Lambda(lambda x: x**2, name="power2_" + name)(x))
        x = layers.Lambda(lambda x: x * 9, name="mult9_" + name)(x)
        return layers.Lambda(root, name="sqrt_" + name)(x)

    def halved(x, name, three, five):
        return layers.Concatenate()([reduced(x, name + "_3x3", *three, 3, 2), reduced(x, name + "_5x5", *five, 5, 2),
                                     pad(((0, 1), (0, 1)))(pool(3, 2)(x))])

    x = norm(conv(pad(3)(image), "conv1", 64, 7, 2), "bn1")
    x = respond(pool(3, 2)(pad(1)(x)), "lrn_1")
    x = norm(conv(x, "conv2", 64), "bn2")
    x = respond(norm(conv(pad(1)(x), "conv3", 192, 3), "bn3"), "lrn_2")
    x = pool(3, 2)(pad(1)(x))
    x = layers.Concatenate()([
        reduced(x, "inception_3a_3x3", 96, 128, 3), reduced(x, "inception_3a_5x5", 16, 32, 5),
        pad(((3, 4), (3, 4)))(single(pool(3, 2)(x), "inception_3a_pool", 32)), single(x, "inception_3a_1x1", 64)])
    x = layers.Concatenate()([
        reduced(x, "inception_3b_3x3", 96, 128, 3), reduced(x, "inception_3b_5x5", 32, 64, 5),
        pad(4)(single(power(x, "3b"), "inception_3b_pool", 64)), single(x, "inception_3b_1x1", 64)])
    x = halved(x, "inception_3c", (128, 256), (32, 64))
    x = layers.Concatenate()([
        reduced(x, "inception_4a_3x3", 96, 192, 3), reduced(x, "inception_4a_5x5", 32, 64, 5),
        pad(2)(single(power(x, "4a"), "inception_4a_pool", 128)), single(x, "inception_4a_1x1", 256)])
    x = halved(x, "inception_4e", (160, 256), (64, 128))
    x = layers.Concatenate()([
        reduced(x, "inception_5a_3x3", 96, 384, 3), pad(1)(single(power(x, "5a"), "inception_5a_pool", 96)),
        single(x, "inception_5a_1x1", 256)])
    x = layers.Concatenate()([
        reduced(x, "inception_5b_3x3", 96, 384, 3), pad(1)(single(pool(3, 2)(x), "inception_5b_pool", 96)),
        single(x, "inception_5b_1x1", 256)])
    x = layers.Flatten()(layers.AveragePooling2D(3, 1)(x))
    x = layers.Dense(128, name="dense_layer")(x)
    return keras.Model(image, layers.Lambda(lambda x: tf.math.l2_normalize(x, axis=1), name="norm_layer")(x))
