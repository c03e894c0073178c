import SiameseTensors

/// What a run of training draws its batches from: rows with their classes, and how rows become the network's inputs.
package struct TrainingRows {
  /// The class of every row, any integers.
  package var labels: [Int]
  /// The parent of every row, such as a character's alphabet: each batch is drawn within one. nil draws from all rows.
  package var parents: [Int]?
  /// Whether classes of one row take part, as they may when every copy of a row is augmented differently.
  package var keepsSingletons = false
  /// A tensor for every input of the graph: the rows of these indices in `labels`; `seed` fixes what augmentation does.
  package var tensors: (_ rows: [Int], _ seed: UInt64) throws -> [Tensor]

  /// Rows of these classes, drawn from all of them unless `parents` says otherwise.
  package init(
    labels: [Int], parents: [Int]? = nil, tensors: @escaping (_ rows: [Int], _ seed: UInt64) throws -> [Tensor]
  ) {
    (self.labels, self.parents, self.tensors) = (labels, parents, tensors)
  }
}
