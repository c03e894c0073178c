import CSiameseOneDNN

/// What oneDNN refused, and why.
package struct OneDNNError: Error, Equatable, CustomStringConvertible {
  /// What was asked for, in words that fit after "oneDNN refused".
  package let request: String
  /// oneDNN's `dnnl_status_t`.
  package let status: UInt32

  /// That the processor's instructions cannot be used as asked.
  static func instructions(_ request: String, _ reason: String) -> OneDNNError {
    OneDNNError(request: "\(request) cannot be used: \(reason)", status: dnnl_runtime_error.rawValue)
  }

  /// That oneDNN has no code for what was asked.
  package static func unimplemented(_ request: String) -> OneDNNError {
    OneDNNError(request: request, status: dnnl_unimplemented.rawValue)
  }

  /// A sentence that names the request and the reason.
  package var description: String {
    if dnnl_status_t(rawValue: status) == dnnl_runtime_error { return request }
    let reason =
      switch dnnl_status_t(rawValue: status) {
      case dnnl_out_of_memory: "out of memory"
      case dnnl_invalid_arguments: "the arguments do not fit together"
      case dnnl_unimplemented: "it has no implementation for these shapes and types on this processor"
      default: "status \(status)"
      }
    return "oneDNN refused \(request): \(reason)"
  }
}

/// Throws where a call into oneDNN did not succeed.
func check(_ status: dnnl_status_t, _ request: @autoclosure () -> String) throws(OneDNNError) {
  guard status != dnnl_success else { return }
  throw OneDNNError(request: request(), status: status.rawValue)
}

/// The processor, as oneDNN sees it: one for the whole process, safe from every thread.
struct Engine: @unchecked Sendable {
  let handle: dnnl_engine_t

  static let processor = Result {
    var handle: dnnl_engine_t?
    try check(dnnl_engine_create(&handle, dnnl_cpu, 0), "an engine")
    return Engine(handle: handle!)
  }

  /// The processor's engine.
  static var shared: Engine { get throws { try processor.get() } }
}

/// An order of execution. Commands on the processor run on the calling thread and its OpenMP pool, one after another.
package final class ExecutionStream: @unchecked Sendable {
  let handle: dnnl_stream_t

  /// A stream on the processor.
  ///
  /// - Throws: `OneDNNError` where oneDNN refuses.
  package init() throws {
    var made: dnnl_stream_t?
    try check(dnnl_stream_create(&made, try Engine.shared.handle, dnnl_stream_default_flags.rawValue), "a stream")
    handle = made!
  }

  deinit { dnnl_stream_destroy(handle) }
}
