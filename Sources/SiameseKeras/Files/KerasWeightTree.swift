import SiameseHDF5

/// The weights of a Keras 3 file: groups by place in the model, each with numbered variables.
///
/// The place of a layer is `layers/<class>[_<n>]`: its class in snake case, and how many of its class came before it in
/// the same model (nothing for the first). Inside a nested model the same begins again:
/// `layers/functional/layers/conv2d_1`. What a layer itself contains lies below it by attribute name:
/// `layers/bidirectional/forward_layer`. The variables of a place are `vars/0`, `vars/1`, … in the layer's own order.
package struct KerasWeightTree: Sendable {
  /// The model's group.
  package let root: HDF5Group
  /// Keras 2.13 called `layers` so.
  private let layersName: String

  /// Nil where no group of the file is a Keras 3 place.
  init?(root: HDF5Group) throws {
    let names = Set(try root.childNames)
    self.root = root
    layersName =
      names.contains("_layer_checkpoint_dependencies") && !names.contains("layers")
      ? "_layer_checkpoint_dependencies" : "layers"
    if names.isDisjoint(with: [layersName, "vars"]), try placesWithWeights().isEmpty { return nil }
  }

  /// The variables at a place, in their numeric order; none where the place is missing or holds none.
  /// - Throws: `HDF5Error` where the file is damaged.
  package func weights(at place: String) throws -> [KerasWeight] {
    let path = join(stored(place), "vars")
    guard try root.kind(of: path) == .group else { return [] }
    let group = try root.group(path)
    return try Self.inNaturalOrder(group.childNames).map { KerasWeight(name: $0, dataSet: try group.dataSet($0)) }
  }

  /// Whether there is such a place.
  /// - Throws: `HDF5Error` where the file is damaged.
  package func contains(_ place: String) throws -> Bool { try root.kind(of: stored(place)) == .group }

  /// The layer's own name, which Keras since 3.6 notes beside the variables; nil in older files.
  /// - Throws: `HDF5Error` where the file is damaged.
  package func layerName(at place: String) throws -> String? {
    let path = join(stored(place), "vars")
    return try root.kind(of: path) == .group ? root.group(path).string("name") : nil
  }

  /// The places directly below one (`""` is the model itself), without `vars`, numbers in numeric order:
  /// `conv2d`, `conv2d_1`, …, `conv2d_10`.
  /// - Throws: `HDF5Error` where the file is damaged.
  package func children(of place: String) throws -> [String] {
    guard try contains(place) else { return [] }
    let group = try root.group(stored(place))
    return Self.inNaturalOrder(
      try group.childNames.filter { try $0 != "vars" && group.kind(of: $0) == .group }
    ).map { $0 == layersName ? "layers" : $0 }
  }

  /// Every place that holds variables, below `place`, depth first.
  /// - Throws: `HDF5Error` where the file is damaged.
  package func placesWithWeights(below place: String = "", depth: Int = 0) throws -> [String] {
    guard depth < 32 else { return [] }
    return try children(of: place).flatMap { child in
      let path = join(place, child)
      let own =
        try root.kind(of: join(stored(path), "vars")) == .group ? try weights(at: path).isEmpty ? [] : [path] : []
      return try own + placesWithWeights(below: path, depth: depth + 1)
    }
  }

  /// The name of the group of the `index`th layer of class `className` in its model: `Conv2D`, 3 → `conv2d_3`.
  package static func groupName(className: String, index: Int) -> String {
    index == 0 ? snakeCase(className) : "\(snakeCase(className))_\(index)"
  }

  /// A class name as Keras spells it in group names: `BatchNormalization` → `batch_normalization`, `Conv2D` → `conv2d`.
  package static func snakeCase(_ className: String) -> String {
    let letters = className.filter { $0.isLetter || $0.isNumber || $0 == "_" }.map { $0 }
    var result = ""
    for (index, letter) in letters.enumerated() {
      // A capital begins a word where a small letter follows it or precedes it.
      if letter.isUppercase, index > 0 {
        let startsWord = index + 1 < letters.count && letters[index + 1].isLowercase
        if startsWord || letters[index - 1].isLowercase { result += "_" }
      }
      result += letter.lowercased()
    }
    return result
  }

  /// Sorted with numbers at the end compared as numbers, a name without one first.
  static func inNaturalOrder(_ names: [String]) -> [String] {
    func key(_ name: String) -> (stem: Substring, number: Int) {
      let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }.count
      guard digits > 0, digits < 10 else { return (name[...], -1) }
      let stem = name.dropLast(digits)
      if stem.isEmpty { return ("", Int(name) ?? -1) }
      guard stem.last == "_" else { return (name[...], -1) }
      return (stem.dropLast(), Int(name.suffix(digits)) ?? -1)
    }
    return names.map { (name: $0, key: key($0)) }.sorted { ($0.key.stem, $0.key.number) < ($1.key.stem, $1.key.number) }
      .map(\.name)
  }

  private func stored(_ place: String) -> String {
    layersName == "layers"
      ? place : place.split(separator: "/").map { $0 == "layers" ? layersName : String($0) }.joined(separator: "/")
  }

  private func join(_ parent: String, _ child: String) -> String { parent.isEmpty ? child : "\(parent)/\(child)" }
}
