import Foundation

/// A JSON value as Python writes it: `NaN` and `Infinity` are numbers too.
///
/// Configurations come from untrusted files, so the reader bounds nesting and never recurses deeper than `depthLimit`, and
/// its time grows with the length of the text alone. Foundation reads `NaN` and `Infinity` only through `JSONDecoder`,
/// which takes 15 times as long for a large configuration, and for nested lists the cube of their depth: a text of sixty
/// kilobytes would keep it busy for a minute.
package enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// The deepest nesting that is read; Keras' own files stay far below.
  package static let depthLimit = 200

  /// Reads one JSON text.
  /// - Throws: `JSONError` with the byte at which reading stopped.
  package init(parsing text: some Sequence<UInt8>) throws(JSONError) {
    var reader = JSONReader(bytes: Array(text))
    self = try reader.document()
  }

  package init(parsing text: String) throws(JSONError) { try self.init(parsing: text.utf8) }

  /// The member `key` of an object; `.null` where there is none.
  package subscript(key: String) -> JSON {
    if case .object(let members) = self { members[key] ?? .null } else { .null }
  }

  /// The element `index` of an array; `.null` where there is none.
  package subscript(index: Int) -> JSON {
    if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { .null }
  }

  package var isNull: Bool { self == .null }
  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
  package var object: [String: JSON]? { if case .object(let value) = self { value } else { nil } }
  package var double: Double? { if case .number(let value) = self { value } else { nil } }
  package var float: Float? { double.map { Float($0) } }

  /// A whole number; nil for fractions and what does not fit 32 bits.
  package var int: Int? {
    guard case .number(let value) = self, value == value.rounded(), abs(value) <= 2_147_483_647 else { return nil }
    return Int(value)
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .number(Double(value)) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
  }
  package init(nilLiteral: ()) { self = .null }
  package init(_ value: Int) { self = .number(Double(value)) }
  package init(_ values: [Int]) { self = .array(values.map { JSON($0) }) }
  /// The shortest decimal that reads back as the same `Float`, so that 0.2 stays 0.2.
  package init(_ value: Float) { self = .number(Double("\(value)") ?? Double(value)) }
}

extension JSON: CustomStringConvertible {
  /// The value as JSON text on one line, members sorted by name.
  package var description: String {
    var text = ""
    write(into: &text)
    return text
  }

  private func write(into text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let value):
      if value.isNaN {
        text += "NaN"
      } else if value.isInfinite {
        text += value < 0 ? "-Infinity" : "Infinity"
      } else if value == value.rounded(), abs(value) < 1e15 {
        text += String(Int(value))
      } else {
        text += "\(value)"
      }
    case .string(let value): Self.write(value, into: &text)
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += ", " }
        element.write(into: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, key) in members.keys.sorted().enumerated() {
        if index > 0 { text += ", " }
        Self.write(key, into: &text)
        text += ": "
        members[key]?.write(into: &text)
      }
      text += "}"
    }
  }

  private static func write(_ value: String, into text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

/// Where a text stopped being JSON.
package struct JSONError: Error, Equatable, CustomStringConvertible {
  package let byte: Int
  package let reason: String
  package var description: String { "\(reason) at byte \(byte)" }
}

/// A recursive-descent reader over the bytes of a JSON text.
private struct JSONReader {
  let bytes: [UInt8]
  var position = 0

  mutating func document() throws(JSONError) -> JSON {
    let result = try value(depth: 0)
    skipSpace()
    guard position == bytes.count || bytes[position] == 0 else { throw failure("unexpected text after the value") }
    return result
  }

  private func failure(_ reason: String) -> JSONError { JSONError(byte: position, reason: reason) }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func take(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    for index in 0..<count where bytes[position + index] != word.utf8Start[index] { return false }
    position += count
    return true
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSON {
    guard depth <= JSON.depthLimit else { throw failure("nesting deeper than \(JSON.depthLimit)") }
    skipSpace()
    guard position < bytes.count else { throw failure("the text ends too early") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try text())
    default: break
    }
    if take("null") { return .null }
    if take("true") { return .bool(true) }
    if take("false") { return .bool(false) }
    if take("NaN") { return .number(.nan) }
    if take("Infinity") { return .number(.infinity) }
    if take("-Infinity") { return .number(-.infinity) }
    return try number()
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var members: [String: JSON] = [:]
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw failure("a name is missing") }
      let key = try text()
      skipSpace()
      guard take(":") else { throw failure("':' is missing") }
      members[key] = try value(depth: depth + 1)
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw failure("',' or '}' is missing") }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var elements: [JSON] = []
    skipSpace()
    if take("]") { return .array(elements) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(elements) }
      guard take(",") else { throw failure("',' or ']' is missing") }
    }
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = position
    while position < bytes.count, "+-.eE0123456789".utf8.contains(bytes[position]) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard !text.isEmpty, let number = Double(text) else {
      position = start
      throw failure("not a JSON value")
    }
    return .number(number)
  }

  private mutating func text() throws(JSONError) -> String {
    position += 1
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\") {
      position += 1
    }
    guard position < bytes.count else { throw failure("a string does not end") }
    if bytes[position] == UInt8(ascii: "\"") {
      position += 1
      return String(decoding: bytes[start..<position - 1], as: UTF8.self)
    }
    return try escapedText(from: start)
  }

  private mutating func escapedText(from start: Int) throws(JSONError) -> String {
    var units = Array(String(decoding: bytes[start..<position], as: UTF8.self).utf16)
    var plain = position
    while position < bytes.count {
      let byte = bytes[position]
      guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
        position += 1
        continue
      }
      units += Array(String(decoding: bytes[plain..<position], as: UTF8.self).utf16)
      position += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: units, as: UTF16.self) }
      guard position < bytes.count else { break }
      switch bytes[position] {
      case UInt8(ascii: "n"): units.append(10)
      case UInt8(ascii: "t"): units.append(9)
      case UInt8(ascii: "r"): units.append(13)
      case UInt8(ascii: "b"): units.append(8)
      case UInt8(ascii: "f"): units.append(12)
      case UInt8(ascii: "u"):
        guard position + 4 < bytes.count,
          let unit = UInt16(String(decoding: bytes[position + 1...position + 4], as: UTF8.self), radix: 16)
        else { throw failure("a \\u escape lacks four digits") }
        units.append(unit)
        position += 4
      default: units.append(UInt16(bytes[position]))
      }
      position += 1
      plain = position
    }
    throw failure("a string does not end")
  }
}
