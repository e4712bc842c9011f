import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

/// Bytes of strangers on a data link: cut, changed and made up.
///
/// A decoded value must have the contents of its own frame, and no peer without the proof gets in.
@Suite struct ChannelFuzzTests {
  @Test func mutatedHellosAdmitNobodyWithoutTheProof() throws {
    var generator = SeededGenerator.announced("mutated hellos of data links")
    let node = address(1, path: [1, 2, 3])
    let secret = try #require(
      nodeSecret().linkSecret(from: node.path, to: NodePath(positions: [4])))
    let good = peerHello(at: node).answering(3, received: 7, by: secret)
    var (readable, admitted) = (0, 0)
    for _ in rounds(15_000) {
      var bytes = good.frame()
      mutate(&bytes, &generator)
      guard let read = try? PeerHello(frame: bytes) else { continue }
      readable += 1
      try #require(try PeerHello(frame: read.frame()) == read, "\(bytes)")
      guard read.refusal(by: secret, build: "build", from: nil) == nil else { continue }
      admitted += 1
      try #require(read.proof == good.proof && read.address.pid == node.pid, "\(bytes)")
      try #require(
        read.version.major == ProtocolVersion.current.major
          && (read.build == "build" || read.build.isEmpty))
    }
    // Else the mutations would be too coarse to test anything.
    #expect(readable > 0 && admitted > 0 && admitted < readable)
  }

  @Test func anyHeaderIsReadAsItIsWritten() throws {
    var generator = SeededGenerator.announced("headers of data links")
    var readable = 0
    for _ in rounds(15_000) {
      var frame = generator.bytes(generator.int(0...48))
      if generator.bool(), !frame.isEmpty { frame[0] = UInt8(generator.int(0...9)) }
      guard let header = try? frame.withUnsafeBytes({ try FlowHeader($0) }) else { continue }
      readable += 1
      let again = header.frame()
      // The two bytes between are not looked at.
      frame.replaceSubrange(2..<4, with: [0, 0])
      try #require(again == Array(frame.prefix(FlowHeader.size)), "\(frame)")
    }
    #expect(readable > 0)
  }

  /// The only frame of a message.
  private func frame(of message: LinkMessage) -> [UInt8] {
    let frames = message.frames()
    #expect(frames.count == 1)
    return frames.first ?? []
  }

  @Test func mutatedMessagesAreReadOrRefused() throws {
    var generator = SeededGenerator.announced("mutated messages of data links")
    let seeds = sampleLinkMessages.map(frame(of:))
    var (readable, changed) = (0, 0)
    for index in rounds(10_000) {
      var bytes = seeds[index % seeds.count]
      mutate(&bytes, from: FlowHeader.size, &generator)
      guard let read = try? bytes.withUnsafeBytes({ try LinkMessage(frame: $0) }) else { continue }
      readable += 1
      if read != sampleLinkMessages[index % seeds.count] { changed += 1 }
      let frame = frame(of: read)
      try #require(try frame.withUnsafeBytes { try LinkMessage(frame: $0) } == read, "\(bytes)")
    }
    #expect(readable > 0 && changed > 0)
  }
}
