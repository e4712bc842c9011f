import Foundation

/// A unix-domain connection without ZeroMQ, for bytes that ZeroMQ would never send.
struct RawConnection {
  struct Failure: Error { let number = errno }

  let descriptor: Int32

  init(path: String) throws {
    descriptor = socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure() }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let status = withUnsafePointer(to: address) { place in
      place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard status == 0 else {
      let failure = Failure()
      close()
      throw failure
    }
  }

  /// Sends what the peer takes; a peer that hangs up is not an error here.
  func send(_ bytes: [UInt8]) {
    _ = bytes.withUnsafeBytes {
      Glibc.send(
        descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }
  }

  /// Introduces itself as a DEALER and waits until the peer has done so, after which both send
  /// messages; a peer that hangs up is not an error here.
  func shakeHands() {
    send(Self.greeting + Self.ready)
    var patience = timeval(tv_sec: 5, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    // The peer's greeting, then a command of which the second byte is the length.
    var received: [UInt8] = []
    while received.count < 66 || received.count < 66 + Int(received[65]) {
      var buffer = [UInt8](repeating: 0, count: 256)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count <= 0 { return }
      received += buffer.prefix(count)
    }
  }

  /// The first bytes of a ZeroMQ 3 peer: signature, version, the NULL mechanism.
  static let greeting: [UInt8] =
    [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0] + Array("NULL".utf8)
    + [UInt8](repeating: 0, count: 16 + 32)

  /// The command that ends a NULL handshake, from a DEALER.
  static let ready: [UInt8] = {
    let body = [5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8)
    let value = [0, 0, 0, 6] + Array("DEALER".utf8)
    return [4, UInt8(body.count + value.count)] + body + value
  }()

  func close() { Glibc.close(descriptor) }
}
