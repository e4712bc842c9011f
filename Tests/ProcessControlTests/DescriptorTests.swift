import Foundation
import ProcessControl
import Testing

extension ProcessControlTests {
  struct DescriptorTests {
    @Test
    func everythingIsCloseOnExecFromBirth() throws {
      let pipe = try Descriptors.makePipe()
      let stream = try Descriptors.makeSocketPair(.stream)
      let packets = try Descriptors.makeSocketPair(.sequentialPackets)
      let null = try Descriptors.openNull()
      let all = [pipe, stream, packets].flatMap { [$0.first, $0.second] } + [null]
      for descriptor in all {
        #expect(fcntl(descriptor, F_GETFD, 0) == FD_CLOEXEC)
        Descriptors.close(descriptor)
      }
      Descriptors.close(-1)
    }

    @Test
    func readsTellBytesNothingAndTheEndApart() throws {
      let pipe = try Descriptors.makePipe()
      try Descriptors.setNonBlocking(pipe.first)
      var bytes = [UInt8](repeating: 0, count: 8)
      let read = { (bytes: inout [UInt8]) throws in
        try bytes.withUnsafeMutableBytes { try Descriptors.read(pipe.first, into: $0) }
      }
      #expect(try read(&bytes) == .wouldBlock)
      try Descriptors.writeAll(pipe.second, [1, 2, 3])
      #expect(try read(&bytes) == .bytes(3))
      #expect(bytes.prefix(3) == [1, 2, 3])
      Descriptors.close(pipe.second)
      #expect(try read(&bytes) == .end)
      Descriptors.close(pipe.first)
      #expect(throws: ProcessControlError.self) { try read(&bytes) }
    }

    @Test
    func aFullPipeTakesNothing() throws {
      let pipe = try Descriptors.makePipe()
      try Descriptors.setNonBlocking(pipe.second)
      let block = [UInt8](repeating: 7, count: 1 << 16)
      var taken = 0
      while true {
        let count = try block.withUnsafeBytes { try Descriptors.write(pipe.second, $0) }
        if count == 0 { break }
        taken += count
      }
      Descriptors.close(pipe.second)
      #expect(try Descriptors.readAll(pipe.first, limit: 1 << 24).count == taken)
      Descriptors.close(pipe.first)
    }

    @Test
    func aLockedFileIsNotLockedAgain() throws {
      let path = NSTemporaryDirectory() + "process-control-\(UUID().uuidString)"
      let first = try #require(try Descriptors.lockFile(path))
      #expect(try Descriptors.lockFile(path) == nil)
      Descriptors.close(first)
      let second = try #require(try Descriptors.lockFile(path))
      Descriptors.close(second)
      #expect(unlink(path) == 0)
      #expect(throws: ProcessControlError.self) { try Descriptors.lockFile("/nowhere/lock") }
    }
  }
}
