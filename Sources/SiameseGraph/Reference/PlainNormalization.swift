import Foundation
import SiameseTensors

/// Mean and biased variance of each channel (last axis) over all other axes.
func plainMoments(_ x: Tensor) -> (mean: Tensor, variance: Tensor) {
  let channels = x.shape.last ?? 1
  let count = Double(x.count / channels)
  var mean = [Double](repeating: 0, count: channels), variance = mean
  for i in x.elements.indices { mean[i % channels] += Double(x.elements[i]) / count }
  for i in x.elements.indices {
    let centred = Double(x.elements[i]) - mean[i % channels]
    variance[i % channels] += centred * centred / count
  }
  return (
    Tensor(shape: [channels], elements: mean.map(Float.init)),
    Tensor(shape: [channels], elements: variance.map(Float.init))
  )
}

/// `gamma · (x − mean) / √(variance + epsilon) + beta` per channel (Ioffe and Szegedy 2015, arXiv 1502.03167).
func plainBatchNormalization(
  _ x: Tensor, _ weights: [ParameterRole: Tensor], _ statistics: (mean: Tensor, variance: Tensor), _ epsilon: Float
) -> Tensor {
  let channels = x.shape.last ?? 1
  var y = x
  for i in x.elements.indices {
    let c = i % channels
    let normal = (x.elements[i] - statistics.mean.elements[c]) / (statistics.variance.elements[c] + epsilon).squareRoot()
    y.elements[i] = normal * (weights[.gamma]?.elements[c] ?? 1) + (weights[.beta]?.elements[c] ?? 0)
  }
  return y
}

/// With fixed statistics `dx = g · gamma / √(variance + epsilon)`; where they come from `x` itself, the parts of `g`
/// along 1 and along the normalised `x` are taken out.
func plainBatchNormalizationBackward(
  _ x: Tensor, _ weights: [ParameterRole: Tensor], _ statistics: (mean: Tensor, variance: Tensor), _ epsilon: Float,
  fixed: Bool, _ g: Tensor
) -> PlainGradients {
  let channels = x.shape.last ?? 1
  let count = Double(x.count / channels)
  let scale = statistics.variance.elements.map { 1 / ($0 + epsilon).squareRoot() }
  func normal(_ i: Int) -> Float { (x.elements[i] - statistics.mean.elements[i % channels]) * scale[i % channels] }
  var dgamma = [Double](repeating: 0, count: channels), dbeta = dgamma
  for i in g.elements.indices {
    dbeta[i % channels] += Double(g.elements[i])
    dgamma[i % channels] += Double(g.elements[i] * normal(i))
  }
  var dx = g
  for i in g.elements.indices {
    let c = i % channels
    let shared = fixed ? 0 : Float(dbeta[c] / count) + normal(i) * Float(dgamma[c] / count)
    dx.elements[i] = (g.elements[i] - shared) * scale[c] * (weights[.gamma]?.elements[c] ?? 1)
  }
  return PlainGradients(inputs: [dx], weights: scaleGradients(weights, .gamma, dgamma, .beta, dbeta))
}

/// Which elements of a sample `[…, C]` layer and group normalisation take together.
enum NormalizationSpan {
  /// The channels of one position.
  case perPosition
  /// All positions and the channels of one of so many groups.
  case groups(Int)

  /// For each element of one sample, its span's index, and the number of spans.
  func spans(_ shape: [Int]) -> (index: [Int], count: Int) {
    let channels = shape.last ?? 1
    let elements = shape.reduce(1, *)
    switch self {
    case .perPosition: return ((0..<elements).map { $0 / channels }, elements / channels)
    case .groups(let groups): return ((0..<elements).map { $0 % channels / (channels / groups) }, groups)
    }
  }
}

/// `gamma · (x − mean) / √(variance + epsilon) + beta`, mean and variance over each span (arXiv 1607.06450, 1803.08494).
func plainGroupNormalization(
  _ x: Tensor, _ weights: [ParameterRole: Tensor], _ span: NormalizationSpan, _ epsilon: Float
) -> Tensor {
  let channels = x.shape.last ?? 1
  var y = x
  forEachSpan(x, span) { members in
    let (mean, scale) = moments(x, members, epsilon)
    for i in members {
      let c = i % channels
      y.elements[i] = (x.elements[i] - mean) * scale * (weights[.gamma]?.elements[c] ?? 1)
        + (weights[.beta]?.elements[c] ?? 0)
    }
  }
  return y
}

func plainGroupNormalizationBackward(
  _ x: Tensor, _ weights: [ParameterRole: Tensor], _ span: NormalizationSpan, _ epsilon: Float, _ g: Tensor
) -> PlainGradients {
  let channels = x.shape.last ?? 1
  var dx = g
  var dgamma = [Double](repeating: 0, count: channels), dbeta = dgamma
  forEachSpan(x, span) { members in
    let (mean, scale) = moments(x, members, epsilon)
    var sum: Float = 0, sumAlong: Float = 0
    for i in members {
      let c = i % channels
      let normal = (x.elements[i] - mean) * scale
      dgamma[c] += Double(g.elements[i] * normal)
      dbeta[c] += Double(g.elements[i])
      let inner = g.elements[i] * (weights[.gamma]?.elements[c] ?? 1)
      sum += inner
      sumAlong += inner * normal
    }
    let count = Float(members.count)
    for i in members {
      let inner = g.elements[i] * (weights[.gamma]?.elements[i % channels] ?? 1)
      dx.elements[i] = scale * (inner - sum / count - (x.elements[i] - mean) * scale * sumAlong / count)
    }
  }
  return PlainGradients(inputs: [dx], weights: scaleGradients(weights, .gamma, dgamma, .beta, dbeta))
}

private func forEachSpan(_ x: Tensor, _ span: NormalizationSpan, _ body: ([Int]) -> Void) {
  let (index, count) = span.spans(Array(x.shape.dropFirst()))
  var members = [[Int]](repeating: [], count: count)
  for (element, span) in index.enumerated() { members[span].append(element) }
  for n in 0..<x.rowCount { for span in members { body(span.map { n * index.count + $0 }) } }
}

private func moments(_ x: Tensor, _ members: [Int], _ epsilon: Float) -> (mean: Float, scale: Float) {
  let count = Double(members.count)
  let mean = members.reduce(0) { $0 + Double(x.elements[$1]) } / count
  let variance = members.reduce(0) { $0 + (Double(x.elements[$1]) - mean) * (Double(x.elements[$1]) - mean) } / count
  return (Float(mean), Float(1 / (variance + Double(epsilon)).squareRoot()))
}

private func scaleGradients(
  _ weights: [ParameterRole: Tensor], _ scale: ParameterRole, _ dscale: [Double], _ offset: ParameterRole,
  _ doffset: [Double]
) -> [ParameterRole: Tensor] {
  var result: [ParameterRole: Tensor] = [:]
  if weights[scale] != nil { result[scale] = Tensor(shape: [dscale.count], elements: dscale.map(Float.init)) }
  if weights[offset] != nil { result[offset] = Tensor(shape: [doffset.count], elements: doffset.map(Float.init)) }
  return result
}

/// `scale · x + offset` per channel.
func plainAffine(_ x: Tensor, _ weights: [ParameterRole: Tensor]) -> Tensor {
  let channels = x.shape.last ?? 1
  return Tensor(
    shape: x.shape,
    elements: x.elements.enumerated().map {
      $1 * (weights[.scale]?.elements[$0 % channels] ?? 1) + (weights[.offset]?.elements[$0 % channels] ?? 0)
    })
}

func plainAffineBackward(_ x: Tensor, _ weights: [ParameterRole: Tensor], _ g: Tensor) -> PlainGradients {
  let channels = x.shape.last ?? 1
  var dscale = [Double](repeating: 0, count: channels), doffset = dscale
  var dx = g
  for i in g.elements.indices {
    dscale[i % channels] += Double(g.elements[i] * x.elements[i])
    doffset[i % channels] += Double(g.elements[i])
    dx.elements[i] *= weights[.scale]?.elements[i % channels] ?? 1
  }
  return PlainGradients(inputs: [dx], weights: scaleGradients(weights, .scale, dscale, .offset, doffset))
}

/// `y = x / max(‖x‖, √epsilon)` along the last axis.
func plainUnitNormalization(_ x: Tensor, _ epsilon: Float) -> Tensor {
  let width = x.shape.last ?? 1
  var y = x
  for start in stride(from: 0, to: x.count, by: width) {
    let norm = max(x.elements[start..<start + width].reduce(0) { $0 + $1 * $1 }, epsilon).squareRoot()
    for i in start..<start + width { y.elements[i] /= norm }
  }
  return y
}

/// `dx = (g − y · ⟨y, g⟩) / ‖x‖`, or `g / √epsilon` where the norm is smaller than that.
func plainUnitNormalizationBackward(_ x: Tensor, _ epsilon: Float, _ g: Tensor) -> Tensor {
  let width = x.shape.last ?? 1
  var dx = g
  for start in stride(from: 0, to: x.count, by: width) {
    let squares = x.elements[start..<start + width].reduce(0) { $0 + $1 * $1 }
    let norm = max(squares, epsilon).squareRoot()
    var along: Float = 0
    for i in start..<start + width { along += x.elements[i] / norm * g.elements[i] }
    if squares <= epsilon { along = 0 }
    for i in start..<start + width { dx.elements[i] = (g.elements[i] - x.elements[i] / norm * along) / norm }
  }
  return dx
}

/// `y_i = x_i · s_i^−beta`, `s_i = bias + alpha · Σ_{|j − i| ≤ radius} x_j²` over channels.
func plainLocalResponse(_ x: Tensor, _ radius: Int, _ bias: Float, _ alpha: Float, _ beta: Float) -> Tensor {
  let scales = localResponseScales(x, radius, bias, alpha)
  return Tensor(shape: x.shape, elements: zip(x.elements, scales).map { $0 * pow($1, -beta) })
}

/// `dx_i = g_i · s_i^−beta − 2 · alpha · beta · x_i · Σ_{|j − i| ≤ radius} g_j · x_j · s_j^(−beta − 1)`.
func plainLocalResponseBackward(
  _ x: Tensor, _ radius: Int, _ bias: Float, _ alpha: Float, _ beta: Float, _ g: Tensor
) -> Tensor {
  let scales = localResponseScales(x, radius, bias, alpha)
  let channels = x.shape.last ?? 1
  var dx = g
  for i in x.elements.indices {
    let c = i % channels
    var sum: Float = 0
    for j in max(0, c - radius)...min(channels - 1, c + radius) {
      let k = i - c + j
      sum += g.elements[k] * x.elements[k] * pow(scales[k], -beta - 1)
    }
    dx.elements[i] = g.elements[i] * pow(scales[i], -beta) - 2 * alpha * beta * x.elements[i] * sum
  }
  return dx
}

private func localResponseScales(_ x: Tensor, _ radius: Int, _ bias: Float, _ alpha: Float) -> [Float] {
  let channels = x.shape.last ?? 1
  return x.elements.indices.map { i in
    let c = i % channels
    var sum: Float = 0
    for j in max(0, c - radius)...min(channels - 1, c + radius) {
      sum += x.elements[i - c + j] * x.elements[i - c + j]
    }
    return bias + alpha * sum
  }
}
