import SiameseGraph

/// NASNet-A: two cells found by search, stacked.
///
/// Zoph, Vasudevan, Shlens and Le, 2017, https://arxiv.org/abs/1707.07012 (figure 4).
extension Architecture {
  static let nasNet: [Architecture] = [
    nasNet(
      "NASNetMobile", inputSize: 224, filters: 44, blocks: 4, stem: 32, keepsReduced: true,
      .init(withTop: 5_326_716, withoutTop: 4_269_716)),
    nasNet(
      "NASNetLarge", inputSize: 331, filters: 168, blocks: 6, stem: 96, keepsReduced: false,
      .init(withTop: 88_949_818, withoutTop: 84_916_818)),
  ]

  /// - Parameter keepsReduced: Whether the cell after a reduction takes the reduction's input as its second one.
  private static func nasNet(
    _ name: String, inputSize: Int, filters: Int, blocks: Int, stem: Int, keepsReduced: Bool, _ count: ParameterCount
  ) -> Architecture {
    Architecture(
      name: name, paper: "https://arxiv.org/abs/1707.07012", inputSize: inputSize, preprocessing: .tf,
      parameterCount: count
    ) { image, classes in
      var x = image.convolution("stem_conv1", stem, 3, stride: 2, padding: .valid, bias: false).norm("stem_bn1")
      var previous: FeatureMap?
      func reduce(_ filters: Int, _ id: String) -> FeatureMap {
        let before = x
        x = x.reductionCell(previous, filters, id)
        return before
      }
      func repeatNormal(_ filters: Int, from first: Int) {
        for index in first..<first + blocks {
          let before = x
          x = x.normalCell(previous, filters, "\(index)")
          previous = before
        }
      }
      previous = reduce(filters / 4, "stem_1")
      previous = reduce(filters / 2, "stem_2")
      repeatNormal(filters, from: 0)
      for (index, width) in [2 * filters, 4 * filters].enumerated() {
        let before = reduce(width, "reduce_\((index + 1) * blocks)")
        if keepsReduced { previous = before }
        repeatNormal(width, from: (index + 1) * blocks + 1)
      }
      x = x.relu()
      guard let classes else { return x }
      return x.globalAverage().dense("predictions", classes, activation: .softmax)
    }
  }
}

extension FeatureMap {
  fileprivate func norm(_ name: String) -> FeatureMap { batchNorm(name, momentum: 0.9997) }

  /// Rectifier, separable convolution, normalisation, twice; the first may stride.
  private func separated(_ filters: Int, _ kernel: Int, stride: Int = 1, _ id: String) -> FeatureMap {
    var x = relu()
    if stride == 2 { x = x.zeroPad("separable_conv_1_pad_\(id)", x.stridedPadding(kernel: kernel)) }
    return x.separable(
      "separable_conv_1_\(id)", filters, kernel, stride: stride, padding: stride == 2 ? .valid : .same, bias: false
    ).norm("separable_conv_1_bn_\(id)").relu().separable("separable_conv_2_\(id)", filters, kernel, bias: false)
      .norm("separable_conv_2_bn_\(id)")
  }

  /// The second input of a cell, brought to the first one's size and to `filters` channels.
  private func adjusted(to x: FeatureMap, _ filters: Int, _ id: String) -> FeatureMap {
    if width != x.width {
      let active = relu("adjust_relu_1_\(id)")
      let left = active.averagePool("adjust_avg_pool_1_\(id)", 1, stride: 2)
        .convolution("adjust_conv_1_\(id)", filters / 2, 1, bias: false)
      let right = active.zeroPad(nil, EdgeInsets(bottom: 1, right: 1)).crop(nil, EdgeInsets(top: 1, left: 1))
        .averagePool("adjust_avg_pool_2_\(id)", 1, stride: 2)
        .convolution("adjust_conv_2_\(id)", filters / 2, 1, bias: false)
      return FeatureMap.concatenate(nil, [left, right]).norm("adjust_bn_\(id)")
    }
    guard channels != filters else { return self }
    return relu().convolution("adjust_conv_projection_\(id)", filters, 1, bias: false).norm("adjust_bn_\(id)")
  }

  fileprivate func normalCell(_ previous: FeatureMap?, _ filters: Int, _ id: String) -> FeatureMap {
    let p = previous?.adjusted(to: self, filters, id) ?? self
    let h = relu().convolution("normal_conv_1_\(id)", filters, 1, bias: false).norm("normal_bn_1_\(id)")
    let x1 = h.separated(filters, 5, "normal_left1_\(id)")
      .add("normal_add_1_\(id)", p.separated(filters, 3, "normal_right1_\(id)"))
    let x2 = p.separated(filters, 5, "normal_left2_\(id)")
      .add("normal_add_2_\(id)", p.separated(filters, 3, "normal_right2_\(id)"))
    let x3 = h.averagePool("normal_left3_\(id)", 3, stride: 1, padding: .same).add("normal_add_3_\(id)", p)
    let x4 = p.averagePool("normal_left4_\(id)", 3, stride: 1, padding: .same)
      .add("normal_add_4_\(id)", p.averagePool("normal_right4_\(id)", 3, stride: 1, padding: .same))
    let x5 = h.separated(filters, 3, "normal_left5_\(id)").add("normal_add_5_\(id)", h)
    return .concatenate("normal_concat_\(id)", [p, x1, x2, x3, x4, x5])
  }

  fileprivate func reductionCell(_ previous: FeatureMap?, _ filters: Int, _ id: String) -> FeatureMap {
    let p = previous?.adjusted(to: self, filters, id) ?? self
    let h = relu().convolution("reduction_conv_1_\(id)", filters, 1, bias: false).norm("reduction_bn_1_\(id)")
    let padded = h.zeroPad("reduction_pad_1_\(id)", h.stridedPadding(kernel: 3))
    let x1 = h.separated(filters, 5, stride: 2, "reduction_left1_\(id)")
      .add("reduction_add_1_\(id)", p.separated(filters, 7, stride: 2, "reduction_right1_\(id)"))
    let x2 = padded.maxPool("reduction_left2_\(id)", 3, stride: 2)
      .add("reduction_add_2_\(id)", p.separated(filters, 7, stride: 2, "reduction_right2_\(id)"))
    let x3 = padded.averagePool("reduction_left3_\(id)", 3, stride: 2)
      .add("reduction_add3_\(id)", p.separated(filters, 5, stride: 2, "reduction_right3_\(id)"))
    let x4 = x2.add(nil, x1.averagePool("reduction_left4_\(id)", 3, stride: 1, padding: .same))
    let x5 = x1.separated(filters, 3, "reduction_left4_\(id)")
      .add("reduction_add4_\(id)", padded.maxPool("reduction_right5_\(id)", 3, stride: 2))
    return .concatenate("reduction_concat_\(id)", [x2, x3, x4, x5])
  }
}
