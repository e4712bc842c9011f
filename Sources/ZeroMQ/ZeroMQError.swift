import Glibc
import ProcessTreeBase
import ProcessTreeCZeroMQ

/// The error of a call that libzmq or the system has refused.
public struct ZeroMQError: Error, Equatable, Sendable {
  /// The error number, from the C library or one of libzmq's own.
  public let errno: Int32

  /// The call that failed, such as `zmq_bind(ipc:///run/a)`.
  public let call: String

  /// Details that the error number does not contain.
  public let detail: String?

  /// Makes an error from an error number and the call that set it.
  public init(errno: Int32, call: String, detail: String? = nil) {
    self.errno = errno
    self.call = call
    self.detail = detail
  }

  /// Makes an error from the number that the last call on this thread has left.
  static func last(_ call: String) -> Self { Self(errno: cz_errno(), call: call) }
}

extension ZeroMQError: CustomStringConvertible {
  /// The call, the system's text for the error number, and the detail.
  public var description: String {
    let text = cz_strerror(errno).map { String(cString: $0) } ?? "unknown error"
    let head = "\(call): \(text) (errno \(errno))"
    return (detail ?? remedy).map { "\(head): \($0)" } ?? head
  }

  /// Advice for an error that has one remedy, whatever the call.
  ///
  /// Descriptors that were free a moment ago may have gone to a thread of libzmq.
  private var remedy: String? {
    errno == EMFILE
      ? "raise the limit on open files (ulimit -n), or keep fewer children and channels at a time"
      : nil
  }
}

extension ZeroMQError {
  /// The kind of failure, for comparing and catching: `catch ZeroMQError.Code.terminated`.
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The error number.
    public let rawValue: Int32

    /// Makes a code from an error number.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The socket has no room, or nothing to read; `try…` calls return false instead.
    public static let wouldBlock = Self(rawValue: EAGAIN)

    /// The time given to a blocking call is over.
    public static let timedOut = Self(rawValue: ETIMEDOUT)

    /// The context was shut down; the socket can only be closed.
    public static let terminated = Self(rawValue: ETERM)

    /// A mandatory router knows no peer of this routing id.
    public static let hostUnreachable = Self(rawValue: EHOSTUNREACH)

    /// Another socket listens at this endpoint already, or its file exists.
    public static let addressInUse = Self(rawValue: EADDRINUSE)

    /// An in-process endpoint that nobody has bound, or a path that does not exist.
    public static let notFound = Self(rawValue: ENOENT)

    /// A path does not fit into a unix socket address.
    public static let nameTooLong = Self(rawValue: ENAMETOOLONG)

    /// The socket was closed before the call.
    public static let closed = Self(rawValue: ENOTSOCK)

    /// The context or descriptors are used up.
    public static let tooManySockets = Self(rawValue: EMFILE)

    /// An argument or option has a value that is not allowed.
    public static let invalidArgument = Self(rawValue: EINVAL)

    /// The object belongs to the process that this one was forked from.
    public static let inherited = Self(rawValue: ESTALE)

    /// The process could not load libzmq.
    public static let libraryMissing = Self(rawValue: ELIBACC)

    /// Whether an error is a ``ZeroMQError`` of this code.
    public static func ~= (code: Self, error: any Error) -> Bool {
      (error as? ZeroMQError)?.code == code
    }
  }

  /// The kind of failure.
  public var code: Code { Code(rawValue: errno) }
}

extension ZeroMQError {
  /// Makes the error of an operation on something that a fork has inherited.
  static func inherited(_ call: String) -> Self {
    Self(errno: ESTALE, call: call, detail: "it belongs to the process that this was forked from")
  }

  /// Makes the error of a process that could not load libzmq.
  static func libraryMissing(because reason: String = lastReason) -> Self {
    // A library that is there, and for which descriptors or memory do not suffice, needs no advice.
    let isThere = ["Too many open files", "failed to map", "Cannot allocate"].contains {
      reason.has($0)
    }
    return Self(
      errno: ELIBACC, call: "dlopen",
      detail: isThere
        ? reason
        : "\(reason); install libzmq5 (Debian, Ubuntu), or zeromq, as other systems call it")
  }

  /// The dynamic linker's words.
  private static var lastReason: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
      guard let start = text.baseAddress else { return "" }
      cz_copy_failure(start, text.count)
      return String(cString: start)
    }
  }

  /// Makes an error of a call of the C library.
  static func system(_ call: String) -> Self { Self(errno: Glibc.errno, call: call) }
}
