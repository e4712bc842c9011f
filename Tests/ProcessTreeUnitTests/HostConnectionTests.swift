import ProcessTreeBase
import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

@testable import ProcessTree
@testable import ProcessTreeLinks
@testable import ProcessTreeProcessControl

/// A connection of a host by itself.
@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct HostConnectionTests {
  /// Nobody reads any more, but the last words are here: they are taken before the end.
  @Test func whatHasComeIsReadAlthoughNothingCanBeWritten() throws {
    let loop = try EventLoop()
    let input = try Descriptors.makePipe()
    let output = try Descriptors.makePipe()
    var bytes: [UInt8] = []
    HostFrame(.verb, body: HostVerb.bye(reason: nil).packed()).append(to: &bytes)
    try Descriptors.writeAll(input.second.number, bytes)
    let ends = StreamEnds(input: input.first, output: output.second)
    let unread = output.first
    _ = consume unread
    let connection = try HostConnection(over: ends, on: loop)
    var (frames, hasEnded) = (0, false)
    connection.onFrame = { _ in frames += 1 }
    connection.onEnd = { _ in hasEnded = true }
    try connection.start()
    connection.send(HostFrame(.ask, body: [], number: 1))
    #expect(!connection.isOver)
    loop.run { hasEnded }
    #expect(frames == 1)
  }
}
