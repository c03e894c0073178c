import COneDNN

extension Eltwise {
  package static let relu = Eltwise(dnnl_eltwise_relu)
  package static func linear(scale: Float, offset: Float) -> Eltwise {
    Eltwise(dnnl_eltwise_linear, alpha: scale, beta: offset)
  }
  package static func clip(_ lowest: Float, _ highest: Float) -> Eltwise {
    Eltwise(dnnl_eltwise_clip, alpha: lowest, beta: highest)
  }

  /// The functions that, applied one after another, compute an activation; nil where oneDNN's cannot.
  package static func chain(for activation: Activation) -> [Eltwise]? {
    switch activation {
    case .linear: []
    case .rectifier(nil, let slope, 0): [Eltwise(dnnl_eltwise_relu, alpha: slope)]
    case .rectifier(let maximum?, 0, 0): [.clip(0, maximum)]
    case .rectifier: nil
    case .sigmoid: [Eltwise(dnnl_eltwise_logistic)]
    case .hardSigmoid(let slope, let offset): [.linear(scale: slope, offset: offset), .clip(0, 1)]
    case .tanh: [Eltwise(dnnl_eltwise_tanh)]
    case .silu: [Eltwise(dnnl_eltwise_swish, alpha: 1)]
    case .hardSilu: [Eltwise(dnnl_eltwise_hardswish, alpha: 1 / 6, beta: 0.5)]
    case .gelu(let approximate): [Eltwise(approximate ? dnnl_eltwise_gelu_tanh : dnnl_eltwise_gelu_erf)]
    case .elu(let alpha): [Eltwise(dnnl_eltwise_elu, alpha: alpha)]
    case .selu: [Eltwise(dnnl_eltwise_elu, alpha: 1.673_263_2), .linear(scale: 1.050_701, offset: 0)]
    case .softplus: [Eltwise(siamese_eltwise_softplus(), alpha: 1)]
    case .exponential: [Eltwise(dnnl_eltwise_exp)]
    case .mish: [Eltwise(dnnl_eltwise_mish)]
    case .square: [Eltwise(dnnl_eltwise_square)]
    case .squareRoot: [Eltwise(dnnl_eltwise_sqrt)]
    case .absolute: [Eltwise(dnnl_eltwise_abs)]
    case .softsign, .signedSquareRoot: nil
    }
  }
}
