import SiameseTensors

/// What layer and group normalisation share: `gamma · (x − mean) / √(variance + epsilon) + beta`, mean and variance
/// over the elements of a span of each sample.
///
/// x `[N, …, C]`, gamma `[C]`, beta `[C]` → `[N, …, C]`.
struct SpanNormalization {
  /// Which elements of a sample are normalised together.
  enum Span {
    /// The channels of one position.
    case perPosition
    /// All positions and the channels of one of so many groups.
    case groups(Int)
  }

  let span: Span, epsilon: Float

  func forward(_ x: Tensor, _ weights: [ParameterRole: Tensor]) -> Tensor {
    let channels = x.shape.last ?? 1
    var y = x
    forEachSpan(x) { members in
      let (mean, scale) = moments(x, members)
      for i in members {
        let c = i % channels
        y.elements[i] =
          (x.elements[i] - mean) * scale * (weights[.gamma]?.elements[c] ?? 1) + (weights[.beta]?.elements[c] ?? 0)
      }
    }
    return y
  }

  /// The parts of `gamma · g` along 1 and along the normalised `x` are taken out, span by span.
  func backward(_ x: Tensor, _ weights: [ParameterRole: Tensor], _ g: Tensor) -> PlainGradients {
    let channels = x.shape.last ?? 1
    var dx = g
    var dgamma = [Double](repeating: 0, count: channels), dbeta = dgamma
    forEachSpan(x) { members in
      let (mean, scale) = moments(x, members)
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
    return PlainGradients(inputs: [dx], weights: channelGradients(weights, (.gamma, dgamma), (.beta, dbeta)))
  }

  /// Calls `body` with the indices of every span's elements.
  private func forEachSpan(_ x: Tensor, _ body: ([Int]) -> Void) {
    let channels = x.shape.last ?? 1
    let width = x.rowWidth
    let spans: Int
    let index: (Int) -> Int
    switch span {
    case .perPosition: (spans, index) = (width / channels, { $0 / channels })
    case .groups(let groups): (spans, index) = (groups, { $0 % channels / (channels / groups) })
    }
    var members = [[Int]](repeating: [], count: spans)
    for element in 0..<width { members[index(element)].append(element) }
    for n in 0..<x.rowCount { for span in members { body(span.map { n * width + $0 }) } }
  }

  private func moments(_ x: Tensor, _ members: [Int]) -> (mean: Float, scale: Float) {
    let count = Double(members.count)
    let mean = members.reduce(0) { $0 + Double(x.elements[$1]) } / count
    let variance = members.reduce(0) { $0 + (Double(x.elements[$1]) - mean) * (Double(x.elements[$1]) - mean) } / count
    return (Float(mean), Float(1 / (variance + Double(epsilon)).squareRoot()))
  }
}
