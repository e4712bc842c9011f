import Foundation
import ProcessTreeBase
import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import ProcessTreeZeroMQ
import Testing

@Suite(.timeLimit(.minutes(TestSettings.minutes(30)))) struct SocketFuzzTests {
  /// Sends bytes that turn into nonsense at some point.
  private func attack(_ connection: RawConnection, _ generator: inout SeededGenerator) {
    let noise = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
      UInt8.random(in: 0...255, using: &generator)
    }
    let introduction = RawConnection.greeting + RawConnection.ready
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: connection.send(noise)
    case 1: connection.send(RawConnection.greeting + noise)
    case 2:
      connection.shakeHands()
      connection.send(noise)
    case 3:
      connection.shakeHands()
      connection.send(damaged([0, 3, 1, 2, 3, 1, 2, 4, 5, 0, 1, 6], &generator))
    case 4: connection.send(damaged(introduction, &generator))
    default:
      let size = Int.random(in: 0...introduction.count, using: &generator)
      connection.send(Array(introduction.prefix(size)))
    }
  }

  /// The bytes with some of their bits flipped.
  private func damaged(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      let place = Int.random(in: bytes.indices, using: &generator)
      bytes[place] ^= UInt8(1 << Int.random(in: 0..<8, using: &generator))
    }
    return bytes
  }

  @Test func theAttacksBeginAsAGoodPeerDoes() throws {
    let directory = try SocketDirectory()
    let server = try Socket(.router, in: Context())
    try server.bind(directory.endpoint())
    let connection = try RawConnection(path: directory.path + "/a")
    connection.shakeHands()
    connection.send([0, 3, 1, 2, 3])
    #expect(try server.receiveParts(timeout: patience).last == [1, 2, 3])
    connection.close()
  }

  @Test func hostileBytesDoNotDisturbAGoodClient() throws {
    var generator = SeededGenerator.announced("hostileBytesDoNotDisturbAGoodClient")
    let directory = try SocketDirectory()
    let path = directory.path + "/a"
    let context = try Context()
    let descriptor = try ListeningSocket.make(path: path, backlog: 128).release()
    let server = try Socket(
      .router, in: context, .useFileDescriptor(descriptor), .maximumMessageSize(1 << 20),
      .handshakeInterval(.seconds(1)), .receiveHighWaterMark(0))
    try server.bind(.ipc(path: path))
    let name = Array("good".utf8)
    let good = try Socket(.dealer, in: context, .routingID(name))
    try good.connect(.ipc(path: path))

    var silent: [RawConnection] = []
    for number in rounds(4_000) {
      let connection = try RawConnection(path: path)
      attack(connection, &generator)
      // Some stay and send nothing more, as a stopped or malicious peer does.
      if Int.random(in: 0..<50, using: &generator) == 0, silent.count < 100 {
        silent.append(connection)
      } else {
        connection.close()
      }
      if number % 100 == 99 { try exchange(number, from: good, named: name, with: server) }
    }
    try exchange(-1, from: good, named: name, with: server)
    for connection in silent { connection.close() }
  }

  /// One message from the good client and its answer, past whatever the others got through.
  private func exchange(
    _ number: Int, from good: Socket, named name: [UInt8], with server: Socket
  ) throws {
    let body = Array("\(number)".utf8)
    try good.send(body, timeout: patience)
    while true {
      let parts = try server.receiveParts(timeout: patience)
      if parts == [name, body] { break }
      try #require(parts.first != name, "the good client's message was changed")
    }
    try server.send(name, more: true, timeout: patience)
    try server.send(body, timeout: patience)
    #expect(try good.receive(timeout: patience).bytes() == body)
  }
}
