import Foundation
import ProcessTreeBase
import ProcessTreeProcessControl
import Testing

extension ProcessControlTests {
  struct DescriptorTests {
    @Test
    func everythingIsCloseOnExecFromBirth() throws {
      let pipe = try Descriptors.makePipe()
      let stream = try Descriptors.makeSocketPair()
      let null = try Descriptors.openNull()
      let all = [
        pipe.first.number, pipe.second.number, stream.first.number, stream.second.number,
        null.number,
      ]
      for number in all { #expect(fcntl(number, F_GETFD, 0) == FD_CLOEXEC) }
    }

    @Test
    func filesAreOpenedForTheirUse() throws {
      let path = NSTemporaryDirectory() + "process-control-\(UUID().uuidString)"
      defer { unlink(path) }
      func write(_ text: String, _ use: Descriptors.FileUse) throws -> String {
        let file = try Descriptors.openFile(path, for: use, permissions: 0o600)
        let number = file.number
        #expect(fcntl(number, F_GETFD, 0) == FD_CLOEXEC)
        // What the command gets waits as usual.
        #expect(fcntl(number, F_GETFL, 0) & O_NONBLOCK == 0)
        try Descriptors.writeAll(number, Array(text.utf8))
        return try String(contentsOfFile: path, encoding: .utf8)
      }
      #expect(throws: ProcessControlError.self) {
        _ = try Descriptors.openFile(path, for: .reading)
      }
      #expect(try write("a long text", .writing) == "a long text")
      #expect(try write("short", .writing) == "short")
      #expect(try write(" and more", .appending) == "short and more")
      var found = stat()
      #expect(stat(path, &found) == 0 && found.st_mode & 0o777 == 0o600)
      let file = try Descriptors.openFile(path, for: .reading)
      let number = file.number
      #expect(try Descriptors.readAll(number) == Array("short and more".utf8))
      for use: Descriptors.FileUse in [.reading, .writing, .appending] {
        let error = #expect(throws: ProcessControlError.self) {
          _ = try Descriptors.openFile(NSTemporaryDirectory(), for: use)
        }
        #expect(error?.errno == EISDIR)
      }
    }

    @Test
    func readsTellBytesNothingAndTheEndApart() throws {
      let pipe = try Descriptors.makePipe()
      let reader = pipe.first.number
      let writer = pipe.second
      try Descriptors.setNonBlocking(reader)
      var bytes = [UInt8](repeating: 0, count: 8)
      let read = { (bytes: inout [UInt8]) throws in
        try bytes.withUnsafeMutableBytes { try Descriptors.read(reader, into: $0) }
      }
      #expect(try read(&bytes) == .wouldBlock)
      try Descriptors.writeAll(writer.number, [1, 2, 3])
      #expect(try read(&bytes) == .bytes(3))
      #expect(bytes.prefix(3) == [1, 2, 3])
      close(writer.release())
      #expect(try read(&bytes) == .end)
      #expect(throws: ProcessControlError.self) {
        try withUnsafeTemporaryAllocation(byteCount: 8, alignment: 1) {
          try Descriptors.read(-1, into: $0)
        }
      }
    }

    @Test
    func aFullPipeTakesNothing() throws {
      let pipe = try Descriptors.makePipe()
      let reader = pipe.first
      let writer = pipe.second
      try Descriptors.setNonBlocking(writer.number)
      let block = [UInt8](repeating: 7, count: 1 << 16)
      var taken = 0
      while true {
        let count = try block.withUnsafeBytes { try Descriptors.write(writer.number, $0) }
        if count == 0 { break }
        taken += count
      }
      close(writer.release())
      let number = reader.number
      #expect(try Descriptors.readAll(number, limit: 1 << 24).count == taken)
    }
  }
}
