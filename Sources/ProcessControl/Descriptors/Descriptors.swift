import Glibc
import ProcessTreeCProcessShims

/// Operations on descriptors, which are close-on-exec from the start.
package enum Descriptors {
  package struct Pair: Hashable, Sendable {
    /// The end to keep: the reading end of a pipe.
    package var first: Int32
    /// The end to give away: the writing end of a pipe.
    package var second: Int32
  }

  package enum SocketKind: Hashable, Sendable {
    /// Separate messages, in order.
    case sequentialPackets
    case stream
  }

  /// Makes a pipe: `first` reads, `second` writes.
  package static func makePipe() throws(ProcessControlError) -> Pair {
    var ends: [Int32] = [-1, -1]
    let error = pt_pipe(&ends)
    guard error == 0 else { throw .system("pipe2", error) }
    return Pair(first: ends[0], second: ends[1])
  }

  package static func makeSocketPair(_ kind: SocketKind) throws(ProcessControlError) -> Pair {
    var ends: [Int32] = [-1, -1]
    let type = kind == .stream ? SOCK_STREAM : SOCK_SEQPACKET
    let flags = Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, flags, 0, &ends) == 0 else { throw .last("socketpair") }
    return Pair(first: ends[0], second: ends[1])
  }

  package static func openNull() throws(ProcessControlError) -> Int32 {
    let descriptor = open("/dev/null", O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw .last("open /dev/null") }
    return descriptor
  }

  /// Makes reads and writes return at once.
  package static func setNonBlocking(_ descriptor: Int32) throws(ProcessControlError) {
    let flags = fcntl(descriptor, F_GETFL, 0)
    guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
      throw .last("fcntl")
    }
  }

  /// Closes a descriptor in programs that this process executes.
  package static func setCloseOnExec(_ descriptor: Int32) throws(ProcessControlError) {
    guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { throw .last("fcntl") }
  }

  /// Closes a descriptor; a negative number is ignored.
  package static func close(_ descriptor: Int32) {
    guard descriptor >= 0 else { return }
    // Do not repeat it after EINTR: on Linux the number is free then, and may be another thread's.
    _ = Glibc.close(descriptor)
  }
}
