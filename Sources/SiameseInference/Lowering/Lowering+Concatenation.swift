import CSiameseConvolutions
import Foundation
import SiameseGraph
import SiameseOneDNN

extension Lowering {
  /// Where a map lies that is joined with others along the channels: from `channel` on in the map that `node` gives.
  struct Place {
    var node: Int
    var channel: Int
  }

  /// Places for maps that can be written where their concatenation wants them, so that it needs no copy; a concatenation
  /// that is itself part of a later one lies within that.
  ///
  /// One picture at a time only: then a range of whole blocks of channels is one stretch of memory.
  static func places(in graph: Graph, batch: Int, order: PlanOptions.MapOrder) -> [Int: Place] {
    guard batch == 1, order == .blocked else { return [:] }
    var places: [Int: Place] = [:]
    for (index, node) in graph.nodes.enumerated().reversed() where graph.joinsWholeBlocks(node, of: preferredBlock) {
      let own = places[index] ?? Place(node: index, channel: 0)
      places[index] = own
      var channel = own.channel
      for input in node.inputs {
        if places[input] == nil { places[input] = Place(node: own.node, channel: channel) }
        channel += graph.nodes[input].shape[2]
      }
    }
    return places
  }

  /// Room for the output of the node being lowered: its place in a concatenation, where it has one.
  mutating func newOutput(_ layout: Layout) throws -> Value {
    let owner = consumers[current].first.flatMap { applied.contains($0) ? $0 : nil } ?? current
    return try place(of: owner, layout) ?? newValue(layout)
  }

  private mutating func place(of node: Int, _ layout: Layout) throws -> Value? {
    guard let place = places[node], mapType(of: place.node) == layout.type, try layout == homeLayout(graph.nodes[node].shape)
    else { return nil }
    let shape = graph.nodes[place.node].shape
    let buffer: Int
    if let known = joined[place.node] { buffer = known } else {
      buffer = newValue(try homeLayout(shape)).buffer
      joined[place.node] = buffer
    }
    return Value(
      layout: layout, buffer: buffer, byteOffset: place.channel * shape[0] * shape[1] * layout.type.byteCount)
  }

  mutating func lowerConcatenation(_ node: Graph.Node, axis: Int) throws -> Value {
    let rank = node.shape.count
    let axis = axis < 0 ? rank + axis : axis
    if mapOrder == .blocked, block == 16, rank == 3, axis == 2, !graph.joinsWholeBlocks(node, of: block),
      node.inputs.allSatisfy({ graph.nodes[$0].shape[2] > 4 })
    {
      return try joinedWithinBlocks(node)
    }
    guard graph.joinsWholeBlocks(node, of: block), mapOrder == .blocked else {
      // Maps count their axes batch, channels, height, width here.
      return try concatenation(node, axis: rank == 3 ? [2, 3, 1][axis] : axis + 1)
    }
    if let destination = try place(of: current, homeLayout(node.shape)) {
      var byteOffset = destination.byteOffset
      for input in node.inputs {
        let part = Value(layout: try homeLayout(graph.nodes[input].shape), buffer: destination.buffer, byteOffset: byteOffset)
        let own = value(input)
        if own.buffer != part.buffer || own.byteOffset != part.byteOffset { try reorder(own, to: part) }
        byteOffset += part.layout.byteCount
      }
      return destination
    }
    let sources = try node.inputs.map { try value($0, in: homeLayout(graph.nodes[$0].shape)) }
    let destination = newValue(try homeLayout(node.shape))
    let (batch, whole) = (batch, destination.layout.byteCount / batch)
    let parts = sources.map { $0.layout.byteCount / batch }
    append("concatenation", sources + [destination]) { pointers in
      let target = pointers[parts.count]
      parallel(batch * parts.count, grain: 1) { range in
        for piece in range {
          let (image, source) = (piece / parts.count, piece % parts.count)
          (target + image * whole + parts[..<source].reduce(0, +))
            .copyMemory(from: pointers[source] + image * parts[source], byteCount: parts[source])
        }
      }
    }
    return destination
  }

  /// Of channels that do not fill blocks, as NASNet's: moved to other places in their blocks. oneDNN would take three passes,
  /// by way of channels last.
  private mutating func joinedWithinBlocks(_ node: Graph.Node) throws -> Value {
    let sources = try node.inputs.map { try value($0, in: homeLayout(graph.nodes[$0].shape)) }
    let destination = newValue(try homeLayout(node.shape))
    let positions = node.shape[0] * node.shape[1]
    let (batch, size, whole) = (batch, mapType.byteCount, destination.layout.byteCount / batch)
    let parts = zip(node.inputs, sources).map { (channels: graph.nodes[$0].shape[2], byteCount: $1.layout.byteCount / batch) }
    let padded = node.shape[2] % 16 == 0 ? 0 : positions * 16 * size
    append("concatenation", sources + [destination]) { pointers in
      parallel(batch, grain: 1) { range in
        for image in range {
          let target = pointers[parts.count] + image * whole
          (target + whole - padded).initializeMemory(as: UInt8.self, repeating: 0, count: padded)
          var channel: Int32 = 0
          for (index, part) in parts.enumerated() {
            siamese_copy_channels(
              pointers[index] + image * part.byteCount, 0, target, channel, Int32(part.channels), positions, Int32(size))
            channel += Int32(part.channels)
          }
        }
      }
    }
    return destination
  }

  /// Along any axis.
  private mutating func concatenation(_ node: Graph.Node, axis: Int) throws -> Value {
    let isMap = node.shape.count == 3
    let order: PlanOptions.MapOrder = axis == 1 ? .channelsLast : mapOrder
    let sources = try node.inputs.map { input -> Value in
      let shape = graph.nodes[input].shape
      return try value(input, in: isMap ? mapLayout(extents(shape), order) : hostLayout(shape))
    }
    let destination = newValue(isMap ? try mapLayout(extents(node.shape), order) : try hostLayout(node.shape))
    let description = try PrimitiveDescription.concat(sources.map(\.layout), into: destination.layout, axis: axis)
    try append(
      "concatenation", description,
      sources.enumerated().map { operand(.source($0), $1) } + [operand(.destination, destination)])
    return destination
  }
}

extension Graph {
  /// Whether `node` joins maps along their channels, each but the last of whole blocks.
  fileprivate func joinsWholeBlocks(_ node: Node, of block: Int) -> Bool {
    guard case .concatenate(let axis) = node.operation, node.shape.count == 3, axis == 2 || axis == -1 else { return false }
    return node.inputs.allSatisfy { nodes[$0].shape[2] > 4 }
      && node.inputs.dropLast().allSatisfy { nodes[$0].shape[2] % block == 0 }
  }
}
