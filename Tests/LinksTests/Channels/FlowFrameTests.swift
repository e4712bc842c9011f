import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import Testing

@testable import ProcessTreeLinks

/// The frame of a pipe while elements of bytes join it.
@Suite struct FlowFrameTests {
  private func begun(by first: [UInt8]) throws -> FlowFrame {
    var frame = FlowFrame(flow: 1, isNumbered: false)
    try MessagePackEncoder().encode(first).withUnsafeBytes {
      frame.append($0, sequence: 1, FlowFrame.Traits())
    }
    return frame
  }

  @Test func manyElementsJoinAFrameAsSingleOnesDoAndSpendAsMuch() throws {
    var generator = SeededGenerator.announced(
      "manyElementsJoinAFrameAsSingleOnesDoAndSpendAsMuch")
    var (joined, left) = (0, 0)
    for _ in rounds(2_000) {
      var credit = FlowCredit(prefetch: UInt32(generator.int(1...60)))
      if generator.bool() { credit.spend(generator.int(0...70_000)) }
      let first = generator.bytes(generator.int(0...40))
      var (many, single) = (try begun(by: first), try begun(by: first))
      let elements = (0..<generator.int(0...60)).map { _ in
        generator.bytes(generator.int(0...(generator.int(0...9) == 0 ? 40_000 : 400)))
      }
      let allowed = credit.left
      var (items, bytes) = (0, 0)
      for element in elements {
        let head = MessagePackWriter.binaryHeader(of: element.count)
        let fits = element.withUnsafeBytes { element in
          credit.canSend && single.size < FlowFrame.target
            && single.appendPlain(element, behind: ItemHead(bytes: head.bytes, count: head.count))
        }
        guard fits else { break }
        credit.spend(head.count + element.count)
        items += 1
        bytes += head.count + element.count
      }
      let added = elements.withUnsafeBufferPointer {
        many.appendPlain(binaries: $0, within: allowed)
      }
      #expect(added == (items, bytes))
      #expect(many.take() == single.take())
      joined += items
      left += elements.count - items
    }
    #expect(joined > 0 && left > 0)
  }

  @Test func creditThatIsSpentTogetherIsSpentOneByOne() {
    var generator = SeededGenerator.announced("creditThatIsSpentTogetherIsSpentOneByOne")
    for _ in rounds(1_000) {
      var together = FlowCredit(prefetch: UInt32(generator.int(0...60)))
      var single = together
      let sizes = (0..<generator.int(0...60)).map { _ in generator.int(0...2_000) }
      together.spend(items: sizes.count, bytes: sizes.reduce(0, +))
      for size in sizes { single.spend(size) }
      #expect(together.left == single.left && together.canSend == single.canSend)
      #expect(together.canSend == (together.left.items > 0 && together.left.bytes > 0))
    }
  }

  @Test func framesOfOtherKindsTakeNone() throws {
    let elements: [[UInt8]] = [[1], [2]]
    let empty = FlowFrame(flow: 1, isNumbered: false)
    var numbered = FlowFrame(flow: 1, isNumbered: true)
    [UInt8](repeating: 0, count: 8).withUnsafeBytes {
      numbered.append($0, sequence: 1, FlowFrame.Traits(number: 1))
    }
    for frame in [empty, numbered] {
      var frame = frame
      let added = elements.withUnsafeBufferPointer {
        frame.appendPlain(binaries: $0, within: (items: 9, bytes: 999))
      }
      #expect(added == (0, 0))
    }
  }
}
