import ProcessTreeMessagePack
import ProcessTreeWire
import Testing

@testable import ProcessTree

@Suite struct LogQueueTests {
  @Test func recordsOfATurnAreTakenOnce() {
    var queue = LogQueue()
    queue.append([[1], [2]])
    queue.append([[3]])
    #expect(!queue.isEmpty && queue.take(at: "N") == [[1], [2], [3]])
    #expect(queue.isEmpty && queue.take(at: "N") == [])
  }

  @Test func moreThanATurnsWorthIsCountedAndDropped() throws {
    var queue = LogQueue()
    for number in 0..<1_003 { queue.append([[UInt8(number % 256)]]) }
    let records = queue.take(at: "N")
    #expect(records.count == 1_001)
    let last = try LogRecord(packed: try #require(records.last))
    #expect(last.metadata["count"] == "3" && last.node == "N")
    #expect(queue.take(at: "N") == [])
  }
}
