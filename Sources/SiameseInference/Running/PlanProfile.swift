import Foundation

/// What each step of a plan costs.
package struct PlanProfile: Sendable, Codable {
  /// One step, or several of one layer and kind together.
  package struct Step: Sendable, Codable {
    /// The layer it belongs to.
    package var layer: String
    /// What it does: convolution, reorder, pooling, …
    package var kind: String
    /// oneDNN's name for the code that does it, or "own" for a loop of ours.
    package var implementation: String
    /// The fastest of all runs, in milliseconds.
    package var milliseconds: Double
    /// Multiplications and additions of the plain algorithm.
    package var operationCount: Int
    /// Bytes read and written, weights included.
    package var byteCount: Int

    /// Billions of multiplications and additions a second.
    package var gigaflops: Double { milliseconds > 0 ? Double(operationCount) / milliseconds * 1e-6 : 0 }
  }

  /// In the order in which the plan runs them.
  package var steps: [Step]

  /// With steps of one kind that a layer takes again and again, a part of its maps at a time, as one.
  static func merged(_ steps: [Step]) -> [Step] {
    var result: [Step] = []
    for step in steps {
      let ofLayer = result.indices.reversed().prefix { result[$0].layer == step.layer }
      if let same = ofLayer.first(where: {
        (result[$0].kind, result[$0].implementation) == (step.kind, step.implementation)
      }) {
        result[same].milliseconds += step.milliseconds
        result[same].operationCount += step.operationCount
        result[same].byteCount += step.byteCount
      } else {
        result.append(step)
      }
    }
    return result
  }
}

extension InferencePlan {
  /// Times every step, in `runs` runs on small numbers after one to warm up.
  package func profile(runs: Int) throws -> PlanProfile {
    let inputs = inputShapes.map { shape in
      let count = batch * shape.reduce(1, *)
      let pointer = UnsafeMutablePointer<Float>.allocate(capacity: count)
      pointer.initialize(repeating: 0.1, count: count)
      return pointer
    }
    let outputs = outputShapes.map { UnsafeMutablePointer<Float>.allocate(capacity: batch * $0.reduce(1, *)) }
    defer { for pointer in inputs + outputs { pointer.deallocate() } }
    let steps = bound.program.steps
    var best = [Double](repeating: .infinity, count: steps.count)
    for run in 0...max(1, runs) {
      let seconds = try timed(inputs.map { UnsafePointer($0) }, into: outputs)
      if run > 0 { for index in best.indices { best[index] = min(best[index], seconds[index]) } }
    }
    return PlanProfile(
      steps: PlanProfile.merged(
        zip(steps, best).map { step, seconds in
          PlanProfile.Step(
            layer: step.node, kind: step.kind, implementation: step.implementation, milliseconds: seconds * 1e3,
            operationCount: step.operationCount,
            byteCount: step.operands.reduce(0) { $0 + ($1.argument == .scratchpad ? 0 : $1.layout.byteCount) })
        }))
  }
}

extension Program.Step {
  /// oneDNN's name for the code that does it, or "own".
  fileprivate var implementation: String {
    if case .primitive(let primitive) = work { primitive.description.implementation } else { "own" }
  }
}
