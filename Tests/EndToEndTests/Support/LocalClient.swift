import Foundation

/// A client of a unix socket that knows no protocol.
final class LocalClient {
  private let descriptor: Int32

  /// - Parameter isPatient: Whether to wait for a place in the listener's queue.
  init?(_ path: String, isPatient: Bool = true) {
    descriptor = socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue) | (isPatient ? 0 : Int32(SOCK_NONBLOCK.rawValue)), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let status = withUnsafePointer(to: address) { place in
      place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard status == 0 else { return nil }
  }

  deinit { close(descriptor) }

  func write(_ bytes: [UInt8]) { _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

  func read() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1_024)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    return Array(bytes.prefix(max(0, count)))
  }
}
