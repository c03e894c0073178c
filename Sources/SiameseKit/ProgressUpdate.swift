/// How far a long task has come.
public struct ProgressUpdate: Sendable, Equatable {
  /// What is being done, in two or three words: `embedding`, `fine-tuning`.
  public var phase: String
  /// Units finished so far.
  public var completed: Int
  /// Units in all, or nil where that is not known.
  public var total: Int?
  /// What a unit is, in the plural: `pictures`, `steps`.
  public var unit: String
  /// Figures worth watching, already in words: `loss 0.23, active 41 %`.
  public var detail: String

  /// An update; see the properties.
  public init(phase: String, completed: Int, total: Int? = nil, unit: String, detail: String = "") {
    self.phase = phase
    self.completed = completed
    self.total = total
    self.unit = unit
    self.detail = detail
  }
}

/// Hears how far a task has come; called from the thread that runs the task, often.
public typealias ProgressHandler = (ProgressUpdate) -> Void
