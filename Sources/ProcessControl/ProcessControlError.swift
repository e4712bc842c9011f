import Glibc

/// An operating-system call that this module made has failed, or could not be made.
package struct ProcessControlError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of failure that callers tell apart.
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

    /// A call failed for a reason that has no code of its own; see `errno`.
    package static let systemCall = Code(kind: .systemCall)
    /// The fork server's socket is full; ask again when an answer has come.
    package static let wouldBlock = Code(kind: .wouldBlock)
    /// The fork server has ended; no child can be had from it any more.
    package static let forkServerLost = Code(kind: .forkServerLost)
    /// A fork server cannot be made: the process has more than one thread.
    package static let multithreaded = Code(kind: .multithreaded)
    /// A fork server cannot be made: this is not the main thread.
    package static let notOnMainThread = Code(kind: .notOnMainThread)
    /// The system does not let this process carry a run tag.
    package static let tagRefused = Code(kind: .tagRefused)
    /// No descriptor is free, in this process or in the system.
    package static let descriptorLimit = Code(kind: .descriptorLimit)
    /// No process can be made: a limit on processes or memory is reached.
    package static let processLimit = Code(kind: .processLimit)
    /// The process does not exist, has been reaped, or is not a child of this one.
    package static let noSuchProcess = Code(kind: .noSuchProcess)
    /// The parent that was named is not the parent: it has ended.
    package static let parentGone = Code(kind: .parentGone)
    /// An argument cannot be passed to the system.
    package static let invalidArgument = Code(kind: .invalidArgument)

    /// The code's name.
    package var description: String { kind.rawValue }
  }

  /// The kind of failure.
  package let code: Code
  /// The name of the call that failed.
  package let call: String
  /// The system's error number, 0 if the failure did not come from the system.
  package let errno: Int32
  /// What happened and what to do about it.
  package let message: String

  /// The failure in one line: call, reason, remedy.
  package var description: String { "\(call): \(message)" }

  init(_ code: Code, call: String, errno: Int32 = 0, _ advice: String) {
    self.code = code
    self.call = call
    self.errno = errno
    message = errno == 0 ? advice : "\(Self.text(of: errno)) (errno \(errno)); \(advice)"
  }

  /// The system's words for an error number.
  private static func text(of number: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      // The POSIX variant, which fills the buffer; the GNU one is not imported.
      guard let start = buffer.baseAddress, strerror_r(number, start, buffer.count) == 0 else {
        return "unknown error"
      }
      return String(cString: start)
    }
  }
}
