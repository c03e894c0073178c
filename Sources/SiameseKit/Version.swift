/// The version of this toolkit, as models record it and `--version` prints it.
public let toolVersion = "0.1.0"
