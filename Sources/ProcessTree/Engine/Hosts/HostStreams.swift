internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The standard input and output that a process was started with by an engine: out of the way of
/// its children, which inherit none of them.
final class HostStreams {
  private static let lowest: Int32 = 64
  private static let deadline: Duration = .seconds(60)

  private var input: Descriptor?
  private var output: Descriptor?

  private init(_ input: consuming Descriptor, _ output: consuming Descriptor) {
    self.input = consume input
    self.output = consume output
  }

  /// Takes the streams, and leaves the null device in their places.
  static func take() throws(ProcessControlError) -> HostStreams {
    let null = try Descriptors.openNull()
    let streams = HostStreams(try moved(STDIN_FILENO), try moved(STDOUT_FILENO))
    for number in [STDIN_FILENO, STDOUT_FILENO] where dup2(null.number, number) < 0 {
      throw .system("dup2", errno)
    }
    return streams
  }

  private static func moved(_ number: Int32) throws(ProcessControlError) -> Descriptor {
    guard let moved = Descriptor(owning: fcntl(number, F_DUPFD_CLOEXEC, lowest)) else {
      throw .system("fcntl(F_DUPFD_CLOEXEC)", errno)
    }
    return moved
  }

  /// Reads what comes before any frame: four bytes of length, big-endian, and the record.
  func readRecord<Record: WireRecord>() throws -> Record {
    let length = try read(count: 4).reduce(0) { $0 << 8 | Int($1) }
    guard length <= HostRecord.largest else {
      throw WireError("a host's record has at most \(HostRecord.largest) bytes, not \(length)")
    }
    return try Record(packed: try read(count: length))
  }

  private func read(count: Int) throws -> [UInt8] {
    guard let number = input?.number else { throw WireError("the stream has been passed on") }
    var bytes: [UInt8] = []
    while bytes.count < count {
      var wait = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, Int32(clamping: Self.deadline.wholeMilliseconds)) == 1 else {
        throw WireError("nobody has said within \(Self.deadline) which host this is")
      }
      var chunk = [UInt8](repeating: 0, count: count - bytes.count)
      let length = Glibc.read(number, &chunk, chunk.count)
      guard length > 0 else { throw WireError("the record of the host ends too early") }
      bytes += chunk[..<length]
    }
    return bytes
  }

  /// Gives both up, once.
  func takeBoth() throws -> StreamEnds {
    guard let input = input.take(), let output = output.take() else {
      throw WireError("the streams have been passed on")
    }
    return StreamEnds(input: input, output: output)
  }
}

/// The two ends of a connection that one process has.
struct StreamEnds: ~Copyable {
  let input: Descriptor
  let output: Descriptor
}
