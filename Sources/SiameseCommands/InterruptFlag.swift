import Dispatch
import Foundation

/// Whether Ctrl-C was pressed: long runs finish the step, save and end.
final class InterruptFlag: @unchecked Sendable {
  private let lock = NSLock()
  private var pressed = false
  private let source: any DispatchSourceSignal

  init() {
    signal(SIGINT, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGINT, queue: DispatchQueue(label: "interrupt"))
    source.setEventHandler { [weak self] in
      self?.lock.withLock { self?.pressed = true }
      // A second Ctrl-C ends at once.
      signal(SIGINT, SIG_DFL)
    }
    source.resume()
  }

  var isSet: Bool { lock.withLock { pressed } }
}
