import Foundation
import Glibc
import SiameseHDF5
import SiameseKeras
import SiameseTensors

// Opens damaged copies of one Keras file, one after another, as the tests tell it to. It is a process of its own so that
// a crash, a hang or greed for memory is seen for what it is and takes no test along.
//
//   siamese-hostile-files cuts FILE COUNT FOLDER     the file cut at COUNT places
//   siamese-hostile-files flips FILE COUNT FOLDER    COUNT copies with one byte changed, the same ones each time
//
// Prints a line a copy: what was done, a tab, and why it was refused (nothing where it was read); then `memory BYTES`, the
// growth of the address space at its largest. A copy that takes more than 5 seconds of the processor ends the process by
// SIGPROF; one that waits for anything for a minute, by SIGALRM.

/// The address space in use at its largest so far, in bytes.
func largestAddressSpace() -> Int {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix("VmPeak:") }
  return (line.flatMap { Int($0.filter(\.isNumber)) } ?? 0) * 1024
}

/// Reads all that the file holds: every weight, and the network with its parameters where it can be told.
func read(_ path: String) throws {
  let file = try KerasFile.open(path)
  switch file.weights {
  case .layers(let layers):
    for layer in layers { for weight in layer.weights { _ = try weight.read() } }
  case .tree(let tree):
    for place in try tree.placesWithWeights() { for weight in try tree.weights(at: place) { _ = try weight.read() } }
  }
  // Weights alone are compared with one architecture, not with all: the others would only take their time.
  let network = try ImportedNetwork.open(path, architecture: file.configuration == nil ? "mini-Xception" : nil)
  _ = try network.parameters.loaded()
  _ = Inspection(network)
}

func limitTime(_ seconds: Int) {
  var timer = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: seconds, tv_usec: 0))
  setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
  alarm(seconds == 0 ? 0 : 60)
}

func report(_ what: String, _ bytes: [UInt8], at path: String) throws {
  try Data(bytes).write(to: URL(filePath: path))
  limitTime(5)
  var line = what + "\t"
  do { try read(path) } catch { line += "\(error)".replacing("\n", with: " ") }
  limitTime(0)
  // Unbuffered, so that what was done last is known of a process that ends in the middle.
  FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

let arguments = CommandLine.arguments
guard arguments.count == 5, let count = Int(arguments[3]) else {
  print("usage: siamese-hostile-files cuts|flips FILE COUNT FOLDER")
  exit(64)
}
let original = try [UInt8](Data(contentsOf: URL(filePath: arguments[2])))
let path = arguments[4] + "/hostile"
let before = largestAddressSpace()
if arguments[1] == "cuts" {
  for cut in 0..<count {
    let length = original.count * cut / count
    try report("cut at \(length)", Array(original[..<length]), at: path)
  }
} else {
  var generator = SeededGenerator(seed: 1)
  for flip in 0..<count {
    var bytes = original
    let place = Int.random(in: 0..<bytes.count, using: &generator)
    let values: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF, bytes[place] ^ 1 << UInt8(flip % 8), UInt8(flip % 256)]
    bytes[place] = values[flip % values.count]
    try report("byte \(place) made \(bytes[place])", bytes, at: path)
  }
}
FileHandle.standardOutput.write(Data("memory \(largestAddressSpace() - before)\n".utf8))
