import CSiameseHDF5

/// How a stored number's bytes are to be understood.
package struct NumberFormat: Equatable, Sendable {
  /// The kinds of numbers that are read.
  package enum Kind: Equatable, Sendable { case signed, unsigned, half, bfloat16, single, double }
  /// Integer or floating point, and of which precision.
  package let kind: Kind
  /// The bytes of one number.
  package let size: Int
  /// Whether the most significant byte comes first.
  package let isBigEndian: Bool

  /// Whether the stored bytes are `Float`s of this machine.
  package var isNativeFloat: Bool { kind == .single && !isBigEndian }
  /// Whether it is an integer, signed or not.
  package var isInteger: Bool { kind == .signed || kind == .unsigned }

  /// Converts `count` numbers; source and target may overlap as `DataSet.read` lays them.
  func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
    switch (kind, size) {
    case (.half, _):
      each(source, count, UInt16.self) { target[$0] = Float(Float16(bitPattern: $1)) }
    case (.bfloat16, _): each(source, count, UInt16.self) { target[$0] = Float(bitPattern: UInt32($1) << 16) }
    case (.single, _): each(source, count, UInt32.self) { target[$0] = Float(bitPattern: $1) }
    case (.double, _): each(source, count, UInt64.self) { target[$0] = Float(Double(bitPattern: $1)) }
    case (.signed, _), (.unsigned, _):
      integers(source, count) {
        target[$0] = Float($1)
      } unsigned: {
        target[$0] = Float($1)
      }
    }
  }

  func decode(_ source: UnsafeRawPointer, count: Int) -> [Double] {
    var result = [Double](repeating: 0, count: count)
    switch kind {
    case .half: each(source, count, UInt16.self) { result[$0] = Double(Float16(bitPattern: $1)) }
    case .bfloat16: each(source, count, UInt16.self) { result[$0] = Double(Float(bitPattern: UInt32($1) << 16)) }
    case .single: each(source, count, UInt32.self) { result[$0] = Double(Float(bitPattern: $1)) }
    case .double: each(source, count, UInt64.self) { result[$0] = Double(bitPattern: $1) }
    case .signed, .unsigned:
      integers(source, count) {
        result[$0] = Double($1)
      } unsigned: {
        result[$0] = Double($1)
      }
    }
    return result
  }

  /// Integers as they are; those beyond `Int` become its bounds.
  func decodeIntegers(_ source: UnsafeRawPointer, count: Int) -> [Int] {
    var result = [Int](repeating: 0, count: count)
    integers(source, count) {
      result[$0] = Int($1)
    } unsigned: {
      result[$0] = Int(clamping: $1)
    }
    return result
  }

  private func each<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ count: Int, _: Bits.Type, _ store: (Int, Bits) -> Void
  ) {
    let width = MemoryLayout<Bits>.size
    if isBigEndian {
      for index in 0..<count {
        store(index, source.loadUnaligned(fromByteOffset: index * width, as: Bits.self).byteSwapped)
      }
    } else {
      for index in 0..<count { store(index, source.loadUnaligned(fromByteOffset: index * width, as: Bits.self)) }
    }
  }

  private func integers(
    _ source: UnsafeRawPointer, _ count: Int, signed: (Int, Int64) -> Void, unsigned: (Int, UInt64) -> Void
  ) {
    switch (kind, size) {
    case (.signed, 1): each(source, count, Int8.self) { signed($0, Int64($1)) }
    case (.signed, 2): each(source, count, Int16.self) { signed($0, Int64($1)) }
    case (.signed, 4): each(source, count, Int32.self) { signed($0, Int64($1)) }
    case (.signed, _): each(source, count, Int64.self) { signed($0, $1) }
    case (_, 1): each(source, count, UInt8.self) { unsigned($0, UInt64($1)) }
    case (_, 2): each(source, count, UInt16.self) { unsigned($0, UInt64($1)) }
    case (_, 4): each(source, count, UInt32.self) { unsigned($0, UInt64($1)) }
    default: each(source, count, UInt64.self) { unsigned($0, $1) }
    }
  }
}

/// What the elements of a data set or attribute are.
package enum ElementType: Equatable, Sendable {
  case number(NumberFormat)
  /// An enumeration over integers, which is how h5py stores Booleans.
  case enumeration(NumberFormat)
  case fixedString(byteCount: Int, isUTF8: Bool)
  case variableString(isUTF8: Bool)
  /// Bytes without meaning: numpy's `V2`, in which Keras keeps bfloat16.
  case opaque(byteCount: Int)
  case other(String)

  /// The bytes one element takes in the file, or in memory for variable strings.
  package var byteCount: Int {
    switch self {
    case .number(let format), .enumeration(let format): format.size
    case .fixedString(let count, _), .opaque(let count): count
    case .variableString: 16
    case .other: 0
    }
  }

  /// In words, for messages.
  package var name: String {
    switch self {
    case .number(let format) where format.isInteger: "\(format.size * 8)-bit integers"
    case .number(let format): "\(format.size * 8)-bit floating-point numbers"
    case .enumeration: "an enumeration"
    case .fixedString, .variableString: "strings"
    case .opaque(let count): "opaque elements of \(count) bytes"
    case .other(let name): name
    }
  }

  /// Reads the description of an open type.
  init(type: hid_t) throws {
    let size = Int(H5Tget_size(type))
    switch H5Tget_class(type) {
    case H5T_INTEGER:
      self = NumberFormat(integer: type, size: size).map(ElementType.number) ?? .other("\(size)-byte integers")
    case H5T_FLOAT:
      self = NumberFormat(float: type, size: size).map(ElementType.number) ?? .other("an unusual floating-point format")
    case H5T_ENUM:
      let base = try Handle(H5Tget_super(type))
      self = NumberFormat(integer: base.id, size: size).map(ElementType.enumeration) ?? .other("an unusual enumeration")
    case H5T_STRING:
      let isUTF8 = H5Tget_cset(type) == H5T_CSET_UTF8
      self =
        H5Tis_variable_str(type) > 0 ? .variableString(isUTF8: isUTF8) : .fixedString(byteCount: size, isUTF8: isUTF8)
    case H5T_OPAQUE: self = .opaque(byteCount: size)
    case H5T_COMPOUND: self = .other("compound elements")
    case H5T_REFERENCE: self = .other("references")
    case H5T_VLEN: self = .other("lists of varying length")
    case H5T_ARRAY: self = .other("array elements")
    case H5T_BITFIELD: self = .other("bit fields")
    default: self = .other("elements of an unknown kind")
    }
  }
}

extension NumberFormat {
  fileprivate init?(integer type: hid_t, size: Int) {
    guard [1, 2, 4, 8].contains(size), H5Tget_precision(type) == size * 8 else { return nil }
    let isSigned = H5Tget_sign(type) == H5T_SGN_2
    self.init(kind: isSigned ? .signed : .unsigned, size: size, isBigEndian: H5Tget_order(type) == H5T_ORDER_BE)
  }

  /// Knows IEEE half, single and double precision and bfloat16 by where their bits lie.
  fileprivate init?(float type: hid_t, size: Int) {
    var (sign, exponent, exponentSize, mantissa, mantissaSize) = (0, 0, 0, 0, 0)
    guard H5Tget_fields(type, &sign, &exponent, &exponentSize, &mantissa, &mantissaSize) >= 0 else { return nil }
    let order = H5Tget_order(type)
    guard order == H5T_ORDER_LE || order == H5T_ORDER_BE, mantissa == 0, exponent == mantissaSize,
      sign == exponent + exponentSize, sign == size * 8 - 1
    else { return nil }
    let kind: Kind
    switch (size, exponentSize, H5Tget_ebias(type)) {
    case (2, 5, 15): kind = .half
    case (2, 8, 127): kind = .bfloat16
    case (4, 8, 127): kind = .single
    case (8, 11, 1023): kind = .double
    default: return nil
    }
    self.init(kind: kind, size: size, isBigEndian: order == H5T_ORDER_BE)
  }
}
