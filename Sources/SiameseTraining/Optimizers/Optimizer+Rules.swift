import Foundation
import SiameseInference
import SiameseOneDNN
import SiameseTensors

extension Optimizer.Rule {
  /// Whether it keeps a first moment (or momentum) and a second one.
  var needs: (first: Bool, second: Bool) {
    switch self {
    case .sgd(let momentum, _): (momentum != 0, false)
    case .adam, .adamW: (true, true)
    case .rmsprop(_, let momentum, _): (momentum != 0, true)
    }
  }

  /// One step on `count` weights `w` with gradients `g`, moments `m` and `v`; `step` counts from 1.
  func move(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafeMutablePointer<Float>, _ m: UnsafeMutablePointer<Float>,
    _ v: UnsafeMutablePointer<Float>, _ count: Int, step: Int, rate: Float, decay: Float
  ) {
    switch self {
    case .sgd(let momentum, let nesterov):
      moveBySGD(w, g, m, count, momentum, nesterov, rate, decay)
    case .adam(let beta1, let beta2, let epsilon):
      moveByAdam(w, g, m, v, count, step, beta1, beta2, epsilon, rate, coupled: decay, apart: 0)
    case .adamW(let beta1, let beta2, let epsilon):
      moveByAdam(w, g, m, v, count, step, beta1, beta2, epsilon, rate, coupled: 0, apart: decay)
    case .rmsprop(let rho, let momentum, let epsilon):
      moveByRMSprop(w, g, m, v, count, rho, momentum, epsilon, rate, decay)
    }
  }
}

private func moveBySGD(
  _ w: UnsafeMutablePointer<Float>, _ g: UnsafeMutablePointer<Float>, _ m: UnsafeMutablePointer<Float>, _ count: Int,
  _ momentum: Float, _ nesterov: Bool, _ rate: Float, _ decay: Float
) {
  parallel(count) { part in
    forEachWide(part) { i in
      let gradient = g.wide(i) + w.wide(i) * decay
      var direction = gradient
      if momentum != 0 {
        let velocity = m.wide(i) * momentum + gradient
        m.setWide(i, velocity)
        direction = nesterov ? gradient + velocity * momentum : velocity
      }
      w.setWide(i, w.wide(i) - direction * rate)
    } _: { i in
      let gradient = g[i] + w[i] * decay
      var direction = gradient
      if momentum != 0 {
        m[i] = m[i] * momentum + gradient
        direction = nesterov ? gradient + m[i] * momentum : m[i]
      }
      w[i] -= direction * rate
    }
  }
}

/// `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `w ← w − rate · m̂ / (√v̂ + ε)`, both moments corrected for their
/// start at zero.
private func moveByAdam(
  _ w: UnsafeMutablePointer<Float>, _ g: UnsafeMutablePointer<Float>, _ m: UnsafeMutablePointer<Float>,
  _ v: UnsafeMutablePointer<Float>, _ count: Int, _ step: Int, _ beta1: Float, _ beta2: Float, _ epsilon: Float,
  _ rate: Float, coupled: Float, apart: Float
) {
  let firstScale = Float(Double(rate) / (1 - pow(Double(beta1), Double(step))))
  let secondScale = Float(1 / (1 - pow(Double(beta2), Double(step))).squareRoot())
  let kept = 1 - rate * apart
  parallel(count) { part in
    forEachWide(part) { i in
      let weight = w.wide(i)
      let gradient = g.wide(i) + weight * coupled
      let first = m.wide(i) * beta1 + gradient * (1 - beta1)
      let second = v.wide(i) * beta2 + gradient * gradient * (1 - beta2)
      m.setWide(i, first)
      v.setWide(i, second)
      w.setWide(i, weight * kept - first * firstScale / (second.squareRoot() * secondScale + epsilon))
    } _: { i in
      let gradient = g[i] + w[i] * coupled
      m[i] = m[i] * beta1 + gradient * (1 - beta1)
      v[i] = v[i] * beta2 + gradient * gradient * (1 - beta2)
      w[i] = w[i] * kept - m[i] * firstScale / (v[i].squareRoot() * secondScale + epsilon)
    }
  }
}

private func moveByRMSprop(
  _ w: UnsafeMutablePointer<Float>, _ g: UnsafeMutablePointer<Float>, _ m: UnsafeMutablePointer<Float>,
  _ v: UnsafeMutablePointer<Float>, _ count: Int, _ rho: Float, _ momentum: Float, _ epsilon: Float, _ rate: Float,
  _ decay: Float
) {
  parallel(count) { part in
    for i in part {
      let gradient = g[i] + w[i] * decay
      v[i] = v[i] * rho + gradient * gradient * (1 - rho)
      var direction = gradient / (v[i].squareRoot() + epsilon)
      if momentum != 0 {
        m[i] = m[i] * momentum + direction
        direction = m[i]
      }
      w[i] -= direction * rate
    }
  }
}
