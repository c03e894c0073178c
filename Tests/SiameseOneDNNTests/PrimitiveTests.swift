import SiameseOneDNN
import SiameseTensors
import Testing

struct PrimitiveTests {
  @Test func `A convolution with a fused activation equals the plain loop, in layouts of its own choice`() throws {
    let (n, c, h, w, k) = (2, 5, 7, 6, 9)
    var generator = SeededGenerator(seed: 3)
    var source = (0..<n * h * w * c).map { _ in generator.normal() }
    var kernel = (0..<3 * 3 * c * k).map { _ in generator.normal() }
    var bias = (0..<k).map { _ in generator.normal() }
    let description = try PrimitiveDescription.convolution(
      source: Layout(any: [n, c, h, w]), weights: Layout(any: [k, c, 3, 3]), bias: Layout(rows: [k]),
      destination: Layout(any: [n, k, h, w]),
      window: Window(
        vertical: Window.Axis(extent: 3, before: 1, after: 1), horizontal: Window.Axis(extent: 3, before: 1, after: 1)),
      then: [.eltwise(.relu())])
    #expect(!description.implementation.isEmpty)

    let stream = try ExecutionStream()
    var result = [Float](repeating: 0, count: n * h * w * k)
    try source.withUnsafeMutableBytes { source in
      try kernel.withUnsafeMutableBytes { kernel in
        try bias.withUnsafeMutableBytes { bias in
          try result.withUnsafeMutableBytes { result in
            let plain = try Memory(Layout(channelsLast: [n, c, h, w]), at: source.baseAddress!)
            let plainKernel = try Memory(
              Layout([k, c, 3, 3], strides: [1, k, 3 * c * k, c * k]), at: kernel.baseAddress!)
            let destination = try Memory(description.destination)
            var arguments: [(Argument, Memory)] = [
              (.source, try plain.reordered(to: description.source, on: stream)),
              (.weights, try plainKernel.reordered(to: description.weights, on: stream)),
              (.bias, try Memory(Layout(rows: [k]), at: bias.baseAddress!)), (.destination, destination),
            ]
            if let scratchpad = description.scratchpad { arguments.append((.scratchpad, try Memory(scratchpad))) }
            try Command(Primitive(description), arguments).run(on: stream)
            try destination.copy(to: Memory(Layout(channelsLast: [n, k, h, w]), at: result.baseAddress!), on: stream)
          }
        }
      }
    }

    for (image, y, x, filter) in [(0, 0, 0, 0), (1, 6, 5, 8), (0, 3, 2, 4), (1, 0, 5, 7)] {
      var sum = bias[filter]
      for dy in 0..<3 {
        for dx in 0..<3 where (0..<h).contains(y + dy - 1) && (0..<w).contains(x + dx - 1) {
          for channel in 0..<c {
            sum +=
              source[((image * h + y + dy - 1) * w + x + dx - 1) * c + channel]
              * kernel[((dy * 3 + dx) * c + channel) * k + filter]
          }
        }
      }
      #expect(abs(result[((image * h + y) * w + x) * k + filter] - max(0, sum)) < 1e-4)
    }
  }

  @Test func `A refusal says what was asked for`() throws {
    #expect {
      try PrimitiveDescription.convolution(
        source: Layout(any: [1, 4, 5, 5]), weights: Layout(any: [8, 3, 3, 3]), bias: nil,
        destination: Layout(any: [1, 8, 3, 3]),
        window: Window(vertical: Window.Axis(extent: 3, stride: 1), horizontal: Window.Axis(extent: 3, stride: 1)))
    } throws: { error in
      "\(error)".contains("a convolution of [1, 4, 5, 5] by [8, 3, 3, 3]")
    }
  }
}
