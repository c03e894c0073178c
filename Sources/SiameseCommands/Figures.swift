import Foundation
import SiameseKit

/// `0.0375` as `3.75 %`.
func percent(_ share: Double, digits: Int = 2) -> String { String(format: "%.\(digits)f %%", share * 100) }

/// An interval of shares: ` (1.20 … 3.40 %)`, or nothing.
func percent(_ interval: ConfidenceInterval?) -> String {
  interval.map {
    String(format: " (%.2f … %.2f %%)", $0.low * 100, $0.high * 100).replacingOccurrences(of: "-", with: "−")
  } ?? ""
}

/// Lines of two columns, the second lined up.
func table(_ rows: [(String, String)]) -> String {
  let width = rows.map(\.0.count).max() ?? 0
  return rows.map { $0.0.padding(toLength: width + 2, withPad: " ", startingAt: 0) + $0.1 }.joined(separator: "\n")
}

/// A count with thin groups of three: `78 000`.
func grouped(_ count: Int) -> String {
  let digits = String(count)
  guard digits.count > 4 else { return digits }
  return String(
    digits.reversed().enumerated().flatMap { $0 > 0 && $0 % 3 == 0 ? [" ", $1] : [$1] }.reversed())
}
