import SiameseGraph
import SiameseOneDNN

extension Window {
  /// The window of a convolution or pooling, with what its padding rule adds around an input of `height`×`width`.
  package init(extent: Size, strides: Size, dilation: Size = Size(1), insets: EdgeInsets = .zero) {
    self.init(
      vertical: Axis(
        extent: extent.height, stride: strides.height, dilation: dilation.height, before: insets.top,
        after: insets.bottom),
      horizontal: Axis(
        extent: extent.width, stride: strides.width, dilation: dilation.width, before: insets.left, after: insets.right)
    )
  }
}

extension Pooling.Kind {
  /// oneDNN's word for it.
  package var algorithm: PoolingAlgorithm { self == .maximum ? .maximum : .average }
}
