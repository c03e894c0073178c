import CSiameseHDF5

extension HDF5DataSet {
  /// Brings every chunk, undoes its filters, and puts the part of it that lies inside the data set in its place.
  func readChunks(of chunk: [Int], _ filters: ChunkFilters, into target: UnsafeMutableRawPointer) throws {
    func damaged(_ reason: String) -> HDF5Error { .damaged(file: file.name, path: path, reason: reason) }
    let size = element.byteCount
    try opened { id, type in
      let fill = try fillValue(id, type, size: size)
      var stored: [UInt8] = []
      var corner = [Int](repeating: 0, count: shape.count)
      while true {
        let place = corner.map { hsize_t($0) }
        var storedCount: hsize_t = 0
        // A chunk that was never written has no size: the library calls it an error.
        if H5Dget_chunk_storage_size(id, place, &storedCount) < 0 {
          H5Eclear2(hid_t(H5E_DEFAULT))
          storedCount = 0
        }
        if storedCount == 0 {
          fillBlock(at: corner, of: chunk, with: fill, in: target)
        } else {
          guard storedCount <= file.byteCount else { throw damaged("a chunk of \(storedCount) bytes") }
          stored = [UInt8](repeating: 0, count: Int(storedCount))
          var mask: UInt32 = 0
          try LibraryFailure.check(H5Dread_chunk(id, hid_t(H5P_DEFAULT), place, &mask, &stored))
          do {
            let bytes = try filters.undo(stored, mask: mask)
            bytes.withUnsafeBytes { copyBlock($0.baseAddress!, at: corner, of: chunk, into: target) }
          } catch let failure as ChunkFilters.Failure { throw damaged(failure.reason) }
        }
        // The next corner, the last axis fastest.
        var axis = shape.count - 1
        while axis >= 0 {
          corner[axis] += chunk[axis]
          if corner[axis] < shape[axis] { break }
          corner[axis] = 0
          axis -= 1
        }
        if axis < 0 { return }
      }
    }
  }

  /// What stands where nothing was written.
  private func fillValue(_ id: hid_t, _ type: hid_t, size: Int) throws -> [UInt8] {
    var fill = [UInt8](repeating: 0, count: size)
    let creation = try Handle(H5Dget_create_plist(id))
    if H5Pget_fill_value(creation.id, type, &fill) < 0 { H5Eclear2(hid_t(H5E_DEFAULT)) }
    return fill
  }

  /// Calls `body` for each run along the last axis of the block at `corner`: its offset in the block and in the data set
  /// and its length, in elements.
  private func forEachRun(
    at corner: [Int], of chunk: [Int], _ body: (_ inBlock: Int, _ inData: Int, _ count: Int) -> Void
  ) {
    let extents = zip(zip(corner, chunk), shape).map { min($0.0 + $0.1, $1) - $0.0 }
    let last = extents.count - 1
    var index = [Int](repeating: 0, count: extents.count)
    while true {
      var (inBlock, inData) = (0, 0)
      for axis in extents.indices {
        inBlock = inBlock * chunk[axis] + index[axis]
        inData = inData * shape[axis] + corner[axis] + index[axis]
      }
      body(inBlock, inData, extents[last])
      var axis = last - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < extents[axis] { break }
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  private func copyBlock(
    _ block: UnsafeRawPointer, at corner: [Int], of chunk: [Int], into target: UnsafeMutableRawPointer
  ) {
    let size = element.byteCount
    forEachRun(at: corner, of: chunk) { inBlock, inData, count in
      (target + inData * size).copyMemory(from: block + inBlock * size, byteCount: count * size)
    }
  }

  private func fillBlock(at corner: [Int], of chunk: [Int], with fill: [UInt8], in target: UnsafeMutableRawPointer) {
    let size = element.byteCount
    forEachRun(at: corner, of: chunk) { _, inData, count in
      for index in inData..<inData + count { (target + index * size).copyMemory(from: fill, byteCount: size) }
    }
  }
}
