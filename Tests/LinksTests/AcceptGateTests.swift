import Foundation
import ProcessTreeLinks
import ProcessTreeWire
import Testing

/// Peers that connect and then send nothing.
@Suite(.timeLimit(.minutes(5))) struct AcceptGateTests {
  /// The first bytes of a ZeroMQ peer without security, and its command that ends the handshake.
  private static let handshake: [UInt8] =
    [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0] + Array("NULL".utf8)
    + [UInt8](repeating: 0, count: 48) + [4, 28, 5] + Array("READY".utf8) + [11]
    + Array("Socket-Type".utf8) + [0, 0, 0, 6] + Array("DEALER".utf8)

  /// A connection that sends this and nothing more.
  private func connect(to path: String, saying words: [UInt8]) throws -> Int32 {
    let descriptor = socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let status = withUnsafePointer(to: address) { place in
      place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(status == 0)
    _ = send(descriptor, words, words.count, Int32(MSG_NOSIGNAL))
    return descriptor
  }

  /// Whether the other side has hung up; its bytes are read.
  private func isCut(_ descriptor: Int32) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 256)
    var count = 1
    while count > 0 { count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT)) }
    return count == 0 || errno == ECONNRESET
  }

  @Test func whoSaysNothingIsCutOffAndAnAdmittedPeerStays() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      bench.listener.expect(1, attempt: 1, name: "child")
      let child = try bench.connect(hello(1))
      try loop.turn { bench.admitted == [1] }
      let strangers = try (0..<20).map { number in
        try connect(to: bench.path, saying: number % 2 == 0 ? Self.handshake : [])
      }
      defer { for stranger in strangers { close(stranger) } }
      try loop.turn { strangers.allSatisfy(isCut) }
      #expect(bench.refused.contains { $0.contains("prove") }, "\(bench.refused)")
      child.connector.send([7])
      try loop.turn { bench.frames == [[7]] }
      #expect(bench.admitted == [1])
    }
  }

  @Test func aListenerThatWasHeldUpReadsWhatWaits() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      bench.listener.expect(1, attempt: 1, name: "child")
      let late = try connect(to: bench.path, saying: Array(Self.handshake.prefix(64)))
      defer { close(late) }
      // No look of the gate's counts meanwhile.
      usleep(2_300_000)
      let frame = hello(1).frame()
      let words = Self.handshake.dropFirst(64) + [0, UInt8(frame.count)] + frame
      #expect(send(late, Array(words), words.count, Int32(MSG_NOSIGNAL)) == words.count)
      try loop.turn { bench.admitted == [1] }
    }
  }

  @Test func whoIsRefusedIsCutOffToo() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      let stranger = try connect(
        to: bench.path, saying: Self.handshake + [0, 5] + Array("hello".utf8))
      defer { close(stranger) }
      try loop.turn { isCut(stranger) }
    }
  }
}
