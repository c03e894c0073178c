import SiameseGraph
import SiameseTensors
import SiameseTraining

/// The network in training: embeds a batch, then carries the loss's gradient back, in chunks if the batch is large.
///
/// With chunks the gradient is exactly the whole batch's, for any loss: the batch is embedded chunk by chunk without
/// keeping activations, the loss looks at all embeddings at once, and each chunk is computed again before its backward
/// pass. (Batch normalisation by batch statistics sees one chunk at a time; frozen, it makes no difference.)
package final class ChunkedEncoder {
  /// The network for one chunk.
  package let plan: TrainingPlan
  /// Rows in a batch.
  package let batch: Int
  private var inputs: [Tensor] = []
  private var seed: UInt64 = 0

  /// - Parameter chunk: rows at a time; it must divide the batch. nil takes the batch at once.
  package init(
    _ graph: Graph, _ parameters: TrainingParameters, batch: Int, chunk: Int? = nil, options: TrainingOptions
  ) throws {
    let chunk = chunk ?? batch
    guard chunk > 0, batch % chunk == 0 else {
      throw MetricLearningError.badOption(
        name: "pictures at a time", found: "\(chunk)", expected: "a divisor of the batch's \(batch)")
    }
    self.batch = batch
    plan = try TrainingPlan(graph, parameters, batch: chunk, options: options)
  }

  private var chunkCount: Int { batch / plan.batch }

  /// Embeddings `[batch, D]` of rows for every input of the graph.
  package func embed(_ inputs: [Tensor], seed: UInt64) throws -> Tensor {
    (self.inputs, self.seed) = (inputs, seed)
    guard chunkCount > 1 else { return flat(try plan.forward(inputs, seed: seed)[0]) }
    var elements: [Float] = []
    var width = 0
    for chunk in 0..<chunkCount {
      // Statistics move in the second pass, once.
      let output = flat(try plan.forward(rows(of: chunk), seed: seed &+ UInt64(chunk), movesStatistics: false)[0])
      elements += output.elements
      width = output.rowWidth
    }
    return Tensor(shape: [batch, width], elements: elements)
  }

  /// Leaves the gradients of the weights beside them, from the loss's gradient at the embeddings.
  package func backpropagate(_ gradient: Tensor) throws {
    guard chunkCount > 1 else {
      try plan.backward([gradient])
      return
    }
    for chunk in 0..<chunkCount {
      _ = try plan.forward(rows(of: chunk), seed: seed &+ UInt64(chunk))
      try plan.backward([self.rows(chunk, of: gradient)], accumulating: chunk > 0)
    }
  }

  private func flat(_ output: Tensor) -> Tensor { output.reshaped([output.rowCount, output.rowWidth]) }

  private func rows(of chunk: Int) -> [Tensor] { inputs.map { rows(chunk, of: $0) } }

  private func rows(_ chunk: Int, of tensor: Tensor) -> Tensor {
    let size = plan.batch * tensor.rowWidth
    return Tensor(
      shape: [plan.batch] + tensor.shape.dropFirst(),
      elements: Array(tensor.elements[chunk * size..<(chunk + 1) * size]))
  }
}
