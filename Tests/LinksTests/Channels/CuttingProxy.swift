import Foundation
import Glibc
import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import Synchronization

/// A unix socket that forwards bytes to another, on a thread of its own, and cuts its connections
/// in the middle of what they carry, at moments that follow from a seed.
final class CuttingProxy: Sendable {
  private struct State {
    var random: SeededGenerator
    var cuts = 0
    var isCutting = true
  }

  /// Both ends of a connection, and the bytes until it is cut.
  private final class Pair {
    let near: Int32
    let far: Int32
    var left: Int

    init(near: Int32, far: Int32, left: Int) {
      self.near = near
      self.far = far
      self.left = left
    }

    func close() {
      Glibc.close(near)
      Glibc.close(far)
    }
  }

  private let listening: Int32
  private let target: String
  private let state: Mutex<State>
  private let isStopped = Atomic<Bool>(false)
  private let isToCut = Atomic<Bool>(false)

  /// Forwards what comes to `path` to the socket at `target`.
  init(at path: String, to target: String, _ random: SeededGenerator) throws {
    self.target = target
    state = Mutex(State(random: random))
    listening = try Self.socket(at: path) { bind($0, $1, $2) }
    listen(listening, 64)
    Thread { [self] in run() }.start()
  }

  /// Connections that were cut so far.
  var cuts: Int { state.withLock(\.cuts) }

  /// Lets the connections live from now on.
  func stopCutting() { state.withLock { $0.isCutting = false } }

  /// Cuts the connections that there are, soon.
  func cutAll() { isToCut.store(true, ordering: .releasing) }

  /// Ends the thread and closes everything.
  func stop() { isStopped.store(true, ordering: .releasing) }

  private static func socket(
    at path: String, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) throws -> Int32 {
    let descriptor = Glibc.socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let status = withUnsafePointer(to: address) { place in
      place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard status == 0 else {
      Glibc.close(descriptor)
      throw Wrong("\(path): \(errno)")
    }
    return descriptor
  }

  // MARK: The thread

  private func run() {
    var pairs: [Pair] = []
    var buffer = [UInt8](repeating: 0, count: 32 << 10)
    while !isStopped.load(ordering: .acquiring) {
      var polled = [pollfd(fd: listening, events: Int16(POLLIN), revents: 0)]
      for pair in pairs {
        polled.append(pollfd(fd: pair.near, events: Int16(POLLIN), revents: 0))
        polled.append(pollfd(fd: pair.far, events: Int16(POLLIN), revents: 0))
      }
      let count = poll(&polled, nfds_t(polled.count), 20)
      if !pairs.isEmpty, isToCut.exchange(false, ordering: .acquiring) {
        for pair in pairs { pair.close() }
        pairs = []
        state.withLock { $0.cuts += 1 }
        continue
      }
      guard count > 0 else { continue }
      var ended: Set<Int> = []
      for (index, pair) in pairs.enumerated() {
        for (from, to, events) in [
          (pair.near, pair.far, polled[1 + 2 * index].revents),
          (pair.far, pair.near, polled[2 + 2 * index].revents),
        ] where events != 0 && !ended.contains(index) {
          if !forward(pair, from, to, &buffer) { ended.insert(index) }
        }
      }
      for index in ended { pairs[index].close() }
      pairs = pairs.enumerated().filter { !ended.contains($0.offset) }.map(\.element)
      if polled[0].revents != 0, let pair = accept() { pairs.append(pair) }
    }
    for pair in pairs { pair.close() }
    close(listening)
  }

  private func accept() -> Pair? {
    let near = Glibc.accept(listening, nil, nil)
    guard near >= 0 else { return nil }
    guard let far = try? Self.socket(at: target, { connect($0, $1, $2) }) else {
      close(near)
      return nil
    }
    // Some end in the handshake, most in the middle of frames.
    let left = state.withLock { state in
      state.random.int(0...4) == 0 ? state.random.int(0...400) : state.random.int(0...60_000)
    }
    return Pair(near: near, far: far, left: left)
  }

  /// Forwards what has come; false when the connection has ended, or is to be cut.
  private func forward(_ pair: Pair, _ from: Int32, _ to: Int32, _ buffer: inout [UInt8]) -> Bool {
    let isCutting = state.withLock(\.isCutting)
    let room = isCutting ? min(buffer.count, pair.left) : buffer.count
    guard room > 0 else {
      // Both ends may read what has come: a connection that breaks loses what nobody has read, and
      // one that always breaks before that carries nothing.
      let pause = state.withLock { state in
        state.cuts += 1
        return Double(state.random.int(0...3_000)) * TestSettings.timeScale
      }
      usleep(UInt32(pause))
      return false
    }
    let count = recv(from, &buffer, room, Int32(MSG_DONTWAIT))
    guard count > 0 else { return count < 0 && errno == EAGAIN }
    pair.left -= count
    var sent = 0
    while sent < count {
      let more = buffer.withUnsafeBytes {
        send(to, $0.baseAddress.map { $0 + sent }, count - sent, Int32(MSG_NOSIGNAL))
      }
      guard more > 0 else { return false }
      sent += more
    }
    return true
  }
}
