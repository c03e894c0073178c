/// The ink of a drawing as points around their centre, and how far two drawings' ink lies apart.
///
/// The baseline of Omniglot's one-shot runs: 38.75 % error on the 400 trials (Lake, Salakhutdinov and Tenenbaum 2015).
package struct InkPoints: Sendable, Equatable {
  /// Offsets to the right of the centre, in pixels.
  package let x: [Float]
  /// Offsets below the centre, in pixels.
  package let y: [Float]

  /// The points of the pixels where `isInk`, row-major, moved so that their mean is the origin.
  package init(width: Int, height: Int, isInk: (_ index: Int) -> Bool) {
    var (x, y) = ([Float](), [Float]())
    for row in 0..<height {
      for column in 0..<width where isInk(row * width + column) {
        x.append(Float(column))
        y.append(Float(row))
      }
    }
    func centred(_ values: [Float]) -> [Float] {
      let mean = values.reduce(0) { $0 + Double($1) } / Double(max(1, values.count))
      return values.map { Float(Double($0) - mean) }
    }
    self.x = centred(x)
    self.y = centred(y)
  }

  /// The Modified Hausdorff distance (Dubuisson and Jain 1994): the larger of the two mean distances from a point of one
  /// to the nearest point of the other; infinite where one drawing alone is empty.
  package func modifiedHausdorffDistance(to other: InkPoints) -> Float {
    if x.isEmpty || other.x.isEmpty { return x.isEmpty && other.x.isEmpty ? 0 : .infinity }
    return Float(max(meanNearest(to: other), other.meanNearest(to: self)))
  }

  private func meanNearest(to other: InkPoints) -> Double {
    var sum = 0.0
    other.x.withUnsafeBufferPointer { theirX in
      other.y.withUnsafeBufferPointer { theirY in
        for i in x.indices {
          var nearest = Float.infinity
          let (mineX, mineY) = (x[i], y[i])
          for j in 0..<theirX.count {
            let (dx, dy) = (theirX[j] - mineX, theirY[j] - mineY)
            nearest = min(nearest, dx * dx + dy * dy)
          }
          sum += Double(nearest.squareRoot())
        }
      }
    }
    return sum / Double(x.count)
  }
}
