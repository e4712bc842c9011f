import Foundation
import ProcessTreeLinks
import ProcessTreeWire
import ProcessTreeZeroMQ
import Synchronization
import Testing

/// Peers that send what no node sends, or more than anybody takes.
@Suite(.timeLimit(.minutes(5))) struct StreamTests {
  private func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 4_096 } ?? 0
  }

  /// Writes parts of one message for as long as the other side reads; returns how many bytes went.
  private func sendEndlessParts(to path: String, _ proof: [UInt8]?) throws -> Int {
    let stranger = try RawPeer(path)
    defer { stranger.close() }
    if let proof { stranger.say([0, UInt8(proof.count)] + proof) }
    // A part of a message, of which more parts follow.
    let part: [UInt8] = [3] + [0, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 1, count: 65_536)
    var sent = 0
    while sent < 1 << 30, stranger.say(part) { sent += part.count }
    return sent
  }

  @Test func aMessageOfEndlessPartsIsCutAtItsFirst() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      bench.listener.expect(1, attempt: 1, name: "child")
      let before = residentBytes()
      let path = bench.path
      // Negative until the thread is through; ThreadSanitizer does not see into a mutex.
      let sent = Atomic(-1)
      let thread = Thread {
        let count = (try? self.sendEndlessParts(to: path, nil)) ?? .max
        sent.store(count, ordering: .releasing)
      }
      thread.start()
      try loop.turn { sent.load(ordering: .acquiring) >= 0 }
      // What the kernel holds of one connection.
      let count = sent.load(ordering: .acquiring)
      #expect(count < 8 << 20, "\(count)")
      #expect(residentBytes() - before < 32 << 20)
      try loop.turn { bench.refused.contains { $0.contains("no node sends") } }
    }
  }

  @Test func anAdmittedPeerThatSendsPartsIsBroken() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      bench.listener.expect(1, attempt: 1, name: "child")
      let peer = try RawPeer(bench.path)
      defer { peer.close() }
      let hello = hello(1).frame()
      peer.say([0, UInt8(hello.count)] + hello + [0, 1, 9])
      try loop.turn { bench.frames == [[9]] }
      peer.say([1, 1, 7, 0, 1, 8])
      try loop.turn { bench.broken == [1] }
      #expect(bench.frames == [[9]])
    }
  }

  @Test func whatNobodyTakesWaitsInTheKernel() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      bench.listener.expect(1, attempt: 1, name: "child")
      let peer = try RawPeer(bench.path)
      defer { peer.close() }
      let hello = hello(1).frame()
      peer.say([0, UInt8(hello.count)] + hello)
      try loop.turn { bench.admitted == [1] }
      let before = residentBytes()
      // The loop does not turn meanwhile.
      let part: [UInt8] = [2] + [0, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 1, count: 65_536)
      var sent = 0
      while sent < 1 << 28, peer.say(part, within: 1) { sent += part.count }
      #expect((8 << 20..<32 << 20).contains(sent), "\(sent)")
      #expect(residentBytes() - before < 64 << 20)
      // Nothing is lost: it goes on where it stopped.
      let whole = sent / part.count
      try loop.turn { bench.frames.count >= whole }
    }
  }

  @Test(.enabled("only root can be somebody else") { geteuid() == 0 })
  func aProcessOfAnotherUserIsNotLetIn() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      let directory = URL(filePath: bench.path).deletingLastPathComponent().path
      chmod(directory, 0o777)
      chmod(bench.path, 0o777)
      // Directories above may be closed to other users.
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = [
        "python3", "-c",
        """
        import os, socket, sys
        os.chdir(os.path.dirname(sys.argv[1]))
        os.setgid(65534); os.setuid(65534)
        s = socket.socket(socket.AF_UNIX); s.settimeout(30); s.connect(os.path.basename(sys.argv[1]))
        sys.exit(0 if s.recv(1) == b"" else 1)
        """, bench.path,
      ]
      try process.run()
      try loop.turn { !process.isRunning }
      #expect(process.terminationStatus == 0)
      try loop.turn { bench.refused.contains { $0.contains("other users") } }
    }
  }
}

/// A connection under nobody's control.
private struct RawPeer {
  /// The first bytes of a ZeroMQ peer without security.
  private static let greeting: [UInt8] =
    [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0] + Array("NULL".utf8)
    + [UInt8](repeating: 0, count: 48)
  /// Its command that ends the handshake.
  private static let ready: [UInt8] =
    [4, 28, 5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 6]
    + Array("DEALER".utf8)

  private let descriptor: Int32

  init(_ path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let status = withUnsafePointer(to: address) { place in
      place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(status == 0)
    say(Self.greeting)
    // libzmq hangs up on a peer that does not wait for its own greeting.
    var answer = [UInt8](repeating: 0, count: Self.greeting.count)
    try #require(recv(descriptor, &answer, answer.count, Int32(MSG_WAITALL)) == answer.count)
    say(Self.ready)
  }

  /// Sends all of it; false once the other side has hung up, or has read nothing for so many
  /// seconds.
  @discardableResult
  func say(_ words: [UInt8], within seconds: Int32 = 20) -> Bool {
    var rest = words[...]
    while !rest.isEmpty {
      var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard poll(&wait, 1, seconds * 1_000) == 1 else { return false }
      let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
      let count = Array(rest).withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  func close() { Glibc.close(descriptor) }
}
