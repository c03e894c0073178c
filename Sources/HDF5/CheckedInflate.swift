import CHDF5
import Foundation

/// The gzip filter, in a form that trusts nothing.
///
/// libhdf5's own inflates whatever the stream holds, without limit, and then copies a whole chunk out of the result
/// even where the stream was shorter: it reads beyond its buffer. This one takes its place in the library and yields
/// exactly the chunk's bytes or fails.
enum CheckedInflate {
  /// The bytes a chunk of the data set being read holds once inflated, set before each read under the library's lock.
  nonisolated(unsafe) static var expectedBytes = 0

  /// Puts the filter in the place of the library's own.
  static func register() -> Bool {
    var filter = H5Z_class2_t()
    filter.version = H5Z_CLASS_T_VERS
    filter.id = H5Z_FILTER_DEFLATE
    filter.encoder_present = 1
    filter.decoder_present = 1
    filter.name = UnsafePointer(strdup("deflate"))
    filter.filter = { flags, count, values, byteCount, capacity, buffer in
      guard let buffer, let source = buffer.pointee, let capacity else { return 0 }
      let inflating = flags & UInt32(H5Z_FLAG_REVERSE) != 0
      let room = inflating ? CheckedInflate.expectedBytes : Int(compressBound(UInt(byteCount)))
      guard room > 0, let result = H5allocate_memory(room, false) else { return 0 }
      let input = source.assumingMemoryBound(to: UInt8.self)
      let output = result.assumingMemoryBound(to: UInt8.self)
      var produced = uLongf(room)
      let level = count > 0 ? Int32(values?.pointee ?? 6) : 6
      let status = inflating
        ? uncompress(output, &produced, input, uLong(byteCount))
        : compress2(output, &produced, input, uLong(byteCount), level)
      guard status == Z_OK, !inflating || Int(produced) == room else {
        H5free_memory(result)
        return 0
      }
      H5free_memory(source)
      buffer.pointee = result
      capacity.pointee = room
      return Int(produced)
    }
    return H5Zregister(&filter) >= 0
  }
}
