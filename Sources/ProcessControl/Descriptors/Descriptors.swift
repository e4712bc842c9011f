import Glibc
package import ProcessTreeBase
import ProcessTreeCProcessShims

/// Makes descriptors, which are close-on-exec from the start, and uses lent ones.
package enum Descriptors {
  // Frozen, so that other modules can take it apart.
  @frozen @usableFromInline
  package struct Pair: ~Copyable, Sendable {
    /// The end to keep: the reading end of a pipe.
    package let first: Descriptor
    /// The end to give away: the writing end of a pipe.
    package let second: Descriptor

    fileprivate init(_ ends: [Int32]) {
      guard let first = Descriptor(owning: ends[0]), let second = Descriptor(owning: ends[1]) else {
        preconditionFailure("the call that made the pair has failed")
      }
      self.first = first
      self.second = second
    }
  }

  /// Makes a pipe: `first` reads, `second` writes.
  package static func makePipe() throws(ProcessControlError) -> Pair {
    var ends: [Int32] = [-1, -1]
    let error = pt_pipe(&ends)
    guard error == 0 else { throw .system("pipe2", error) }
    return Pair(ends)
  }

  package static func makeSocketPair() throws(ProcessControlError) -> Pair {
    var ends: [Int32] = [-1, -1]
    let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, flags, 0, &ends) == 0 else { throw .last("socketpair") }
    return Pair(ends)
  }

  package static func openNull() throws(ProcessControlError) -> Descriptor {
    guard let device = Descriptor(owning: open("/dev/null", O_RDWR | O_CLOEXEC)) else {
      throw .last("open /dev/null")
    }
    return device
  }

  /// Makes reads and writes return at once.
  package static func setNonBlocking(_ descriptor: Int32) throws(ProcessControlError) {
    let flags = fcntl(descriptor, F_GETFL, 0)
    guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
      throw .last("fcntl")
    }
  }

  /// Gives a pipe room for more bytes than pipes have; without effect where the user has too many
  /// such.
  package static func widen(_ pipe: Int32, to byteCount: Int) {
    _ = fcntl(pipe, setPipeSize, Int32(clamping: byteCount))
  }

  /// `F_SETPIPE_SZ`, which Swift's module of the C library leaves out.
  private static let setPipeSize: Int32 = 1_024 + 7

  /// Closes a descriptor in programs that this process executes.
  package static func setCloseOnExec(_ descriptor: Int32) throws(ProcessControlError) {
    guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { throw .last("fcntl") }
  }
}
