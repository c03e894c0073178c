import Foundation
import SiameseGraph
import SiameseImages
import SiameseKeras
import SiameseKit
import SiameseMetricLearning
import SiameseTensors

/// A model small enough for tests: 8×8 pictures, flattened, through one layer of given weights to `width` numbers.
func writeTinyModel(to path: String, width: Int = 6, seed: UInt64 = 1, threshold: Float? = 0.3, joint: String? = nil)
  throws
{
  var random = SeededGenerator(seed: seed)
  var graph = Graph()
  let input = try graph.add("picture", .input(shape: [8, 8, 3]))
  let flat = try graph.add("flat", .reshape(shape: [192]), [input])
  graph.outputs = [try graph.add("embedding", .dense(units: width, bias: false, activation: .linear), [flat])]
  let weights = ParameterStore([
    "embedding/kernel": Tensor(shape: [192, width], elements: (0..<192 * width).map { _ in random.normal() * 0.1 })
  ])
  var record = ModelRecord(distance: .cosine, preprocessing: .tf)
  record.equalErrorThreshold = threshold
  record.joint = try joint.map {
    let head = try PairHead($0)
    return try JointLayers(head, width: width, parameters: head.initialParameters(width: width, seed: 3))
  }
  try ImportedNetwork.write(graph, parameters: weights, to: path) { try record.write(into: $0) }
}

/// A folder of people: each has a pattern of their own, each picture some noise of its own.
func writePeople(_ count: Int, pictures: Int, to folder: String, noise: Float = 20) throws {
  for person in 0..<count {
    var pattern = SeededGenerator(seed: UInt64(person) + 100)
    let pixels = (0..<192).map { _ in 127 + 80 * pattern.normal() }
    try FileManager.default.createDirectory(atPath: "\(folder)/person\(person)", withIntermediateDirectories: true)
    for number in 0..<pictures {
      var random = SeededGenerator(seed: UInt64(person * 1000 + number))
      let noisy = pixels.map { UInt8(max(0, min(255, $0 + noise * random.normal()))) }
      try Picture(width: 8, height: 8, pixels: noisy).write(to: "\(folder)/person\(person)/\(number).png")
    }
  }
}
