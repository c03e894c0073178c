import Foundation
import SiameseKit

/// Shows how far a task has come, on standard error: a bar with rate and time left on a terminal, a line when a phase
/// ends otherwise.
final class ProgressBar {
  private let isTerminal = isatty(STDERR_FILENO) != 0
  private var phase = ""
  private var unit = ""
  private var start = Date()
  private var lastDrawn = Date.distantPast
  private var last: ProgressUpdate?

  func update(_ update: ProgressUpdate) {
    if update.phase != phase {
      finish()
      phase = update.phase
      unit = update.unit
      start = Date()
    }
    last = update
    guard isTerminal, Date().timeIntervalSince(lastDrawn) > 0.1 || update.completed == update.total else { return }
    lastDrawn = Date()
    write("\r\u{1B}[2K" + line(update))
  }

  /// Ends the phase: its last state stays on a line of its own.
  func finish() {
    guard let update = last else { return }
    let seconds = Date().timeIntervalSince(start)
    let count =
      update.total == nil || update.completed == update.total
      ? "\(update.completed)" : "\(update.completed) of \(update.total!)"
    let detail = update.detail.isEmpty ? "" : ", \(update.detail)"
    write((isTerminal ? "\r\u{1B}[2K" : "") + "\(phase): \(count) \(unit) in \(duration(seconds))\(detail)\n")
    last = nil
    phase = ""
  }

  private func line(_ update: ProgressUpdate) -> String {
    let seconds = Date().timeIntervalSince(start)
    let rate = Double(update.completed) / max(seconds, 1e-3)
    let rateText =
      update.completed > 0 ? ", \(rate >= 10 ? String(Int(rate)) : String(format: "%.1f", rate)) \(unit)/s" : ""
    let detail = update.detail.isEmpty ? "" : ", \(update.detail)"
    guard let total = update.total, total > 0 else { return "\(phase) \(update.completed) \(unit)\(rateText)\(detail)" }
    let width = 24
    let filled = min(width, update.completed * width / total)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    let left = update.completed > 0 ? ", \(duration(Double(total - update.completed) / rate)) left" : ""
    return "\(phase) \(bar) \(update.completed)/\(total)\(rateText)\(left)\(detail)"
  }

  private func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<10: String(format: "%.1f s", seconds)
    case ..<120: "\(Int(seconds)) s"
    case ..<7200: "\(Int(seconds / 60)) min"
    default: String(format: "%.1f h", seconds / 3600)
    }
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
