internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The transfer of the bootstrap record through the descriptor that a child inherits.
///
/// The format is four bytes of length, big-endian, then the record and the node's secret, which
/// goes from one protected page to another. Arguments and environment never contain a secret; the
/// environment of a re-executed child only names the descriptor.
enum Bootstrap {
  static let descriptor: Int32 = 3

  private static let variable = "PROCESS_TREE_BOOTSTRAP"
  private static let largestRecord = 256 << 10
  /// The parent writes the record before the process exists, so a silent peer is not the parent.
  private static let deadline: Duration = .seconds(10)

  /// The environment that makes the re-executed program a child.
  static func environment() -> [String] {
    var variables: [String] = []
    var next = environ
    while let text = next.pointee {
      variables.append(String(cString: text))
      next += 1
    }
    return variables + ["\(variable)=\(descriptor)"]
  }

  /// What a process is started as, other than the root of a tree.
  enum Mark {
    /// A child, whose record is in the descriptor that it inherits.
    case child
    /// The far half of a host, whose record comes over its standard input.
    case host
    /// One that joins its streams to a far half that runs, whose place its standard input names.
    case attach
  }

  private static let hostMark = "host"
  private static let attachMark = "attach"
  /// The variable that makes the program the far half of a host, as `env` takes it.
  static let hostVariable = "\(variable)=\(hostMark)"
  static let attachVariable = "\(variable)=\(attachMark)"

  /// What this process was started as; removes the mark, which its own children must not inherit.
  static func takeMark() -> Mark? {
    guard let value = getenv(variable) else { return nil }
    let mark: Mark =
      switch String(cString: value) {
      case hostMark: .host
      case attachMark: .attach
      default: .child
      }
    unsetenv(variable)
    return mark
  }

  static func write(
    _ record: BootstrapRecord, _ secret: NodeSecret, to descriptor: Int32
  ) throws {
    let body = record.packed()
    let bytes = withUnsafeBytes(of: UInt32(body.count).bigEndian, Array.init) + body
    // The socket's buffer has to hold all of it, because there is no reader yet.
    try Descriptors.setNonBlocking(descriptor)
    let written = try bytes.withUnsafeBytes {
      (buffer) throws(ProcessControlError) in try Descriptors.write(descriptor, buffer)
    }
    let secretWritten = try secret.withUnsafeBytes {
      (buffer) throws(ProcessControlError) in try Descriptors.write(descriptor, buffer)
    }
    guard written == bytes.count, secretWritten == Secret.size else {
      throw ProcessTreeError(
        .systemCallFailed, "The bootstrap record of \(bytes.count) bytes does not fit its socket.")
    }
  }

  /// - Parameter descriptor: Other than the inherited one in a rehearsal.
  static func read(
    from descriptor: Int32 = descriptor
  ) throws -> (record: BootstrapRecord, secret: NodeSecret) {
    let length = try read(count: 4, from: descriptor).reduce(0) { $0 << 8 | Int($1) }
    guard length <= largestRecord else {
      throw WireError("a bootstrap record has at most \(largestRecord) bytes, not \(length)")
    }
    let record = try BootstrapRecord(packed: try read(count: length, from: descriptor))
    let secret = try Secret { try read(into: $0, from: descriptor) }
    return (record, NodeSecret(secret, of: record.path))
  }

  /// The exit code of a child that could not start; `child_setup.c` uses it too.
  static let failureCode: Int32 = 125

  /// Leaves the mark that the program is about to run, for a parent to which frames go over a
  /// socket.
  ///
  /// Unlike those, which a separate thread has to send, it can be read whatever happens next.
  static func markBegun() { leave([FrameStream.begunMark]) }

  static func tellFailure(_ reason: String) {
    leave([FrameStream.failedMark] + reason.limited(to: FrameStream.longestReason).utf8)
  }

  private static func leave(_ bytes: [UInt8]) {
    // Sending neither blocks nor raises SIGPIPE if the parent has ended.
    _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
  }

  private static func read(count: Int, from descriptor: Int32) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try read(into: $0, from: descriptor) }
    return bytes
  }

  /// Fills a buffer.
  private static func read(
    into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32
  ) throws {
    var rest = buffer[...]
    while !rest.isEmpty {
      var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, Int32(clamping: deadline.wholeMilliseconds)) == 1 else {
        throw WireError("the parent sent no bootstrap record within \(deadline)")
      }
      let place = UnsafeMutableRawBufferPointer(rebasing: rest)
      let length = Glibc.read(descriptor, place.baseAddress, place.count)
      guard length > 0 else { throw WireError("the bootstrap record ends too early") }
      rest = rest.dropFirst(length)
    }
  }
}
