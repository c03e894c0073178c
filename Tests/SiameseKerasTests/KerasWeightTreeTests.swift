import Testing

@testable import SiameseKeras

@Suite struct KerasWeightTreeTests {
  @Test func `class names are spelled as Keras spells its groups`() {
    let names = [
      "Conv2D", "BatchNormalization", "Conv2DTranspose", "ReLU", "SeparableConv2D", "GlobalAveragePooling2D",
      "DepthwiseConv2D", "PReLU", "TFOpLambda", "LayerScale", "InputLayer", "MyABCLayer",
    ]
    let expected = [
      "conv2d", "batch_normalization", "conv2d_transpose", "re_lu", "separable_conv2d", "global_average_pooling2d",
      "depthwise_conv2d", "p_re_lu", "tf_op_lambda", "layer_scale", "input_layer", "my_abc_layer",
    ]
    #expect(names.map(KerasWeightTree.snakeCase) == expected)
  }

  @Test func `numbered names sort by number`() {
    #expect(
      KerasWeightTree.inNaturalOrder(["conv2d_10", "conv2d", "add", "conv2d_2", "conv2d_1"])
        == ["add", "conv2d", "conv2d_1", "conv2d_2", "conv2d_10"])
    #expect(KerasWeightTree.inNaturalOrder(["10", "2", "0", "1"]) == ["0", "1", "2", "10"])
  }
}
