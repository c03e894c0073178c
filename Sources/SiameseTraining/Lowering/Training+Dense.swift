import SiameseGraph
import SiameseInference
import SiameseOneDNN
import SiameseTensors

extension TrainingLowering {
  /// `[…, C]` by `[C, units]`, on rows as they lie; over the positions of a map in bfloat16, a 1×1 convolution.
  func dense(_ bias: Bool, _ function: Activation, _ node: Int, _ input: TrainingValue) throws -> TrainingValue {
    if options.precision == .bfloat16, input.shape.count == 4, input.shape[1] * input.shape[2] > 1 {
      return try convolution(
        Convolution(filters: fullShape(node)[3], kernel: Size(1), bias: bias, activation: function), node, input)
    }
    let x = try hostForm(input)
    let roles = graph.nodes[node].parameters, path = roles[.kernel]!, biasPath = bias ? roles[.bias] : nil
    let shape = fullShape(node), units = shape.last!, channels = x.shape.last!
    let rows = x.array.storedCount / channels
    let kernelLayout = try Layout(rows: [channels, units]), biasLayout = try Layout(rows: [units])
    let kernel = try weight(path, kernelLayout), offsets = try biasPath.map { try weight($0, biasLayout) }
    let fused = function.isReadFromOutput ? function : .linear
    let y = value(node, try hostLayout(shape))
    y.isOverwritable = fused == .linear
    let source = x.array, array = y.array, clamp = Clamp(fused)
    program.add(name(node), [source, array]) {
      let y = array.floats
      if let offsets {
        for row in 0..<rows { (y + row * units).update(from: offsets.floats, count: units) }
      }
      multiply(
        rows: rows, columns: units, inner: channels, source.floats, stride: channels, kernel.floats, stride: units,
        into: y, stride: units, beta: offsets == nil ? 0 : 1)
      if fused != .linear { parallel(rows * units) { part in for i in part { y[i] = clamp.value(y[i]) } } }
    }
    record(node, y) { [self] in
      let g = try gradient(y, through: fused)
      let run = run
      if isTrained(path), let storage = parameters.entry(path)?.gradientStorage {
        let isFirst = isFirstGradient(path)
        program.add("\(name(node)), weights", [source, g]) {
          multiply(
            rows: channels, columns: units, inner: rows, source.floats, stride: channels, transposed: true, g.floats,
            stride: units, into: storage.pointer.assumingMemoryBound(to: Float.self), stride: units,
            beta: isFirst && !run.accumulates ? 0 : 1)
        }
      }
      if let biasPath, isTrained(biasPath), let storage = parameters.entry(biasPath)?.gradientStorage {
        let isFirst = isFirstGradient(biasPath)
        program.add("\(name(node)), bias", [g]) {
          let (g, sums) = (g.floats, storage.pointer.assumingMemoryBound(to: Float.self))
          if isFirst && !run.accumulates { sums.update(repeating: 0, count: units) }
          for row in 0..<rows { for unit in 0..<units { sums[unit] += g[row * units + unit] } }
        }
      }
      if x.needsGradient {
        let dx = program.array(x.layout)
        program.add("\(name(node)), data", [g, dx]) {
          multiply(
            rows: rows, columns: channels, inner: units, g.floats, stride: units, transposed: false, kernel.floats,
            stride: units, transposed: true, into: dx.floats, stride: channels)
        }
        x.contributions.append(dx)
      }
    }
    return fused == function ? y : try activation(function, node, y)
  }
}
