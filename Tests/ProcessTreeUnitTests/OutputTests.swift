import ProcessTreeRandomTesting
import Testing

@testable import ProcessTree

@Suite struct ErrorTailTests {
  private func tail(_ lines: [String]) -> ErrorTail {
    var tail = ErrorTail()
    for line in lines { tail.append(Array((line + "\n").utf8)) }
    return tail
  }

  @Test func theLastTwentyLinesAreKept() {
    #expect(tail([]).lastErrorLines == [])
    #expect(tail(["a", "", "b"]).lastErrorLines == ["a", "", "b"])
    let many = (1...1_000).map { "line \($0)" }
    #expect(tail(many).lastErrorLines == Array(many.suffix(20)))
    #expect(tail(many).crashAccount == [])
  }

  @Test(arguments: ["Main/Main.swift:3: Fatal error: Index out of range", "*** Program crashed: x"])
  func aCrashAccountBeginsWithWhatTheRuntimeSays(_ first: String) {
    let account = [first] + (1...50).map { "frame \($0)" }
    let tail = tail((1...30).map { "noise \($0)" } + account)
    #expect(tail.crashAccount == account)
    #expect(tail.lastErrorLines == Array(account.suffix(20)))
  }

  @Test func aBacktraceBelongsToTheMessageBeforeIt() {
    let lines = [
      "a", "Fatal error: no", "", "*** Program crashed: Illegal instruction", "0 in f()",
    ]
    #expect(tail(lines).crashAccount == Array(lines.dropFirst()))
  }

  @Test func aMessageLongBeforeACrashIsNotItsOwn() {
    let lines =
      ["Fatal error: a line that was only printed"] + (1...20).map { "line \($0)" }
      + ["*** Program crashed: x", "0 in f()"]
    #expect(tail(lines).crashAccount == ["*** Program crashed: x", "0 in f()"])
  }

  @Test func theLastMessageCounts() {
    let lines = ["Fatal error: first", "b", "Fatal error: second", "c"]
    #expect(tail(lines).crashAccount == ["Fatal error: second", "c"])
  }

  @Test func anAccountIsBounded() {
    let tail = tail(["Fatal error: x"] + (1...500).map { "frame \($0)" })
    #expect(tail.crashAccount.count == 100 && tail.crashAccount.last == "frame 99")
    #expect(tail.lastErrorLines.last == "frame 500")
  }

  @Test func longLinesAndBytesThatAreNoTextAreKeptInPart() {
    var tail = ErrorTail()
    // In pieces, as it comes.
    for _ in 0..<16 { tail.append([UInt8](repeating: 97, count: 64 << 10)) }
    #expect(tail.lastErrorLines == [])
    tail.append([10] + [UInt8](repeating: 0xFF, count: 5_000) + [10, 0xFF, 0xC3, 97])
    #expect(tail.lastErrorLines.map(\.utf8.count) == [1_024, 1_023])
    tail.finish()
    tail.finish()
    #expect(tail.lastErrorLines.count == 3)
    #expect(tail.lastErrorLines.last == "\u{FFFD}\u{FFFD}a")
  }
}

@Suite struct OutputChunkTests {
  @Test func chunksComeBackAsTheyWere() {
    var generator = SeededGenerator.announced("chunksComeBackAsTheyWere")
    for _ in 0..<500 {
      let chunk = OutputChunk(
        node: "é\(generator.next())", address: "/é", incarnation: generator.int(1...99),
        stream: generator.bool() ? .output : .error,
        bytes: generator.bytes(generator.int(0...300)))
      #expect(OutputChunk(item: chunk.item()) == chunk)
    }
  }

  @Test(arguments: ["/a", "/a/b", "/a/b/c", "/c/d"])
  func aNodeSpeaksForItselfAndForThoseBelow(_ address: String) {
    let chunk = OutputChunk(node: "n", address: address, stream: .output, bytes: [])
    #expect(chunk.isFrom(oneOf: ["/x", address]))
    #expect(chunk.isFrom(oneOf: ["/a", "/c"]))
    #expect(!chunk.isFrom(oneOf: []))
    #expect(!chunk.isFrom(oneOf: [address + "b", address + "/b", "/", "a"]))
  }

  @Test func cutAndChangedItemsAreReadOrRefused() {
    var generator = SeededGenerator.announced("cutAndChangedItemsAreReadOrRefused")
    let item = OutputChunk(node: "Process-1", stream: .error, bytes: [97, 98, 10, 99]).item()
    for length in 0..<item.count { #expect(OutputChunk(item: Array(item.prefix(length))) == nil) }
    for _ in 0..<iterations(20_000) {
      var bytes = item
      for _ in 0..<generator.int(1...3) {
        bytes[generator.int(0...bytes.count - 1)] = UInt8(generator.int(0...255))
      }
      guard let chunk = OutputChunk(item: bytes) else { continue }
      #expect(OutputChunk(item: chunk.item()) == chunk)
    }
  }

  @Test(
    arguments: [
      [], [0x93, 0xA0, 0, 0xC4, 0], [0x93, 0xA0, 3, 0xC4, 0], [0x91, 0xA0], [0x92, 0xA0, 1],
      [0x93, 1, 1, 0xC4, 0], [0xDD, 255, 255, 255, 255], [0x93, 0xA0, 1, 0xC0],
      [0x94, 0xA0, 1, 0xC4, 0, 0xC4, 0],
    ] as [[UInt8]])
  func whatIsNoChunkIsRefused(_ item: [UInt8]) {
    #expect(OutputChunk(item: item) == nil)
  }
}

@Suite struct LinePrefixerTests {
  /// The output for texts of nodes, each on standard output.
  private func rendered(_ chunks: [(node: String, text: String)]) -> String {
    var prefixer = LinePrefixer()
    let bytes = chunks.flatMap {
      prefixer.render(OutputChunk(node: $0.node, stream: .output, bytes: Array($0.text.utf8)))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func eachLineHasItsNode() {
    #expect(rendered([("n", "a\n\nb\n"), ("m", "c\n")]) == "n | a\nn | \nn | b\nm | c\n")
  }

  @Test func aLineInPiecesHasItOnce() {
    #expect(rendered([("n", "a"), ("n", "b"), ("n", "c\nd\n")]) == "n | abc\nn | d\n")
  }

  @Test func otherNodesWriteNotIntoALineThatIsOpen() {
    #expect(rendered([("n", "a"), ("m", "b\n"), ("n", "c\n")]) == "n | a\nm | b\nn | c\n")
  }

  @Test func aLineThatIsNotEndedEndsWithItsStream() {
    #expect(rendered([("n", "a"), ("n", ""), ("n", ""), ("m", "b\n")]) == "n | a\nm | b\n")
  }

  @Test func streamsHaveLinesOfTheirOwn() {
    var prefixer = LinePrefixer()
    let chunks = [
      OutputChunk(node: "n", stream: .output, bytes: [97]),
      OutputChunk(node: "m", stream: .error, bytes: [98, 10]),
      OutputChunk(node: "n", stream: .output, bytes: [99, 10]),
    ]
    let texts = chunks.map { String(decoding: prefixer.render($0), as: UTF8.self) }
    #expect(texts == ["n | a", "m | b\n", "c\n"])
  }
}
