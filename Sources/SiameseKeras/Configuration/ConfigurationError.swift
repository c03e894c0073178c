/// What is wrong with a configuration, in words that fit after "cannot be read: ".
struct ConfigurationError: Error, Equatable {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}
