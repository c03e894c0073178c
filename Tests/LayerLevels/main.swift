import Foundation
import SiameseGraph
import SiameseHDF5
import SiameseInference
import SiameseKeras
import SiameseOneDNN
import SiameseTensors

// Runs small networks whose outputs are known, with one instruction set. It is a process of its own because
// instructions are chosen once for a process.
//
//   siamese-layer-levels LEVEL FILE...
//
// LEVEL is portable, avx2 or avx512; each FILE holds a Keras model, and an input and Keras' output in `golden`. Prints
// a line a file: the largest difference from that output, in its standard deviations. Ends with status 64 where the
// processor lacks the level, and 1 where a file cannot be run.

/// `[N, C, H, W]` as `[N, H, W, C]`, which is what graphs take.
func channelsLast(_ map: Tensor) -> Tensor {
  let (channels, positions) = (map.shape[1], map.shape[2] * map.shape[3])
  var result = Tensor(shape: [map.shape[0], map.shape[2], map.shape[3], channels])
  for place in 0..<map.count {
    let (picture, channel, position) = (place / (channels * positions), place / positions % channels, place % positions)
    result.elements[(picture * positions + position) * channels + channel] = map.elements[place]
  }
  return result
}

/// A data set of a file as a tensor.
func tensor(_ file: String, _ dataSet: String) throws -> Tensor {
  let data = try HDF5File(file).root.dataSet(dataSet)
  return Tensor(shape: data.shape, elements: try data.read())
}

/// The largest difference, in standard deviations of what was expected.
func deviation(_ found: Tensor, _ expected: Tensor) -> Float {
  guard found.count == expected.count, found.count > 0 else { return .infinity }
  let mean = expected.elements.reduce(0, +) / Float(expected.count)
  let variance = expected.elements.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(expected.count)
  let largest = zip(found.elements, expected.elements).reduce(Float(0)) {
    // Of two numbers of which one is NaN, `max` may take the other.
    $1.0.isNaN ? .infinity : max($0, abs($1.0 - $1.1))
  }
  return largest / max(variance.squareRoot(), 1e-6)
}

let arguments = CommandLine.arguments.dropFirst()
guard let level = arguments.first.flatMap(InstructionSet.init), level <= Processor.best else { exit(64) }
try Processor.limit(to: level)
for path in arguments.dropFirst() {
  let golden = path.hasSuffix(".keras") ? path.replacing(".keras", with: ".golden.h5") : path
  let network = try ImportedNetwork.open(path), graph = network.graph.pruned(to: network.graph.outputs)
  var input = try tensor(golden, "golden/input")
  if input.shape.count == 4, Array(input.shape.dropFirst()) != network.inputShape { input = channelsLast(input) }
  let plan = try InferencePlan(
    graph, parameters: network.parameters, batch: input.rowCount, options: PlanOptions())
  print(deviation(try plan([input])[0], try tensor(golden, "golden/output")))
}
