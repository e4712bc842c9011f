internal import Glibc
internal import ProcessTreeBase

/// A socket in the run's directory, for other processes of the user.
enum LocalListener {
  /// Listens; the socket is removed with the directory.
  ///
  /// - Parameters:
  ///   - path: Where.
  ///   - backlog: How many connections may wait.
  static func make(at path: String, backlog: Int) throws(ProcessTreeError) -> Descriptor {
    let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let made = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | flags, 0)
    guard let descriptor = Descriptor(owning: made) else { throw failure("socket") }
    let number = descriptor.number
    // Others cannot enter the directory; this is the second lock.
    fchmod(number, 0o600)
    let status = UnixAddress.with(path) { Glibc.bind(number, $0, $1) }
    guard status == 0, chmod(path, 0o600) == 0 else { throw failure("bind") }
    guard listen(number, Int32(backlog)) == 0 else { throw failure("listen") }
    return descriptor
  }

  private static func failure(_ call: String) -> ProcessTreeError {
    ProcessTreeError(.systemCallFailed, "\(call): \(String(cString: strerror(errno)))")
  }
}
