/// A layer of a head, and what it is called in the graph and in files.
///
/// The names belong to the file format. The toolkit itself knows a head's layers by where it put them: names never tell
/// what a layer is.
enum HeadLayer {
  case flatten, signedRoot, projection, embedding
  /// Layers of a hidden block, counted from 1.
  case dense(Int), normalization(Int), activation(Int), dropout(Int)

  static let prefix = "head_"

  /// As in `head_dense_1/kernel`.
  var name: String {
    switch self {
    case .flatten: Self.prefix + "flatten"
    case .signedRoot: Self.prefix + "root"
    case .projection: Self.prefix + "projection"
    case .embedding: "embedding"
    case .dense(let block): Self.prefix + "dense_\(block)"
    case .normalization(let block): Self.prefix + "normalization_\(block)"
    case .activation(let block): Self.prefix + "relu_\(block)"
    case .dropout(let block): Self.prefix + "dropout_\(block)"
    }
  }
}

extension HeadDesign {
  /// What a layer of a head is called in a backbone made of the network with its head: `dense_1` for `head_dense_1`.
  package static func nameInBackbone(ofHeadLayer name: String) -> String {
    name.hasPrefix(HeadLayer.prefix) ? String(name.dropFirst(HeadLayer.prefix.count)) : name
  }
}
