internal import Glibc
internal import ProcessTreeBase

/// One look at a socket: whether it accepts a connection, and what an HTTP server replies on it.
///
/// It blocks its thread, for its timeout at most: a thread of the node's own, never the loop's.
struct SocketProbe {
  /// Why a probe failed.
  struct Failure: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }

    init(errno: Int32) { reason = String(cString: strerror(errno)) }
  }

  private let deadline: SuspendingClock.Instant

  init(within time: Duration) { deadline = .now.after(max(time, .zero)) }

  /// Connects to a TCP port; each address of the host is tried.
  func connect(to host: String, port: Int) throws(Failure) -> Descriptor {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, "\(port)", &hints, &found)
    guard status == 0 else { throw Failure(String(cString: gai_strerror(status))) }
    defer { freeaddrinfo(found) }
    var failure = Failure("the host has no address")
    var next = found
    while let address = next?.pointee {
      next = address.ai_next
      do throws(Failure) {
        return try connect(address.ai_family) {
          Glibc.connect($0, address.ai_addr, address.ai_addrlen)
        }
      } catch {
        failure = error
      }
    }
    throw failure
  }

  /// Connects to a Unix socket.
  func connect(to path: String) throws(Failure) -> Descriptor {
    try connect(AF_UNIX) { descriptor in
      UnixAddress.with(path) { Glibc.connect(descriptor, $0, $1) }
    }
  }

  private func connect(
    _ family: Int32, _ connect: (Int32) -> Int32
  ) throws(Failure) -> Descriptor {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let made = Glibc.socket(family, type | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard let socket = Descriptor(owning: made) else { throw Failure(errno: errno) }
    guard connect(socket.number) != 0 else { return socket }
    // A Unix socket whose queue is full fails with EAGAIN, and is alive.
    guard errno == EINPROGRESS else { throw Failure(errno: errno) }
    try wait(for: Int16(POLLOUT), on: socket.number)
    var error: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &error, &size)
    guard error == 0 else { throw Failure(errno: error) }
    return socket
  }

  private func wait(for events: Int16, on descriptor: Int32) throws(Failure) {
    var entry = pollfd(fd: descriptor, events: events, revents: 0)
    while true {
      let left = SuspendingClock.now.duration(to: deadline)
      let count = poll(&entry, 1, Int32(clamping: max(0, left.wholeMilliseconds)))
      if count > 0 { return }
      guard count < 0, errno == EINTR else { throw Failure("it did not answer in time") }
    }
  }

  // MARK: HTTP

  /// The longest first line of a reply that is read.
  private static let longestLine = 4_096

  /// Sends a request and returns the status of the reply.
  func status(ofGET path: String, host: String, over socket: Int32) throws(Failure) -> Int {
    let request =
      "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: process-tree\r\nConnection: close\r\n\r\n"
    var bytes = Array(request.utf8)
    while !bytes.isEmpty {
      try wait(for: Int16(POLLOUT), on: socket)
      let count = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
      guard count >= 0 else { throw Failure(errno: errno) }
      bytes.removeFirst(count)
    }
    var reply: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 512)
    while !reply.contains(UInt8(ascii: "\n")), reply.count < Self.longestLine {
      try wait(for: Int16(POLLIN), on: socket)
      let count = recv(socket, &chunk, chunk.count, 0)
      guard count >= 0 else { throw Failure(errno: errno) }
      guard count > 0 else { throw Failure("it closed the connection without a reply") }
      reply += chunk[..<count]
    }
    guard let status = Self.status(of: reply) else { throw Failure("its reply is not HTTP") }
    return status
  }

  /// The status in the first line of a reply: `HTTP/1.1 200 OK`.
  static func status(of reply: [UInt8]) -> Int? {
    let words = reply.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
      .split(separator: UInt8(ascii: " "))
    guard words.count >= 2, words[0].starts(with: "HTTP/".utf8), words[1].count == 3 else {
      return nil
    }
    return Int(String(decoding: words[1], as: UTF8.self))
  }
}
