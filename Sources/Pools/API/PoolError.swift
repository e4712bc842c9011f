public import ProcessTree

/// A call of a pool that cannot be carried out, whatever its inputs are.
public struct PoolError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// What kind of error it is.
  public struct Code: Hashable, Sendable, Codable, CustomStringConvertible {
    private enum Kind: String, Codable {
      case invalidSize, invalidOption, initializerFailed, workersCannotStart, workNotUsable,
        shutDown
    }

    private let kind: Kind

    /// A pool has at least one worker.
    public static let invalidSize = Self(kind: .invalidSize)
    /// An option is outside its range.
    public static let invalidOption = Self(kind: .invalidOption)
    /// The pool's initializer failed in a worker; `PoolError/failure` is its error.
    public static let initializerFailed = Self(kind: .initializerFailed)
    /// Workers repeatedly end before they are ready; `PoolError/report` is the end of the last one.
    public static let workersCannotStart = Self(kind: .workersCannotStart)
    /// No worker can be made for this work; its type may be private.
    public static let workNotUsable = Self(kind: .workNotUsable)
    /// The pool was shut down before this call was complete, or its scope has ended.
    public static let shutDown = Self(kind: .shutDown)

    /// The code's name.
    public var description: String { kind.rawValue }
  }

  /// What kind of error it is.
  public let code: Code
  /// What happened, and what to do about it.
  public let message: String
  /// The error of an initializer.
  public let failure: RemoteFailure?
  /// The end of the last worker that did not start.
  public let report: ExitReport?

  /// Makes an error, for tests of code that handles one.
  public init(
    _ code: Code, _ message: String, failure: RemoteFailure? = nil, report: ExitReport? = nil
  ) {
    self.code = code
    self.message = message
    self.failure = failure
    self.report = report
  }

  /// The message.
  public var description: String { message }
}

extension PoolError {
  static func invalidSize(_ size: Int) -> Self {
    Self(.invalidSize, "A pool has at least one worker, not \(size).")
  }

  static func initializerFailed(_ failure: RemoteFailure) -> Self {
    Self(.initializerFailed, "The pool's initializer failed: \(failure)", failure: failure)
  }

  static func workersCannotStart(_ report: ExitReport?, _ times: String) -> Self {
    Self(
      .workersCannotStart,
      "The pool's workers ended before they were ready\(times)"
        + (report.map { "; the last one: \($0)" } ?? "."), report: report)
  }

  static func workNotUsable(_ text: String) -> Self {
    Self(.workNotUsable, "No worker can be made for this work: \(text)")
  }

  static let shutDown = Self(.shutDown, "The pool was shut down before the call was complete.")
}
