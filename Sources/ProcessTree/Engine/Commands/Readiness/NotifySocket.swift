internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The socket at which a command reports how it is; its file is removed with this object.
///
/// Belongs to the loop.
final class NotifySocket {
  /// Messages of systemd's protocol are shorter; the rest of a longer one is cut off.
  private static let longestMessage = 4_096
  /// The most messages before others have their turn.
  private static let messagesPerTurn = 64

  let path: String
  private let socket: WatchedDescriptor

  /// Makes the socket; only processes that may enter the run's directory reach it.
  init(
    at path: String, on loop: EventLoop, receive: @escaping (NotifyMessage) -> Void
  ) throws {
    self.path = path
    // A node with this pid may have died and left its socket.
    unlink(path)
    let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let made = Glibc.socket(AF_UNIX, type | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard let descriptor = Descriptor(owning: made) else {
      throw Self.failure("socket")
    }
    let number = descriptor.number
    fchmod(number, 0o600)
    let status = UnixAddress.with(path) { Glibc.bind(number, $0, $1) }
    guard status == 0 else { throw Self.failure("bind") }
    socket = WatchedDescriptor(descriptor, on: loop)
    try socket.watch(for: .read) {
      for _ in 0..<Self.messagesPerTurn {
        var bytes = [UInt8](repeating: 0, count: Self.longestMessage)
        let length = recv(number, &bytes, bytes.count, 0)
        guard length >= 0 else { return }
        receive(NotifyMessage(Array(bytes[..<length])))
      }
    }
  }

  private static func failure(_ call: String) -> CommandError {
    CommandError(
      .systemCallFailed,
      "The command's notify socket cannot be made: \(call): \(String(cString: strerror(errno))).")
  }

  deinit { unlink(path) }
}

/// The address of a Unix socket.
enum UnixAddress {
  /// Calls `body` with the address; -1 with `ENAMETOOLONG` for a path that does not fit it.
  static func with(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      errno = ENAMETOOLONG
      return -1
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return withUnsafePointer(to: address) { place in
      place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
