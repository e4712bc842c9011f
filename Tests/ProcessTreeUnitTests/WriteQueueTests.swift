import ProcessTreeRandomTesting
import Testing

@testable import ProcessTree

@Suite struct WriteQueueTests {
  /// Takes at most so many bytes, as a stream does.
  private func take(_ most: Int, from queue: inout WriteQueue) -> [UInt8] {
    let bytes = queue.withNext { Array($0.prefix(most)) }
    queue.remove(bytes.count)
    return bytes
  }

  @Test func bytesComeOutAsTheyWentIn() {
    var random = SeededGenerator.announced("write queue")
    for _ in 0..<iterations(50) {
      var queue = WriteQueue()
      var (sent, taken): ([UInt8], [UInt8]) = ([], [])
      for _ in 0..<100 {
        if random.int(0...1) == 0 {
          let size = random.int(0...3) == 0 ? random.int(10_000...80_000) : random.int(0...200)
          let frame = (0..<size).map { UInt8(truncatingIfNeeded: sent.count + $0) }
          queue.append(frame)
          sent += frame
        } else if queue.count > 0 {
          taken += take(random.int(1...70_000), from: &queue)
        }
        #expect(queue.count == sent.count - taken.count)
      }
      while queue.count > 0 { taken += take(.max, from: &queue) }
      #expect(taken == sent)
    }
  }

  @Test func smallFramesAreWrittenAtOnceAndLargeOnesByThemselves() {
    var queue = WriteQueue()
    for number in 0..<100 as Range<UInt8> { queue.append([number, number]) }
    queue.append([UInt8](repeating: 1, count: 64 << 10))
    queue.append([7])
    #expect(take(.max, from: &queue).count == 200)
    #expect(take(.max, from: &queue).count == 64 << 10)
    #expect(take(.max, from: &queue) == [7])
  }
}
