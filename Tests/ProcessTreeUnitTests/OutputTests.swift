import RandomTesting
import Testing

@testable import ProcessTree

@Suite struct ErrorTailTests {
  private func tail(_ lines: [String]) -> ErrorTail {
    var tail = ErrorTail()
    for line in lines { tail.append(Array(line.utf8)) }
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
    tail.append([UInt8](repeating: 97, count: 1 << 20))
    tail.append([0xFF, 0xC3, 97])
    #expect(tail.lastErrorLines.first?.utf8.count == 1_024)
    #expect(tail.lastErrorLines.last?.hasSuffix("a") == true)
  }
}

@Suite struct OutputChunkTests {
  private func isSame(_ left: OutputChunk?, _ right: OutputChunk) -> Bool {
    left?.node == right.node && left?.stream == right.stream && left?.lines == right.lines
  }

  @Test func chunksComeBackAsTheyWere() {
    var generator = SeededGenerator.announced("chunksComeBackAsTheyWere")
    for _ in 0..<500 {
      let lines = (0..<generator.int(0...20)).map { _ in generator.bytes(generator.int(0...300)) }
      let chunk = OutputChunk(
        node: "é\(generator.next())", stream: generator.bool() ? .output : .error, lines: lines)
      #expect(isSame(OutputChunk(item: chunk.item()), chunk))
    }
  }

  @Test func cutAndChangedItemsAreReadOrRefused() {
    var generator = SeededGenerator.announced("cutAndChangedItemsAreReadOrRefused")
    let item = OutputChunk(node: "Process-1", stream: .error, lines: [[97, 98], [], [99]]).item()
    for length in 0..<item.count { #expect(OutputChunk(item: Array(item.prefix(length))) == nil) }
    for _ in 0..<iterations(20_000) {
      var bytes = item
      for _ in 0..<generator.int(1...3) {
        bytes[generator.int(0...bytes.count - 1)] = UInt8(generator.int(0...255))
      }
      guard let chunk = OutputChunk(item: bytes) else { continue }
      #expect(isSame(OutputChunk(item: chunk.item()), chunk))
    }
  }

  @Test(
    arguments: [
      [], [0x92, 0xA0, 0], [0x92, 0xA0, 3], [0x91, 0xA0], [0x92, 1, 1], [0xDD, 255, 255, 255, 255],
      [0x92, 0xA0, 1, 0xC0],
    ] as [[UInt8]])
  func whatIsNoChunkIsRefused(_ item: [UInt8]) {
    #expect(OutputChunk(item: item) == nil)
  }

  @Test func linesAreWrittenWithTheirEndsAndTheirNode() {
    let chunk = OutputChunk(node: "n", stream: .output, lines: [[97], [], [98]])
    #expect(chunk.rendered(prefixed: false) == Array("a\n\nb\n".utf8))
    #expect(chunk.rendered(prefixed: true) == Array("n | a\nn | \nn | b\n".utf8))
  }
}
