import Testing

@testable import ProcessTreeZeroMQ

@Suite struct MessageTests {
  @Test func startsEmpty() {
    let message = Message()
    #expect(message.count == 0)
    #expect(message.hasMore == false)
    #expect(message.bytes() == [])
  }

  @Test(arguments: [0, 1, 29, 33, 34, 1000, 16_383, 16_384, 1 << 20])
  func keepsWhatItIsGiven(_ size: Int) {
    let bytes = pattern(size)
    let copy = Message(copying: bytes)
    let adopted = Message(adopting: bytes)
    #expect(copy.count == size && adopted.count == size)
    #expect(copy.bytes() == bytes)
    #expect(adopted.bytes() == bytes)
    let fromView = bytes.withUnsafeBytes { Message(copying: $0).bytes() }
    #expect(fromView == bytes)
  }

  @Test(arguments: [8, 5000])
  func isWrittenInPlace(_ size: Int) {
    var message = Message(size: size)
    message.withUnsafeMutableBytes { $0.copyBytes(from: pattern(size)) }
    let moved = message
    #expect(moved.bytes() == pattern(size))
  }

  @Test func adoptedBytesOutliveTheArrayButAreNotShared() {
    var bytes = pattern(100_000)
    let message = Message(adopting: bytes)
    bytes[0] = 255
    bytes.removeAll()
    #expect(message.bytes() == pattern(100_000))
  }

  @Test func passesErrorsThrough() {
    struct Failure: Error {}
    let message = Message(copying: [1])
    #expect(throws: Failure.self) {
      try message.withUnsafeBytes { _ in throw Failure() }
    }
  }
}
