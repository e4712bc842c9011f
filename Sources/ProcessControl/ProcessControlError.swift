import Glibc

/// A failure of an operating-system call of this module.
package struct ProcessControlError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of failure that callers distinguish.
  package struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Kind: String {
      case systemCall
      case wouldBlock
      case forkServerLost
      case multithreaded
      case notOnMainThread
      case tagRefused
      case descriptorLimit
      case processLimit
      case noSuchProcess
      case parentGone
      case invalidArgument
    }

    private let kind: Kind

    /// A call failed for a reason without its own code; see `errno`.
    package static let systemCall = Code(kind: .systemCall)
    /// The fork server's socket is full; request again after the next reply.
    package static let wouldBlock = Code(kind: .wouldBlock)
    /// The fork server has ended, and makes no more children.
    package static let forkServerLost = Code(kind: .forkServerLost)
    /// A fork server cannot be made because the process has more than one thread.
    package static let multithreaded = Code(kind: .multithreaded)
    /// A fork server cannot be made because this is not the main thread.
    package static let notOnMainThread = Code(kind: .notOnMainThread)
    /// The system does not let this process set a run tag.
    package static let tagRefused = Code(kind: .tagRefused)
    /// No descriptor is free, in this process or in the system.
    package static let descriptorLimit = Code(kind: .descriptorLimit)
    /// No process can be made because a limit on processes or memory is reached.
    package static let processLimit = Code(kind: .processLimit)
    /// The process does not exist, has been reaped, or is not a child of this one.
    package static let noSuchProcess = Code(kind: .noSuchProcess)
    /// The given process is no longer the parent, because it has ended.
    package static let parentGone = Code(kind: .parentGone)
    /// An argument cannot be passed to the system.
    package static let invalidArgument = Code(kind: .invalidArgument)

    package var description: String { kind.rawValue }
  }

  package let code: Code
  package let call: String
  /// The system's error number; 0 if the failure is not the system's.
  package let errno: Int32
  package let message: String

  package var description: String { "\(call): \(message)" }

  init(_ code: Code, call: String, errno: Int32 = 0, _ advice: String) {
    self.code = code
    self.call = call
    self.errno = errno
    message = errno == 0 ? advice : "\(Self.text(of: errno)) (errno \(errno)); \(advice)"
  }

  private static func text(of number: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      // This is the POSIX variant, which fills the buffer; the GNU one is not imported.
      guard let start = buffer.baseAddress, strerror_r(number, start, buffer.count) == 0 else {
        return "unknown error"
      }
      return String(cString: start)
    }
  }
}

extension ProcessControlError {
  /// The error for a failed call, with the remedy that fits its number.
  package static func system(
    _ call: String, _ number: Int32, _ advice: String? = nil
  ) -> ProcessControlError {
    switch number {
    case EMFILE:
      ProcessControlError(
        .descriptorLimit, call: call, errno: number,
        advice ?? "raise the limit on open files (ulimit -n) or keep fewer children at a time")
    case ENFILE:
      ProcessControlError(
        .descriptorLimit, call: call, errno: number,
        advice ?? "the system's table of open files is full; raise fs.file-max")
    case ENOMEM:
      ProcessControlError(
        .processLimit, call: call, errno: number, advice ?? "keep fewer children at a time")
    case ESRCH, ECHILD:
      ProcessControlError(
        .noSuchProcess, call: call, errno: number,
        advice ?? "the process has ended and was reaped, or is not a child of this one")
    case EINVAL:
      ProcessControlError(
        .invalidArgument, call: call, errno: number, advice ?? "check the arguments of the call")
    default:
      ProcessControlError(
        .systemCall, call: call, errno: number, advice ?? "see the manual page of the call")
    }
  }

  static func last(_ call: String) -> ProcessControlError { system(call, Glibc.errno) }
}
