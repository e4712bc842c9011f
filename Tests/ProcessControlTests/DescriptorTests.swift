import Foundation
import ProcessTreeProcessControl
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
    func filesAreOpenedForTheirUse() throws {
      let path = NSTemporaryDirectory() + "process-control-\(UUID().uuidString)"
      defer { unlink(path) }
      func write(_ text: String, _ use: Descriptors.FileUse) throws -> String {
        let descriptor = try Descriptors.openFile(path, for: use, permissions: 0o600)
        #expect(fcntl(descriptor, F_GETFD, 0) == FD_CLOEXEC)
        // What the command gets waits as usual.
        #expect(fcntl(descriptor, F_GETFL, 0) & O_NONBLOCK == 0)
        try Descriptors.writeAll(descriptor, Array(text.utf8))
        Descriptors.close(descriptor)
        return try String(contentsOfFile: path, encoding: .utf8)
      }
      #expect(throws: ProcessControlError.self) { try Descriptors.openFile(path, for: .reading) }
      #expect(try write("a long text", .writing) == "a long text")
      #expect(try write("short", .writing) == "short")
      #expect(try write(" and more", .appending) == "short and more")
      var found = stat()
      #expect(stat(path, &found) == 0 && found.st_mode & 0o777 == 0o600)
      let descriptor = try Descriptors.openFile(path, for: .reading)
      #expect(try Descriptors.readAll(descriptor) == Array("short and more".utf8))
      Descriptors.close(descriptor)
      for use: Descriptors.FileUse in [.reading, .writing, .appending] {
        let error = #expect(throws: ProcessControlError.self) {
          try Descriptors.openFile(NSTemporaryDirectory(), for: use)
        }
        #expect(error?.errno == EISDIR)
      }
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
  }
}
