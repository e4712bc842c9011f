import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTree

/// Bytes that other processes send to the desk of a run: cut, changed and made up.
@Suite struct DeskFuzzTests {
  private static let operations = NodeOperation.Verb.allCases.map {
    NodeOperation($0, number: 3, within: .seconds(2), reason: "why")
  }

  private static let requests =
    operations.map { DeskRequest(7, .operate("/a/b#2", $0)) } + [
      DeskRequest(1, .tree), DeskRequest(2, .explain("/", stacks: true)),
      DeskRequest(3, .stopRun(within: 1_000, reason: "r")),
      DeskRequest(UInt64.max, .stopRun(within: nil, reason: "")),
      DeskRequest(4, .output(of: ["a", "g/**"], lines: 3, follows: true)),
      DeskRequest(5, .output(of: [], lines: nil, follows: false)), DeskRequest(6, .status),
      DeskRequest(7, .end), DeskRequest(8, .allOutput(of: ["a"], follows: true)),
    ]

  @Test func anyRequestComesBack() throws {
    for request in Self.requests {
      #expect(try DeskRequest(packed: request.packed()) == request)
    }
    for outcome in OperationResult.Outcome.allCases {
      let result = OperationResult(outcome, account: "a", exitCode: -9)
      #expect(try OperationResult(packed: result.packed()) == result)
    }
  }

  @Test func mutatedAnswersAreReadOrRefused() throws {
    var generator = SeededGenerator.announced("mutated answers of the desk")
    let chunk = OutputChunk(node: "a", address: "/a", stream: .error, bytes: [97, 10])
    let contents: [DeskAnswer.Content] = [
      .output(RunOutput(chunk, chunk.bytes, at: 7)), .dropped(3), .done, .failed(.tooMany, "x"),
      .status(RunStatus(.degraded, up: 1, of: 2)), .result(OperationResult(.killed)),
    ]
    let seeds = contents.map { DeskAnswer(9, $0).packed() }
    for (content, seed) in zip(contents, seeds) {
      #expect("\(try DeskAnswer(packed: seed).content)" == "\(content)")
    }
    var refused = 0
    for index in rounds(10_000) {
      var bytes = seeds[index % seeds.count]
      for _ in 0...generator.int(0...3) {
        bytes[generator.int(0...bytes.count - 1)] = UInt8(generator.int(0...255))
      }
      guard let read = try? DeskAnswer(packed: bytes) else {
        refused += 1
        continue
      }
      try #require(try DeskAnswer(packed: read.packed()).number == read.number)
    }
    #expect(refused > 0)
  }

  @Test func mutatedRequestsAreReadOrRefused() throws {
    var generator = SeededGenerator.announced("mutated requests to the desk")
    let seeds = Self.requests.map { $0.packed() }
    var (readable, refused) = (0, 0)
    for index in rounds(10_000) {
      var bytes = seeds[index % seeds.count]
      for _ in 0...generator.int(0...3) {
        let place = generator.int(0...bytes.count - 1)
        bytes[place] = UInt8(generator.int(0...255))
      }
      if generator.bool() { bytes.removeLast(generator.int(0...bytes.count - 1)) }
      guard let read = try? DeskRequest(packed: bytes) else {
        refused += 1
        continue
      }
      readable += 1
      try #require(try DeskRequest(packed: read.packed()) == read, "\(bytes)")
      if case .operate(_, let operation) = read.purpose {
        let longest = Int(NodeOperation.longest / .milliseconds(1))
        try #require((1...longest).contains(operation.milliseconds))
      }
    }
    // Else the mutations would be too coarse to test anything.
    #expect(readable > 0 && refused > 0)
  }

  @Test func framesArriveWholeHoweverTheyAreCut() throws {
    var generator = SeededGenerator.announced("frames of the desk")
    for _ in rounds(300) {
      let sent = (0..<generator.int(0...8)).map { _ in generator.bytes(generator.int(0...300)) }
      var stream = sent.flatMap(DeskFrames.framed)[...]
      var frames = DeskFrames(largest: 300)
      var received: [[UInt8]] = []
      while !stream.isEmpty {
        let count = min(stream.count, generator.int(1...64))
        frames.append(stream.prefix(count))
        stream = stream.dropFirst(count)
        while let frame = try frames.next() { received.append(frame) }
      }
      try #require(received == sent && frames.count == 0)
    }
  }

  @Test func noFrameIsLargerThanItsBound() throws {
    var generator = SeededGenerator.announced("lengths of frames of the desk")
    for _ in rounds(1_000) {
      let length = generator.int(0...Int(UInt32.max))
      var frames = DeskFrames(largest: 64 << 10)
      frames.append(withUnsafeBytes(of: UInt32(length).bigEndian) { Array($0) })
      guard length > 64 << 10 else { continue }
      #expect(throws: WireError.self) { try frames.next() }
    }
  }
}
