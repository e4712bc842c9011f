import Glibc
package import ProcessTreeBase
import ProcessTreeCProcessShims

/// A connection that somebody made to a unix socket of this process, with the kernel's word on who.
package struct LocalConnection: ~Copyable {
  private let descriptor: Descriptor
  package let pid: Int32
  package let user: UInt32

  /// Gives the descriptor up to its next owner.
  package consuming func takeDescriptor() -> Descriptor { descriptor }

  /// Accepts the next connection; `nil` if none waits.
  package static func accept(at listener: Int32) throws(ProcessControlError) -> LocalConnection? {
    var (pid, user) = (Int32(0), UInt32(0))
    let accepted = pt_accept_local(listener, &pid, &user)
    guard let descriptor = Descriptor(owning: accepted) else {
      // One that has gone meanwhile is as none.
      guard ![EAGAIN, EINTR, ECONNABORTED].contains(-accepted) else { return nil }
      throw .system("accept4", -accepted)
    }
    return LocalConnection(descriptor: descriptor, pid: pid, user: user)
  }
}
