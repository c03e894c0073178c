/// Every way to compute a node, in order of preference: the first that takes a node computes it.
///
/// Loops of our own come first, then oneDNN's primitives, and at the end the plain loops that specify each operation, so that an
/// operation for which nobody has written fast code still runs.
enum KernelTable {
  static let rules: [any KernelRule.Type] = [
    // Nothing to compute.
    PassingOn.self, Reshape.self, ChannelMeansTakenAlong.self, PlacedConcatenation.self,
    // Loops of our own.
    DepthwiseConvolution.self, FirstConvolution.self, TiledConvolution.self, PointwiseConvolution.self,
    BlockedLayerNormalization.self, BlockCopies.self, ChannelCopies.self, PictureScale.self, GroupNormalization.self,
    UnitNormalization.self, ParametricRectifier.self,
    // oneDNN's primitives.
    OneDNNConvolution.self, OneDNNDense.self, OneDNNPooling.self, OneDNNActivation.self, OneDNNElementwise.self,
    OneDNNScale.self, OneDNNLayerNormalization.self, OneDNNLocalResponse.self, OneDNNSoftmax.self,
    OneDNNConcatenation.self, OneDNNResampling.self, OneDNNPart.self, OneDNNPadding.self, OneDNNPermutation.self,
    // The specification itself.
    PlainActivation.self, PlainOperation.self,
  ]
}
