import CSiameseConvolutions
import Foundation
import SiameseGraph
import SiameseOneDNN

/// A concatenation whose parts have been written where they belong; what has not is copied there.
struct PlacedConcatenation: KernelRule {
  private let whole: Value
  private let parts: [Layout]

  init?(_ node: NodeContext) throws {
    guard let place = node.place, node.facts.graph.concatenatesWholeBlocks(node.node, of: node.facts.block) else {
      return nil
    }
    whole = place
    parts = try node.inputShapes.map { try node.home($0) }
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: parts.map { _ in nil }, output: .own) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    var byteOffset = 0
    for (input, layout) in zip(inputs, parts) {
      let part = whole.viewed(as: layout, byteOffset: byteOffset)
      if input.buffer != part.buffer || input.byteOffset != part.byteOffset { try lowering.reorder(input, to: part) }
      byteOffset += layout.byteCount
    }
    return KernelResult(whole)
  }
}

/// A concatenation of whole blocks of channels: of each picture, one stretch of memory after another.
struct BlockCopies: KernelRule {
  private let parts: [Layout], whole: Layout

  init?(_ node: NodeContext) throws {
    guard node.facts.mapOrder == .blocked, node.facts.graph.concatenatesWholeBlocks(node.node, of: node.facts.block)
    else { return nil }
    parts = try node.inputShapes.map { try node.home($0) }
    whole = try node.home(node.shape)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: parts, output: .room(whole)) }

  func lower(_ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering) -> KernelResult {
    let (batch, size) = (node.batch, whole.byteCount / node.batch)
    let sizes = parts.map { $0.byteCount / batch }
    lowering.append("concatenation", inputs + [output!]) { arrays in
      let target = arrays[sizes.count]
      parallel(batch * sizes.count, grain: 1) { range in
        for piece in range {
          let (picture, source) = (piece / sizes.count, piece % sizes.count)
          (target + picture * size + sizes[..<source].reduce(0, +))
            .copyMemory(from: arrays[source] + picture * sizes[source], byteCount: sizes[source])
        }
      }
    }
    return KernelResult(output!)
  }
}

/// A concatenation of channels that do not fill blocks, as NASNet's: they move to other places in their blocks. oneDNN would take
/// three passes, by way of channels last.
struct ChannelCopies: KernelRule {
  private let parts: [Layout], whole: Layout

  init?(_ node: NodeContext) throws {
    guard case .concatenate(let axis) = node.operation, node.isMap, axis == 2 || axis == -1,
      node.facts.mapOrder == .blocked,
      node.facts.block == 16, node.inputShapes.allSatisfy({ $0[2] > 4 })
    else { return nil }
    parts = try node.inputShapes.map { try node.home($0) }
    whole = try node.home(node.shape)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: parts, output: .room(whole)) }

  func lower(_ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering) -> KernelResult {
    let positions = node.shape[0] * node.shape[1]
    let (batch, size, wholeSize) = (node.batch, whole.type.byteCount, whole.byteCount / node.batch)
    let sources = zip(node.inputShapes, parts).map { (channels: $0[2], byteCount: $1.byteCount / batch) }
    let level = node.facts.level
    let padded = node.shape[2] % 16 == 0 ? 0 : positions * 16 * size
    lowering.append("concatenation", inputs + [output!]) { arrays in
      parallel(batch, grain: 1) { range in
        for picture in range {
          let target = arrays[sources.count] + picture * wholeSize
          (target + wholeSize - padded).initializeMemory(as: UInt8.self, repeating: 0, count: padded)
          var channel: Int32 = 0
          for (index, source) in sources.enumerated() {
            siamese_copy_channels(
              level, arrays[index] + picture * source.byteCount, 0, target, channel, Int32(source.channels), positions,
              Int32(size))
            channel += Int32(source.channels)
          }
        }
      }
    }
    return KernelResult(output!)
  }
}

/// A concatenation along any axis.
struct OneDNNConcatenation: KernelRule {
  private let sources: [Layout], destination: Layout
  private let description: PrimitiveDescription

  init?(_ node: NodeContext) throws {
    guard case .concatenate(let axis) = node.operation else { return nil }
    let rank = node.shape.count
    let kerasAxis = axis < 0 ? rank + axis : axis
    // Maps count their axes batch, channels, height, width here.
    let ownAxis = rank == 3 ? [2, 3, 1][kerasAxis] : kerasAxis + 1
    let order: PlanOptions.MapOrder = rank == 3 && ownAxis == 1 ? .channelsLast : node.facts.mapOrder
    func layout(_ shape: [Int]) throws -> Layout {
      rank == 3 ? try node.facts.mapLayout(node.facts.extents(shape), order, node.mapType) : try node.host(shape)
    }
    sources = try node.inputShapes.map(layout)
    destination = try layout(node.shape)
    description = try .concat(sources, into: destination, axis: ownAxis)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: sources, output: .room(destination)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    try lowering.append(
      "concatenation", description,
      inputs.enumerated().map { Program.Operand(.source($0), $1) } + [Program.Operand(.destination, output!)])
    return KernelResult(output!)
  }
}
