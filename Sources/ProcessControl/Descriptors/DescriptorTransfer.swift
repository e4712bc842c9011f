import Glibc

extension Descriptors {
  package enum ReadResult: Hashable, Sendable {
    /// The number of bytes at the beginning of the buffer.
    case bytes(Int)
    case wouldBlock
    /// The end: there is no writer.
    case end
  }

  package static func read(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer
  ) throws(ProcessControlError) -> ReadResult {
    while true {
      let length = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if length > 0 { return .bytes(length) }
      if length == 0 { return .end }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      // The peer of this socket died with unread data.
      case ECONNRESET: return .end
      default: throw .last("read")
      }
    }
  }

  /// Reads to the end of a blocking descriptor, at most `limit` bytes.
  package static func readAll(
    _ descriptor: Int32, limit: Int = 1 << 20
  ) throws(ProcessControlError) -> [UInt8] {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while all.count < limit {
      let wanted = min(chunk.count, limit - all.count)
      let length = Glibc.read(descriptor, &chunk, wanted)
      if length == 0 { break }
      if length > 0 {
        all += chunk[..<length]
      } else if errno == ECONNRESET {
        break
      } else if errno != EINTR {
        throw .last("read")
      }
    }
    return all
  }

  /// Writes once, and returns the number of written bytes, 0 if it would block.
  package static func write(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer
  ) throws(ProcessControlError) -> Int {
    while true {
      let length = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      if length >= 0 { return length }
      switch errno {
      case EINTR: continue
      case EAGAIN: return 0
      default: throw .last("write")
      }
    }
  }

  package static func writeAll(
    _ descriptor: Int32, _ bytes: [UInt8]
  ) throws(ProcessControlError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let length = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if length >= 0 {
        rest = rest.dropFirst(length)
      } else if errno != EINTR {
        throw .last("write")
      }
    }
  }
}
