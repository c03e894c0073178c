import Foundation

/// A JSON value as Python writes it: `NaN` and `Infinity` are numbers too.
///
/// Configurations come from untrusted files, so the reader bounds nesting and never recurses deeper than
/// `depthLimit`, and its time grows with the length of the text alone. Foundation reads `NaN` and `Infinity` only
/// through `JSONDecoder`, which takes 15 times as long for a large configuration, and for nested lists the cube of
/// their depth: a text of sixty kilobytes would keep it busy for a minute.
enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// The deepest nesting that is read; Keras' own files stay far below.
  static let depthLimit = 200

  /// Reads one JSON text.
  /// - Throws: `JSONError` with the byte at which reading stopped.
  init(parsing text: some Sequence<UInt8>) throws(JSONError) {
    var reader = JSONReader(bytes: Array(text))
    self = try reader.document()
  }

  init(parsing text: String) throws(JSONError) { try self.init(parsing: text.utf8) }

  /// The member `key` of an object; `.null` where there is none.
  subscript(key: String) -> JSON {
    if case .object(let members) = self { members[key] ?? .null } else { .null }
  }

  /// The element `index` of an array; `.null` where there is none.
  subscript(index: Int) -> JSON {
    if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { .null }
  }

  var isNull: Bool { self == .null }
  var string: String? { if case .string(let value) = self { value } else { nil } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
  var object: [String: JSON]? { if case .object(let value) = self { value } else { nil } }
  var double: Double? { if case .number(let value) = self { value } else { nil } }
  var float: Float? { double.map { Float($0) } }

  /// A whole number; nil for fractions and what does not fit 32 bits.
  var int: Int? {
    guard case .number(let value) = self, value == value.rounded(), abs(value) <= 2_147_483_647 else { return nil }
    return Int(value)
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  init(stringLiteral value: String) { self = .string(value) }
  init(integerLiteral value: Int) { self = .number(Double(value)) }
  init(floatLiteral value: Double) { self = .number(value) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(arrayLiteral elements: JSON...) { self = .array(elements) }
  init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
  }
  init(nilLiteral: ()) { self = .null }
  init(_ value: Int) { self = .number(Double(value)) }
  init(_ values: [Int]) { self = .array(values.map { JSON($0) }) }
  /// The shortest decimal that reads back as the same `Float`, so that 0.2 stays 0.2.
  init(_ value: Float) { self = .number(Double("\(value)") ?? Double(value)) }
}

extension JSON: CustomStringConvertible {
  /// The value as JSON text on one line, members sorted by name.
  var description: String {
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
