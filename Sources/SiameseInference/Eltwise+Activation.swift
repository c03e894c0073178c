import SiameseGraph
import SiameseOneDNN

extension Eltwise {
  /// The functions that, applied one after another, compute an activation; nil where oneDNN's cannot.
  package static func chain(for activation: Activation) -> [Eltwise]? {
    switch activation {
    case .linear: []
    case .rectifier(nil, let slope, 0): [.relu(slope: slope)]
    case .rectifier(let maximum?, 0, 0): [.clip(0, maximum)]
    case .rectifier: nil
    case .sigmoid: [.logistic]
    case .hardSigmoid(let slope, let offset): [.linear(scale: slope, offset: offset), .clip(0, 1)]
    case .tanh: [.tanh]
    case .silu: [.swish]
    case .hardSilu: [.hardSwish]
    case .gelu(let approximate): [.gelu(approximate: approximate)]
    case .elu(let alpha): [.elu(alpha: alpha)]
    case .selu: [.elu(alpha: 1.673_263_2), .linear(scale: 1.050_701, offset: 0)]
    case .softplus: [.softplus]
    case .exponential: [.exponential]
    case .mish: [.mish]
    case .square: [.square]
    case .squareRoot: [.squareRoot]
    case .absolute: [.absolute]
    case .softsign, .signedSquareRoot: nil
    }
  }
}
