import Glibc
package import ProcessTreeBase

/// Unix sockets that listen, made by us to be handed to ``SocketOption/useFileDescriptor(_:)``.
///
/// A file that libzmq makes follows the umask, is never removed, and is stolen by a second bind of
/// the same path. This one belongs to its user alone from its first moment, an existing file is an
/// error, and removing it is the caller's duty.
public enum ListeningSocket {
  /// Makes a socket file of mode 0600 and listens at it.
  ///
  /// - Parameters:
  ///   - path: Where the file is made; it must not exist.
  ///   - backlog: How many connections may wait to be accepted.
  /// - Returns: A close-on-exec, non-blocking descriptor, to be released once a socket has taken it
  ///   over by binding.
  package static func make(path: String, backlog: Int32) throws(ZeroMQError) -> Descriptor {
    try Endpoint.ipc(path: path).validate(for: "bind")
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let made = Glibc.socket(AF_UNIX, type | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard let socket = Descriptor(owning: made) else { throw ZeroMQError.system("socket") }
    try bind(socket.number, to: path)
    do throws(ZeroMQError) {
      // The umask can only have taken permissions away; the owner needs both.
      guard chmod(path, 0o600) == 0 else { throw ZeroMQError.system("chmod(\(path))") }
      guard listen(socket.number, backlog) == 0 else { throw ZeroMQError.system("listen(\(path))") }
    } catch {
      unlink(path)
      throw error
    }
    return socket
  }

  private static func bind(_ descriptor: Int32, to path: String) throws(ZeroMQError) {
    // Linux gives the file the mode of the unbound socket: there is no moment at which it is open
    // to others.
    guard fchmod(descriptor, 0o600) == 0 else { throw ZeroMQError.system("fchmod") }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let status = withUnsafePointer(to: address) { place in
      place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(descriptor, $0, size)
      }
    }
    guard status == 0 else { throw ZeroMQError.system("bind(\(path))") }
  }

  /// Removes a socket file; does nothing when there is none, and leaves other files alone.
  public static func remove(path: String) {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
    unlink(path)
  }
}
