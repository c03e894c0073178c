import CSiameseOneDNN

/// A window that slides over height and width.
package struct Window: Hashable, Sendable {
  /// What the window does along one axis, in elements of the input.
  package struct Axis: Hashable, Sendable {
    /// Taps of the window.
    package var extent: Int
    /// From one position of the window to the next.
    package var stride: Int
    /// From one tap to the next: 1 where taps are neighbours, as Keras counts it.
    package var dilation: Int
    /// Zeros before the input and after it.
    package var before: Int, after: Int

    /// An axis; see the properties.
    package init(extent: Int, stride: Int = 1, dilation: Int = 1, before: Int = 0, after: Int = 0) {
      (self.extent, self.stride, self.dilation) = (extent, stride, dilation)
      (self.before, self.after) = (before, after)
    }
  }

  /// Along the map's height and width.
  package var vertical: Axis, horizontal: Axis

  /// A window of these two axes.
  package init(vertical: Axis, horizontal: Axis) { (self.vertical, self.horizontal) = (vertical, horizontal) }

  var raw: siamese_window {
    func pair(_ member: (Axis) -> Int) -> (Int64, Int64) { (Int64(member(vertical)), Int64(member(horizontal))) }
    return siamese_window(
      extent: pair(\.extent), strides: pair(\.stride), dilations: pair { $0.dilation - 1 }, before: pair(\.before),
      after: pair(\.after))
  }
}

/// What a pooling makes of the elements under its window.
package enum PoolingAlgorithm: Hashable, Sendable {
  /// The largest.
  case maximum
  /// The mean, over what lies inside the map: padding is not counted.
  case average
  var raw: dnnl_alg_kind_t { self == .maximum ? dnnl_pooling_max : dnnl_pooling_avg_exclude_padding }
}
