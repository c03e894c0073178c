import SiameseHDF5
import SiameseMetricLearning
import SiameseTensors

extension JointLayers {
  /// The group inside `siamese` that holds joint layers.
  package static let groupName = "joint"

  /// Writes design, width and weights.
  /// - Throws: `HDF5Error` where that fails.
  package func write(into group: HDF5GroupWriter) throws {
    try group.setAttribute("layers", "\(head)")
    try group.setAttribute("width", width)
    for (path, tensor) in parameters.sorted(by: { $0.key < $1.key }) {
      try group.write(path, shape: tensor.shape, tensor.elements)
    }
  }

  /// - Throws: `TaskError` where the group does not hold what `write(into:)` wrote.
  package init(_ group: HDF5Group) throws {
    func fail(_ reason: String) -> TaskError {
      TaskError(.badInput, "\(group.file.name): in the group '\(group.path)', \(reason)")
    }
    guard let text = try group.string("layers"), let head = try? PairHead(text) else {
      throw fail(
        "the attribute 'layers' should name joint layers as in absdiff:64,1, found '\(try group.string("layers") ?? "nothing")'"
      )
    }
    guard let width = try group.integer("width"), 1...1_000_000 ~= width else {
      throw fail("the attribute 'width' should be the embedding's width")
    }
    var parameters: [String: Tensor] = [:]
    for (path, _) in try head.graph(width: width).parameterShapes {
      let data = try group.dataSet(path)
      parameters[path] = Tensor(shape: data.shape, elements: try data.read())
    }
    do { try self.init(head, width: width, parameters: parameters) } catch let error as MetricLearningError {
      throw fail("\(error)")
    }
  }
}
