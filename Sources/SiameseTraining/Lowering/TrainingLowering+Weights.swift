import SiameseInference
import SiameseOneDNN

extension TrainingLowering {
  /// The weight at `path` as the network file lays it out.
  mutating func weight(_ argument: Argument, _ path: String, _ layout: Layout) throws -> Program.Operand {
    try weight(argument, path, layout, from: layout)
  }

  /// The weight at `path`, or a vector of the same number where the node has none.
  mutating func weight(_ argument: Argument, _ path: String?, _ layout: Layout, else value: Float) throws
    -> Program.Operand
  {
    if let path { return try weight(argument, path, layout) }
    return Program.Operand(argument, try weights.filled(layout.extents[0], value))
  }

  /// The weight at `path`, which lies as `host` in the file, in the layout that a primitive wants: laid out once where
  /// it stays, anew in each run where it is trained.
  mutating func weight(
    _ argument: Argument, _ path: String, _ wanted: Layout, from host: Layout
  ) throws -> Program.Operand {
    guard let entry = parameters.entry(path) else {
      let fixed = parameters.fixed
      return Program.Operand(argument, weights.constant(path, wanted, plain: host) { try fixed.tensor(path) })
    }
    let source = builder.array(host, in: entry.storage)
    if wanted == host { return Program.Operand(argument, source) }
    let array = builder.array(wanted)
    try builder.reorder(source, to: array, of: path, "layout of a weight")
    return Program.Operand(argument, array)
  }

  /// Whether the weight at `path` has a gradient.
  func isTrained(_ path: String?) -> Bool { path.flatMap { parameters.entry($0)?.gradientStorage } != nil }

  /// Where the gradient of the weight at `path` is to go, and whether a step must add to what is there; nil where the
  /// weight is not trained.
  mutating func gradientTarget(_ path: String?, _ host: Layout) -> (array: Value, adds: @Sendable () -> Bool)? {
    guard let path, let storage = parameters.entry(path)?.gradientStorage else { return nil }
    let isFirst = isFirstGradient(path)
    let run = run
    return (builder.array(host, in: storage), { !isFirst || run.accumulates })
  }

  /// Appends steps that bring `array` to the gradient of `path`, whose file layout is `host`.
  mutating func deliver(_ array: Value, to path: String?, _ host: Layout) throws {
    guard let path, let (target, adds) = gradientTarget(path, host) else { return }
    let count = host.byteCount / 4
    if array.layout == host {
      builder.append("gradient", of: path, [array, target]) { operands in
        let (new, sum) = (operands.floats(0), operands.floats(1))
        let adds = adds()
        parallel(count) { part in
          if adds { for i in part { sum[i] += new[i] } } else { for i in part { sum[i] = new[i] } }
        }
      }
      return
    }
    // Straight to its place where nothing is there yet, by a detour where something is.
    let reorder = try PrimitiveDescription.reorder(from: array.layout, to: host)
    let detour = builder.array(host)
    try builder.append(
      "gradient", of: path, reorder, [Program.Operand(.source, array), Program.Operand(.destination, target)],
      if: { !adds() })
    try builder.append(
      "gradient to be added", of: path, reorder,
      [Program.Operand(.source, array), Program.Operand(.destination, detour)], if: adds)
    builder.append("sum of a gradient", of: path, [detour, target], if: adds) { operands in
      let (new, sum) = (operands.floats(0), operands.floats(1))
      parallel(count) { part in for i in part { sum[i] += new[i] } }
    }
  }
}
