/// Names that Keras makes up, and names that networks had in older versions.
enum LayerNames {
  /// `conv2d_17` → `conv2d` and 17; the first of a session has no number.
  static func split(_ name: String) -> (stem: Substring, number: Int) {
    let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }.count
    guard digits > 0, digits < 10, name.dropLast(digits).last == "_" else { return (name[...], 0) }
    return (name.dropLast(digits + 1), Int(name.suffix(digits)) ?? 0)
  }

  /// The name that a layer has today: `res2a_branch2a` is `conv2_block1_1_conv`, `conv1` of the same file `conv1_conv`.
  static func current(_ name: String, among known: Set<String>) -> String {
    if known.contains(name) { return name }
    let renamed = ["conv1": "conv1_conv", "bn_conv1": "conv1_bn", "fc1000": "predictions"][name] ?? residual(name)
    return renamed.flatMap { known.contains($0) ? $0 : nil } ?? name
  }

  /// `res4b12_branch2c` → `conv4_block13_3_conv`, `bn2a_branch1` → `conv2_block1_0_bn`.
  private static func residual(_ name: String) -> String? {
    let kind = name.hasPrefix("res") ? "conv" : name.hasPrefix("bn") ? "bn" : nil
    guard let kind else { return nil }
    let parts = name.dropFirst(kind == "conv" ? 3 : 2).split(separator: "_")
    guard parts.count == 2, let stage = parts[0].first, let letter = parts[0].dropFirst().first?.asciiValue else {
      return nil
    }
    let number = parts[0].dropFirst(2)
    let block = number.isEmpty ? Int(letter) - 96 : (Int(number) ?? -1) + 1
    let position = ["branch1": 0, "branch2a": 1, "branch2b": 2, "branch2c": 3][String(parts[1])]
    guard block > 0, let position else { return nil }
    return "conv\(stage)_block\(block)_\(position)_\(kind)"
  }
}
